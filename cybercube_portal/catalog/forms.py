"""What people type on pages of the catalogue."""

from __future__ import annotations

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cybercube_portal.web import PageForm

LONGEST_TYPED = 4000
KIND_LABELS: dict[str, str | Promise] = {
    "branch": _("Branches"),
    "commit": _("Commits"),
    "pull_request": _("Pull requests"),
    "version": _("Versions"),
    "artifact": _("Artifacts"),
    "migration": _("Migration files"),
    "flag": _("Feature flags"),
    "variable": _("Environment variables"),
}
SINGULAR = {
    "branch": _("Branch"),
    "commit": _("Commit message"),
    "pull_request": _("Pull request: title, then its description"),
    "version": _("Version"),
    "artifact": _("Artifact"),
    "migration": _("Migration file"),
    "flag": _("Feature flag"),
    "variable": _("Environment variable"),
}


class ConventionForm(PageForm):
    """One value to be checked."""

    kind = forms.ChoiceField(label=_("What it is"), choices=list(SINGULAR.items()))
    value = forms.CharField(
        label=_("Value"),
        max_length=LONGEST_TYPED,
        strip=False,
        widget=forms.Textarea(
            attrs={
                "rows": 3,
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
                "class": "mono",
                "placeholder": "feature/CC-1234-user-authentication",
            }
        ),
    )
