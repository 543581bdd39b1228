"""What a flag serves in one environment, as people write it without any script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from changes.forms.fields import text_area
from cybercube_portal.web import PageForm, WhenField
from flags.forms import rules
from flags.models import FlagEnvironment

SPARE_RULES = 1
MOST_SLOTS = 101


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

    def __init__(
        self, *args: Any, row: FlagEnvironment, content: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> None:
        """`content`: what the fields begin with; left out: what is served."""
        content = row.content if content is None else content
        self.content = content
        first = {
            **{name: content[name] for name in ("enabled", "bucket_by")},
            "rollout_percentage": shortest(content["rollout_percentage"]),
            "version": row.version,
            "rollout_variant": content["rollout_variant"] or "",
            "default_variant": content["default_variant"] or "",
            "prerequisites": rules.written_prerequisites(content["prerequisites"]),
        }
        first |= kwargs.pop("initial", {})
        super().__init__(*args, initial=first, **kwargs)
        names = [(str(item["name"]), str(item["name"])) for item in row.flag.variants]
        for field in ("rollout_variant", "default_variant"):
            self.fields[field].choices = [("", _("the code's own default")), *names]  # type: ignore[attr-defined]
        self.slots = max(len(content["rules"]) + SPARE_RULES, self._posted())
        for place in range(self.slots):
            self._add_rule(place, content["rules"][place] if place < len(content["rules"]) else None)

    def _posted(self) -> int:
        """How many rules the page had that was sent: what is served may have fewer by now."""
        places = (name.removeprefix("answer_") for name in self.data if name.startswith("answer_"))
        return min(max((int(place) + 1 for place in places if place.isdecimal()), default=0), MOST_SLOTS)

    def _add_rule(self, place: int, rule: Mapping[str, Any] | None) -> None:
        self.fields[f"rule_{place}"] = forms.CharField(
            required=False, max_length=50, initial=rule["id"] if rule else "", widget=forms.HiddenInput
        )
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
    def rule_fields(self) -> list[tuple[int, forms.BoundField, forms.BoundField, forms.BoundField]]:
        """Number, id, conditions and answer of each slot."""
        return [
            (place + 1, self[f"rule_{place}"], self[f"conditions_{place}"], self[f"answer_{place}"])
            for place in range(self.slots)
        ]

    def clean(self) -> dict[str, Any]:
        """Puts the rules together; a slot with neither conditions nor answer is a rule taken away."""
        cleaned = super().clean() or {}
        old = {rule["id"]: rule for rule in self.content["rules"]}
        written: list[dict[str, Any]] = []
        for place in range(self.slots):
            conditions, answer = cleaned.get(f"conditions_{place}", ""), cleaned.get(f"answer_{place}", "")
            if not conditions.strip() and not answer.strip():
                continue
            known = old.get(cleaned.get(f"rule_{place}", ""), {})
            kept = {name: known[name] for name in ("id", "description", "bucket_by") if name in known}
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


def shortest(percentage: float | None) -> float | None:
    """80 rather than 80.0."""
    return int(percentage) if isinstance(percentage, float) and percentage.is_integer() else percentage
