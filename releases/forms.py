"""What people ask the gate on a page, and what the verbs of a deployment ask people."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from changes.forms.fields import WallField, WallTimes, text_area
from changes.policy.scope import Action
from cybercube_portal.catalog.environments import STANDARD as ENVIRONMENTS
from cybercube_portal.catalog.versions import MAX_LENGTH
from cybercube_portal.web import PageForm
from cybercube_portal.web.sentences import worded

ACTIONS = [
    (Action.DEPLOY.value, _("Deploy")),
    (Action.ROLLBACK.value, _("Roll back")),
    (Action.MIGRATE.value, _("Migrate")),
    (Action.CONFIGURE.value, _("Configure")),
    (Action.SCALE.value, _("Scale")),
]
LONGEST_SERVICE, LONGEST_CHANGE, LONGEST_NOTE = 64, 24, 10_000


def _typed(suggestions: str = "", example: str = "") -> forms.TextInput:
    """A text for machines: nothing is corrected or capitalised while typing. `suggestions` is a datalist's id."""
    attrs = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "placeholder": example}
    return forms.TextInput(attrs={**attrs, **({"list": suggestions} if suggestions else {})})


class AskForm(WallTimes):
    """A question to the gate. What it means is checked where REST checks it (`releases.api.questions`)."""

    service = forms.CharField(
        label=_("Service"), max_length=LONGEST_SERVICE, widget=_typed("known-services", "billing-service")
    )
    version = forms.CharField(
        label=_("Version"),
        required=False,
        max_length=MAX_LENGTH,
        help_text=_("Not needed to configure or scale."),
        widget=_typed("known-versions", "v2.3.1"),
    )
    environment = forms.ChoiceField(
        label=_("Environment"),
        choices=worded((row["code"], row["name"]) for row in ENVIRONMENTS),
        initial="prd",
    )
    action = forms.ChoiceField(label=_("Action"), choices=ACTIONS, initial=Action.DEPLOY.value)
    change = forms.CharField(
        label=_("Change"),
        required=False,
        max_length=LONGEST_CHANGE,
        help_text=_("Left out: the approved change is found."),
        widget=_typed(example="CR-2026-0117-001"),
    )
    at = WallField(label=_("At"), required=False, help_text=_("Left out: now."))

    def body(self) -> dict[str, Any]:
        """The body of POST gate/decisions/ that asks the same, in a dry run. Needs a valid form."""
        sent = {name: value for name, value in self.cleaned_data.items() if value}
        if "at" in sent:
            sent["at"] = sent["at"].isoformat()
        return {**sent, "dry_run": True}


class FinishForm(PageForm):
    """How the rollout came out."""

    status = forms.ChoiceField(
        label=_("How did it come out?"),
        choices=[("succeeded", _("It is rolled out: verify it")), ("failed", _("It failed"))],
        initial="succeeded",
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=LONGEST_NOTE, widget=text_area(2))


class FailForm(PageForm):
    """Why it is not trusted."""

    reason = forms.CharField(label=_("Why does it count as failed?"), max_length=LONGEST_NOTE, widget=text_area(2))


class AbortForm(PageForm):
    """Why it is given up."""

    reason = forms.CharField(label=_("Why is it given up?"), max_length=LONGEST_NOTE, widget=text_area(2))
