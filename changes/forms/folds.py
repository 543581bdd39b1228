"""Groups of fields that stay folded until somebody needs them: what a form asks first stays short."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

# One long text leaves room for what stands beside it.
LONGEST_PART = 60


@dataclass(frozen=True, slots=True)
class Group:
    """What is folded together: fields by name, each with the word before what stands in it. `empty` says what an empty one means."""

    title: str | Promise
    icon: str
    names: Mapping[str, str | Promise]
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
    """Open where something is wrong, or where a field is `wanted`; what is written is read beside the title of a shut one."""
    return [_fold(form, group, wanted) for group in groups]


def _fold(form: forms.BaseForm, group: Group, wanted: frozenset[str]) -> Fold:
    fields = tuple(form[name] for name in group.names)
    told = (_told(field, group.names[field.name]) for field in fields)
    return Fold(
        title=group.title,
        icon=group.icon,
        fields=fields,
        hint=" · ".join(part for part in told if part) or str(group.empty),
        is_open=any(field.errors or field.name in wanted for field in fields),
    )


def _told(field: forms.BoundField, word: str | Promise) -> str:
    """What stands in it, in the words of its choices where it has any."""
    value: Any = field.value() or ()
    labels = dict(getattr(field.field, "choices", ()))
    given = value if isinstance(value, (list, tuple)) else (value,)
    text = " ".join(", ".join(str(labels.get(one, one)) for one in given).split())
    short = text if len(text) <= LONGEST_PART else f"{text[:LONGEST_PART].rstrip()}…"
    return gettext("%(name)s: %(value)s") % {"name": word, "value": short} if short and word else short


IMPACT_GROUP = Group(
    _("Impact"),
    "users",
    {"impact_customers": _("customers"), "impact_downtime": _("downtime"), "impact_data": _("data")},
    _("asked before it is submitted"),
)
BACK_GROUP = Group(
    _("Way back"),
    "undo-2",
    {"rollback_plan": "", "rollback_version": _("version"), "rollback_flag": _("flag")},
    _("asked before it is submitted"),
)
PLACE_GROUP = Group(
    _("Environments and release"), "layers", {"environments": "", "release_type": _("release")}, _("none")
)
RAISE_GROUP = Group(_("Raise the risk"), "arrow-up", {"raised_to": _("to")}, _("as computed"))
