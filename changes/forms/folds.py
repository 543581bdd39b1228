"""Groups of fields that stay folded until somebody needs them: what a form asks first stays short."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LONGEST_HINT = 80


@dataclass(frozen=True, slots=True)
class Group:
    """What is folded together. `empty` says what an empty one means."""

    title: str | Promise
    icon: str
    names: tuple[str, ...]
    empty: str | Promise


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """A group as it is drawn. `hint` stands beside its title: what is in it."""

    title: str | Promise
    icon: str
    fields: tuple[forms.BoundField, ...]
    hint: str
    is_open: bool


def folds_of(form: forms.BaseForm, groups: Iterable[Group], *, wanted: frozenset[str] = frozenset()) -> list[Fold]:
    """Open where something is wrong, where something other than usual stands in it, or where a field is `wanted`."""
    return [_fold(form, group, wanted) for group in groups]


def _fold(form: forms.BaseForm, group: Group, wanted: frozenset[str]) -> Fold:
    fields = tuple(form[name] for name in group.names)
    told = " · ".join(text for text in map(_told, fields) if text)
    is_open = any(field.errors or field.name in wanted or not _is_usual(field) for field in fields)
    hint = told if len(told) <= LONGEST_HINT else f"{told[:LONGEST_HINT]}…"
    return Fold(title=group.title, icon=group.icon, fields=fields, hint=hint or str(group.empty), is_open=is_open)


def _is_usual(field: forms.BoundField) -> bool:
    value = field.value()
    return not value or value == field.field.initial


def _told(field: forms.BoundField) -> str:
    """What stands in it, in the words of its choices where it has any."""
    value: Any = field.value() or ()
    labels = dict(getattr(field.field, "choices", ()))
    given = value if isinstance(value, (list, tuple)) else (value,)
    return ", ".join(str(labels.get(one, one)) for one in given)


IMPACT_GROUP = Group(
    _("Impact"), "users", ("impact_customers", "impact_downtime", "impact_data"), _("asked before it is submitted")
)
BACK_GROUP = Group(
    _("Way back"),
    "undo-2",
    ("rollback_plan", "rollback_version", "rollback_flag"),
    _("asked before it is submitted"),
)
PLACE_GROUP = Group(_("Environments and release"), "layers", ("environments", "release_type"), _("none"))
RAISE_GROUP = Group(_("Raise the risk"), "arrow-up", ("raised_to",), _("as computed"))
