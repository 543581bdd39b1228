"""What is asked before a flag is moved: kill, expose, ramp, approve, withdraw, archive; and for whom the playground answers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from changes.forms.fields import text_area
from cybercube_portal.web import PageForm
from flags.forms import rules
from flags.forms.flags import ENVIRONMENTS
from flags.policy.ramps import HOLD, STEPS, Ramp


class KillForm(PageForm):
    """In production the key is typed, so that nobody kills by a slip of the hand."""

    environment = forms.ChoiceField(choices=ENVIRONMENTS, widget=forms.HiddenInput)
    reason = forms.CharField(label=_("Why"), max_length=1000)
    confirmation = forms.CharField(label=_("Type the flag's key"), required=False, max_length=100)

    def __init__(self, *args: Any, key: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.key = key
        where = self.data.get("environment") if self.is_bound else self.initial.get("environment")
        confirmation = self.fields["confirmation"]
        confirmation.required = where == "prd"
        confirmation.error_messages["required"] = self._asked()

    def _asked(self) -> str:
        return _("Type %(key)s to switch it off in production.") % {"key": self.key}

    def clean(self) -> dict[str, Any]:
        """The key has to be typed for production."""
        cleaned = super().clean() or {}
        typed = cleaned.get("confirmation", "").strip()
        if cleaned.get("environment") == "prd" and typed and typed != self.key:
            self.add_error("confirmation", self._asked())
        return cleaned


class RestoreForm(PageForm):
    """Which version again; empty: the one before the kill."""

    environment = forms.ChoiceField(choices=ENVIRONMENTS, widget=forms.HiddenInput)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class RampForm(PageForm):
    """Percentages, and for how many minutes each is held, or that somebody is waited for."""

    environment = forms.ChoiceField(label=_("Where"), choices=ENVIRONMENTS, initial="prd")
    percentages = forms.CharField(
        label=_("Percentages"), max_length=200, initial=", ".join(f"{share:g}" for share in STEPS)
    )
    between = forms.ChoiceField(
        label=_("Between two"),
        required=False,
        choices=[
            ("hold", _("Hold for some minutes")),
            ("approval", _("Wait until somebody lets it go on")),
        ],
    )
    minutes = forms.IntegerField(
        label=_("Minutes on each"), min_value=1, initial=HOLD // 60, required=False, help_text=_("Where it is held.")
    )
    reason = forms.CharField(label=_("Why"), required=False, max_length=1000)

    def clean_percentages(self) -> tuple[float, ...]:
        """Numbers between commas."""
        try:
            return tuple(
                float(part) for part in self.cleaned_data["percentages"].replace("%", "").split(",") if part.strip()
            )
        except ValueError as error:
            raise forms.ValidationError(_("Write numbers between commas, such as 1, 5, 25, 100.")) from error

    def ramp(self) -> Ramp:
        """What was asked for."""
        shares = self.cleaned_data["percentages"]
        waits = self.cleaned_data["between"] == "approval"
        hold = None if waits else (self.cleaned_data["minutes"] or HOLD // 60) * 60
        return Ramp(percentages=shares, holds=(hold,) * (len(shares) - 1))


class ExposeForm(PageForm):
    """How many people get it, without a look at rules."""

    environment = forms.ChoiceField(choices=ENVIRONMENTS, widget=forms.HiddenInput)
    version = forms.IntegerField(widget=forms.HiddenInput)
    rollout_percentage = forms.FloatField(
        label=_("Percent of people"),
        min_value=0,
        max_value=100,
        widget=forms.NumberInput(attrs={"step": "any", "data-slider": ""}),
    )
    reason = forms.CharField(label=_("Why"), required=False, max_length=1000)


class ReshuffleForm(PageForm):
    """Why people are shared out anew."""

    environment = forms.ChoiceField(choices=ENVIRONMENTS, widget=forms.HiddenInput)
    version = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(label=_("Why"), max_length=1000, help_text=_("Who has it loses it, and others get it."))


class ReasonForm(PageForm):
    """Where, and why if it matters."""

    environment = forms.ChoiceField(choices=ENVIRONMENTS, widget=forms.HiddenInput, required=False)
    reason = forms.CharField(label=_("Why"), required=False, max_length=300)


class PlaygroundForm(PageForm):
    """For whom."""

    environment = forms.ChoiceField(label=_("Where"), choices=ENVIRONMENTS, required=False, initial="prd")
    context = forms.CharField(
        label=_("For whom"),
        required=False,
        max_length=20_000,
        initial="targetingKey = user-1",
        widget=text_area(6),
        help_text=_("One attribute a line, such as plan = pro; or a JSON object."),
    )

    def clean_context(self) -> dict[str, Any]:
        """The attributes."""
        try:
            return rules.read_context(self.cleaned_data["context"])
        except ValueError as error:
            raise forms.ValidationError(str(error), code="flag.context_form") from error
