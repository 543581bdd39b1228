"""What people fill in to go back, to report corrupted data, to tell of it, and to adopt what runs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from changes.policy.emergency import Severity
from cybercube_portal.catalog.environments import STANDARD as ENVIRONMENTS
from cybercube_portal.web import PageForm, WhenField
from cybercube_portal.web.sentences import worded
from releases.actions.incidents import LONGEST_TITLE
from releases.states import RollbackMethod, Trigger

TEXT = 10_000

TRIGGER_WORDS: dict[Trigger, str | Promise] = {
    Trigger.ERROR_RATE: _("Error rate above 5 %"),
    Trigger.LATENCY: _("Latency above twice its baseline"),
    Trigger.HEALTH: _("Health checks fail"),
    Trigger.VERIFICATION: _("It did not pass its verification"),
    Trigger.FUNCTIONALITY: _("Critical functionality is broken"),
    Trigger.CUSTOMER_REPORT: _("Customers report issues"),
    Trigger.DATA_CORRUPTION: _("Data are corrupted"),
}
METHOD_WORDS: dict[RollbackMethod, str | Promise] = {
    RollbackMethod.FLAG: _("Switch the feature flag off"),
    RollbackMethod.TRAFFIC: _("Shift traffic back"),
    RollbackMethod.REDEPLOY: _("Redeploy the version before"),
    RollbackMethod.DATABASE_RESTORE: _("Restore a backup"),
}


class RollBackForm(PageForm):
    """One look, one button: everything has a value already. `versions` were healthy there, `methods` work for the service."""

    reason = forms.CharField(
        label=_("Why"), max_length=TEXT, widget=forms.Textarea(attrs={"rows": 3}), help_text=_("Stands in the notice.")
    )
    to_version = forms.ChoiceField(label=_("Back to"), required=False)
    trigger = forms.ChoiceField(label=_("Trigger"), choices=[(key.value, word) for key, word in TRIGGER_WORDS.items()])
    method = forms.ChoiceField(label=_("Method"))

    def __init__(
        self, *args: Any, versions: tuple[str, ...], methods: tuple[RollbackMethod, ...], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to_version"].choices = [(version, version) for version in versions]  # type: ignore[attr-defined]
        self.fields["method"].choices = [(method.value, METHOD_WORDS[method]) for method in methods]  # type: ignore[attr-defined]


class CorruptionForm(PageForm):
    """What is corrupt."""

    reason = forms.CharField(label=_("What is corrupt"), max_length=TEXT, widget=forms.Textarea(attrs={"rows": 3}))


class NoticeForm(PageForm):
    """People's words in the notice of §8.6."""

    impact = forms.CharField(
        label=_("Customer impact"),
        required=False,
        max_length=TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Markdown. Left empty, the notice says what was measured."),
    )
    next_steps = forms.CharField(
        label=_("Next steps"),
        required=False,
        max_length=TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Markdown. Left empty: the steps of the standard."),
    )


class AdoptForm(PageForm):
    """Why what ran before the portal may stay. `version` is what was looked at: another one by now is refused."""

    version = forms.CharField(max_length=128, widget=forms.HiddenInput())
    reason = forms.CharField(
        label=_("Why it may stay"),
        max_length=TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Who built it, how it came there, what was checked. Stands in the audit trail."),
    )


class IncidentForm(PageForm):
    """Something is wrong."""

    service = forms.CharField(
        label=_("Service"),
        max_length=64,
        widget=forms.TextInput(
            attrs={"list": "known-services", "autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    environment = forms.ChoiceField(
        label=_("Environment"), choices=worded((row["code"], row["name"]) for row in ENVIRONMENTS), initial="prd"
    )
    title = forms.CharField(label=_("What is wrong"), max_length=LONGEST_TITLE)
    severity = forms.ChoiceField(
        label=_("Severity"),
        required=False,
        choices=[("", _("Not known yet")), *((severity.value, severity.value) for severity in Severity)],
    )
    detected_at = WhenField(label=_("Noticed"), required=False, help_text=_("Left out: now."))
