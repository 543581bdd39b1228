"""What people type on pages of the catalogue."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cybercube_portal.catalog.actions.isolation import LONGEST_EVIDENCE
from cybercube_portal.catalog.isolation import REQUIREMENTS, Isolated
from cybercube_portal.catalog.migration_files import EXAMPLE
from cybercube_portal.catalog.states import EnvironmentCode
from cybercube_portal.web import PageForm, WhenField
from cybercube_portal.web.sentences import in_words

LONGEST_TYPED = 4000
LONGEST_SQL = 500_000
ONLY_BRANCHES = _("Only a branch has a lifetime (§2.2).")
NOT_YET = _("It must not lie in the future.")
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
    """One value to be checked, at `now`."""

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
    made = WhenField(
        label=_("When the branch was made"), help_text=_("Of a branch: how long it may live."), required=False
    )

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now

    def clean(self) -> dict[str, Any]:
        """Only a branch has a lifetime, and it has begun."""
        cleaned = super().clean() or {}
        made = cleaned.get("made")
        if made is not None and cleaned.get("kind") not in (None, "branch"):
            self.add_error("made", ONLY_BRANCHES)
        elif made is not None and made > self.now:
            self.add_error("made", NOT_YET)
        return cleaned


class LintForm(PageForm):
    """One migration file to be judged."""

    filename = forms.CharField(
        label=_("File name"),
        max_length=200,
        strip=False,
        initial=EXAMPLE,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono"}),
    )
    sql = forms.CharField(
        label=_("SQL"),
        max_length=LONGEST_SQL,
        strip=False,
        widget=forms.Textarea(
            attrs={
                "rows": 10,
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
                "class": "mono",
                "placeholder": "ALTER TABLE users ADD COLUMN phone VARCHAR(20);",
            }
        ),
    )


def _rows() -> list[tuple[str, str]]:
    return [(item.value, f"{in_words(item.value)}: {in_words(REQUIREMENTS[item])}") for item in Isolated]


class AttestationForm(PageForm):
    """One row of §1.4 in one environment, and what shows it."""

    environment = forms.ChoiceField(
        label=_("Environment"), choices=[(code.value, code.value) for code in EnvironmentCode]
    )
    item = forms.ChoiceField(
        label=_("What is separate"),
        choices=_rows,
    )
    evidence = forms.CharField(
        label=_("What shows it"),
        help_text=_("A link, or what you looked at."),
        max_length=LONGEST_EVIDENCE,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def sent(self) -> dict[str, Any]:
        """As `attest_isolation` takes it."""
        return {**self.cleaned_data, "item": Isolated(self.cleaned_data["item"])}
