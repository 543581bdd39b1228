"""What a flag serves in one environment, as people write it without any script."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from changes.forms.fields import text_area
from cybercube_portal.web import PageForm, WhenField, fill_in
from flags.forms import rules
from flags.forms.lists import conditions_in, long_lists
from flags.models import FlagEnvironment
from flags.policy.serving import MOST_RULES

SPARE_RULES = 1
MOST_SLOTS = MOST_RULES + SPARE_RULES
# What a button beside a rule asks for: one rule more, or `up-3`, `down-3`, `away-3` of the slot 3.
ADD = "add"
ARRANGE = re.compile(r"(up|down|away)-([0-9]{1,3})", re.ASCII)


class RuleFields(NamedTuple):
    """One rule on the page: its number among those shown, its slot (the number in its fields' names), and its three fields."""

    number: int
    slot: int
    rule: forms.BoundField
    conditions: forms.BoundField
    answer: forms.BoundField


class ServingForm(PageForm):
    """What a flag serves in one environment; every rule is three fields, and one empty rule stands below.

    `order`: the slots of the rules, first to last; a slot that it leaves out is a rule taken away. Left out itself: as the page had them.
    """

    version = forms.IntegerField(widget=forms.HiddenInput)
    order = forms.CharField(required=False, max_length=1000, widget=forms.HiddenInput)
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
        # What is served now may be called by a mark, and what the page began with as well.
        self.served_lists = long_lists(conditions_in(row.content))
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
        self.slots = 0
        self._make_room(max(len(content["rules"]) + SPARE_RULES, _slots_in(self.data)))
        self.initial["order"] = _written(range(self.slots))

    def resume(self, sent: QueryDict) -> None:
        """Show what was typed and neither judged nor sent, with as many rules as it had."""
        if sent:
            self._make_room(_slots_in(sent))
            self.initial["order"] = _written(range(self.slots))
            fill_in(self, sent)

    def arrange(self, wish: str) -> None:
        """Do what a button beside a rule asks for; nonsense changes nothing."""
        order = self._order()
        if wish == ADD and self.slots < MOST_SLOTS:
            self._make_room(self.slots + 1)
            order.append(self.slots - 1)
        found = ARRANGE.fullmatch(wish)
        if found and int(found[2]) in order:
            place = order.index(int(found[2]))
            slot = order.pop(place)
            if found[1] != "away":
                order.insert(max(0, place - 1) if found[1] == "up" else place + 1, slot)
            elif not order:
                self._make_room(self.slots + 1)
                order.append(self.slots - 1)
        self.initial["order"] = _written(order)

    def _order(self) -> list[int]:
        return _read_order(self.data.get("order", "") if self.is_bound else self.initial["order"], self.slots)

    def _make_room(self, slots: int) -> None:
        rules = self.content["rules"]
        for place in range(self.slots, min(slots, MOST_SLOTS)):
            self._add_rule(place, rules[place] if place < len(rules) else None)
            self.slots = place + 1

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
            initial=rules.written_conditions(rule["conditions"], known=self.served_lists) if rule else "",
        )
        self.fields[f"answer_{place}"] = forms.CharField(
            label=_("then answer"),
            required=False,
            max_length=300,
            initial=rules.written_outcome(rule) if rule else "",
            widget=forms.TextInput(attrs={"class": "form-control mono", "autocomplete": "off"}),
        )

    @property
    def rule_fields(self) -> list[RuleFields]:
        """The rules in their order."""
        return [
            RuleFields(number, slot, self[f"rule_{slot}"], self[f"conditions_{slot}"], self[f"answer_{slot}"])
            for number, slot in enumerate(self._order(), start=1)
        ]

    def clean(self) -> dict[str, Any]:
        """Puts the rules together; a slot with neither conditions nor answer is a rule taken away."""
        cleaned = super().clean() or {}
        old = {rule["id"]: rule for rule in self.content["rules"]}
        lists = {**self.served_lists, **long_lists(conditions_in(self.content))}
        written: list[dict[str, Any]] = []
        for place in _read_order(cleaned.get("order", ""), self.slots):
            conditions, answer = cleaned.get(f"conditions_{place}", ""), cleaned.get(f"answer_{place}", "")
            if not conditions.strip() and not answer.strip():
                continue
            known = old.get(cleaned.get(f"rule_{place}", ""), {})
            kept = {name: known[name] for name in ("id", "description", "bucket_by") if name in known}
            try:
                read = rules.read_conditions(conditions, known=lists)
                written.append({**kept, "conditions": read, **rules.read_outcome(answer)})
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


def _slots_in(sent: Mapping[str, Any]) -> int:
    """How many rules the page had that was sent: what is served may have fewer by now."""
    places = (name.removeprefix("answer_") for name in sent if name.startswith("answer_"))
    return max((int(place) + 1 for place in places if place.isdecimal() and len(place) < len("1000")), default=0)


def _written(order: Iterable[int]) -> str:
    return ",".join(map(str, order))


def _read_order(text: str, slots: int) -> list[int]:
    """The slots that `text` names, each once; all of them where it names none."""
    named = [int(part) for part in text.split(",") if part.isascii() and part.isdecimal() and len(part) < len("1000")]
    return list(dict.fromkeys(slot for slot in named if slot < slots)) or list(range(slots))
