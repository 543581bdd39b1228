"""Forms of flags: define one, change what it serves, kill, restore, ramp, archive, ask."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from changes.forms.fields import text_area
from cybercube_portal.web import PageForm, WhenField
from flags.forms import rules
from flags.models import FlagEnvironment
from flags.policy.naming import FlagType, ValueType
from flags.policy.ramps import HOLD, STEPS, Ramp

SPARE_RULES = 1
TYPE_HELP = _("Release and experiment are temporary, ops and permission stay (§7.1).")
ENVIRONMENTS = [("dev", "dev"), ("stg", "stg"), ("prd", "prd")]


class FlagForm(PageForm):
    """A new flag."""

    key = forms.CharField(
        label=_("Key"),
        max_length=100,
        help_text=_("{type}_{feature}_{variant}, such as release_new_dashboard. It never changes (§7.2)."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    name = forms.CharField(label=_("Name"), max_length=200)
    type = forms.ChoiceField(
        label=_("Type"), choices=[(kind.value, kind.value.capitalize()) for kind in FlagType], help_text=TYPE_HELP
    )
    description = forms.CharField(label=_("What it controls"), required=False, max_length=10_000, widget=text_area(2))
    service = forms.ChoiceField(label=_("Service"), required=False)
    value_type = forms.ChoiceField(
        label=_("Answers"), choices=[(kind.value, kind.value.capitalize()) for kind in ValueType], initial="boolean"
    )
    variants = forms.CharField(
        label=_("Variants"),
        required=False,
        widget=text_area(3),
        help_text=_("One a line, such as red = #d00. Not for boolean flags: those have on and off."),
    )
    safe_variant = forms.CharField(
        label=_("Safe variant"),
        required=False,
        max_length=50,
        help_text=_("What a kill serves. Empty: off, or for other types the code's own default."),
    )
    expires_at = WhenField(
        label=_("Expires"), required=False, help_text=_("Empty: in 30 days for what is temporary (§7.6).")
    )
    client_visible = forms.BooleanField(label=_("Browsers may see it"), required=False)

    def __init__(self, *args: Any, services: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["service"].choices = [("", _("None: of my team")), *((slug, slug) for slug in services)]  # type: ignore[attr-defined]

    def clean_variants(self) -> tuple[dict[str, Any], ...]:
        """`name = value` lines, each value read as the type says."""
        try:
            return tuple(self._variant(line) for line in self.cleaned_data["variants"].splitlines() if line.strip())
        except ValueError as error:
            raise forms.ValidationError(str(error), code="flag.variants_form") from error

    def _variant(self, line: str) -> dict[str, Any]:
        name, equals, text = line.partition("=")
        if not equals:
            raise ValueError(f"“{line.strip()[:60]}”: write a name and a value, such as red = #d00.")
        if self.data.get("value_type") == ValueType.STRING:
            return {"name": name.strip(), "value": text.strip()}
        try:
            return {"name": name.strip(), "value": json.loads(text)}
        except json.JSONDecodeError as error:
            raise ValueError(f"“{text.strip()[:60]}” is no value of that type.") from error


class ServingForm(PageForm):
    """What a flag serves in one environment; every rule is three fields, and one empty rule stands below."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    enabled = forms.BooleanField(label=_("Switched on"), required=False)
    rollout_percentage = forms.FloatField(
        label=_("Rollout, percent"), required=False, help_text=_("0 to 100 in steps of 0.01. Empty: no rollout.")
    )
    rollout_variant = forms.ChoiceField(label=_("Rolled out"), required=False)
    default_variant = forms.ChoiceField(label=_("Everybody else"), required=False)
    bucket_by = forms.CharField(
        label=_("Shared out by"), max_length=100, help_text=_("The attribute whose values fall in or out together.")
    )
    prerequisites = forms.CharField(
        label=_("Only where"),
        required=False,
        widget=text_area(2),
        help_text=_("Other flags that have to answer first, one a line: release_billing_v2 = on"),
    )
    reason = forms.CharField(label=_("Why"), required=False, max_length=1000)
    scheduled_time = WhenField(label=_("Not before"), required=False)

    def __init__(self, *args: Any, row: FlagEnvironment, **kwargs: Any) -> None:
        self.row = row
        content = row.content
        first = {
            **{name: content[name] for name in ("enabled", "rollout_percentage", "bucket_by")},
            "version": row.version,
            "rollout_variant": content["rollout_variant"] or "",
            "default_variant": content["default_variant"] or "",
            "prerequisites": rules.written_prerequisites(content["prerequisites"]),
        }
        super().__init__(*args, **{"initial": first, **kwargs})
        names = [(str(item["name"]), str(item["name"])) for item in row.flag.variants]
        for field in ("rollout_variant", "default_variant"):
            self.fields[field].choices = [("", _("the code's own default")), *names]  # type: ignore[attr-defined]
        self.slots = len(content["rules"]) + SPARE_RULES
        for place in range(self.slots):
            self._add_rule(place, content["rules"][place] if place < len(content["rules"]) else None)

    def _add_rule(self, place: int, rule: Mapping[str, Any] | None) -> None:
        area = text_area(2)
        area.attrs.update({"class": "form-control mono", "spellcheck": "false"})
        self.fields[f"conditions_{place}"] = forms.CharField(
            label=_("If all of these hold"),
            required=False,
            widget=area,
            initial=rules.written_conditions(rule["conditions"]) if rule else "",
        )
        self.fields[f"answer_{place}"] = forms.CharField(
            label=_("then answer"),
            required=False,
            max_length=300,
            initial=rules.written_outcome(rule) if rule else "",
            widget=forms.TextInput(attrs={"class": "form-control mono", "autocomplete": "off"}),
        )

    @property
    def rule_fields(self) -> list[tuple[int, forms.BoundField, forms.BoundField]]:
        """Number, conditions and answer of each slot."""
        return [(place + 1, self[f"conditions_{place}"], self[f"answer_{place}"]) for place in range(self.slots)]

    def clean(self) -> dict[str, Any]:
        """Puts the rules together; a slot with neither conditions nor answer is a rule taken away."""
        cleaned = super().clean() or {}
        old = self.row.content["rules"]
        written: list[dict[str, Any]] = []
        for place in range(self.slots):
            conditions, answer = cleaned.get(f"conditions_{place}", ""), cleaned.get(f"answer_{place}", "")
            if not conditions.strip() and not answer.strip():
                continue
            kept = {
                name: old[place][name]
                for name in ("id", "description", "bucket_by")
                if place < len(old) and name in old[place]
            }
            try:
                written.append({**kept, "conditions": rules.read_conditions(conditions), **rules.read_outcome(answer)})
            except ValueError as error:
                self.add_error(f"conditions_{place}", str(error))
        cleaned["rules"] = written
        return cleaned

    def changes(self) -> dict[str, Any]:
        """The content as `change_flag` takes it."""
        cleaned = self.cleaned_data
        return {
            "enabled": cleaned["enabled"],
            "rollout_percentage": cleaned["rollout_percentage"],
            "rollout_variant": cleaned["rollout_variant"] or None,
            "default_variant": cleaned["default_variant"] or None,
            "bucket_by": cleaned["bucket_by"],
            "prerequisites": rules.read_prerequisites(cleaned["prerequisites"]),
            "rules": cleaned["rules"],
        }


class KillForm(PageForm):
    """In production the key is typed, so that nobody kills by a slip of the hand."""

    environment = forms.ChoiceField(choices=ENVIRONMENTS, widget=forms.HiddenInput)
    reason = forms.CharField(label=_("Why"), max_length=1000)
    confirmation = forms.CharField(label=_("Type the flag's key"), required=False, max_length=100)

    def __init__(self, *args: Any, key: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.key = key

    def clean(self) -> dict[str, Any]:
        """The key has to be typed for production."""
        cleaned = super().clean() or {}
        if cleaned.get("environment") == "prd" and cleaned.get("confirmation", "").strip() != self.key:
            self.add_error("confirmation", _("Type %(key)s to switch it off in production.") % {"key": self.key})
        return cleaned


class RestoreForm(PageForm):
    """Which version again; empty: the one before the kill."""

    environment = forms.ChoiceField(choices=ENVIRONMENTS, widget=forms.HiddenInput)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class RampForm(PageForm):
    """Percentages, and for how many minutes each is held."""

    environment = forms.ChoiceField(label=_("Where"), choices=ENVIRONMENTS, initial="prd")
    percentages = forms.CharField(
        label=_("Percentages"), max_length=200, initial=", ".join(f"{share:g}" for share in STEPS)
    )
    minutes = forms.IntegerField(label=_("Minutes on each"), min_value=1, initial=HOLD // 60)
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
        return Ramp(percentages=shares, holds=(self.cleaned_data["minutes"] * 60,) * (len(shares) - 1))


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
