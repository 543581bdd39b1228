"""Freezes and deployment windows as forms: when in whose zone, and for what."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, cast

from django import forms
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from changes.forms.change import ENVIRONMENT_CHOICES
from changes.forms.fields import WallField, WallTimes, text_area
from changes.models.freeze import Scoped
from changes.policy.freezes import RESTRICTIONS, FreezeKind
from changes.policy.recurrence import zone_named
from changes.states import RISK_ORDER, ChangeType, Risk
from cybercube_portal.stateful import choices_of
from cybercube_portal.web import PageForm
from cybercube_portal.web.sentences import in_words, worded

LISTS = ("services", "teams", "environments", "excluded_services", "excluded_teams")
MOST_DAYS = 366


class DaysField(forms.CharField):
    """Days as YYYY-MM-DD, separated by spaces or commas; cleans to a tuple of dates."""

    def clean(self, value: Any) -> Any:  # noqa: ANN401 - Django's signature
        """Raises ValidationError naming what is no day."""
        found = []
        for word in str(super().clean(value)).replace(",", " ").split()[: MOST_DAYS + 1]:
            try:
                found.append(date.fromisoformat(word))
            except ValueError as error:
                raise forms.ValidationError(_("%(word)s is not a day: write 2026-12-24.") % {"word": word}) from error
        return tuple(found)

    def prepare_value(self, value: Any) -> Any:  # noqa: ANN401 - Django's signature
        """Dates as people type them."""
        return ", ".join(day.isoformat() for day in value) if isinstance(value, (tuple, list)) else value


class PeriodForm(WallTimes):
    """What freezes and windows share. Times are by the clock on a wall of `timezone`; empty scope parts mean all."""

    title = forms.CharField(label=_("Title"), max_length=160)
    timezone = forms.CharField(
        label=_("Time zone"),
        help_text=_("Whose clock the times below are by, such as Europe/Berlin or UTC."),
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    starts_at = WallField(in_own_zone=False, label=_("From"), help_text=_("By that zone's clock."))
    ends_at = WallField(in_own_zone=False, label=_("Until"), help_text=_("Not included."))
    rule = forms.CharField(
        label=_("Repeats"),
        help_text=_("By RFC 5545, such as FREQ=YEARLY or FREQ=WEEKLY;BYDAY=MO,TH. Empty: once."),
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs={"list": "rules", "autocomplete": "off", "spellcheck": "false"}),
    )
    excluded_dates = DaysField(
        label=_("Not on these days"), help_text=_("Such as 2026-12-24, 2026-12-31."), required=False, max_length=5000
    )
    environments = forms.MultipleChoiceField(
        label=_("Environments"),
        help_text=_("None: all."),
        choices=ENVIRONMENT_CHOICES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    services = forms.MultipleChoiceField(
        label=_("Services"), help_text=_("None: all."), required=False, widget=forms.CheckboxSelectMultiple
    )
    teams = forms.MultipleChoiceField(
        label=_("Teams"), help_text=_("None: all."), required=False, widget=forms.CheckboxSelectMultiple
    )
    excluded_services = forms.MultipleChoiceField(
        label=_("But not these services"), required=False, widget=forms.CheckboxSelectMultiple
    )
    excluded_teams = forms.MultipleChoiceField(
        label=_("But not these teams"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, services: Iterable[str], teams: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for names, choices in ((("services", "excluded_services"), services), (("teams", "excluded_teams"), teams)):
            pairs = [(slug, slug) for slug in sorted(choices)]
            for name in names:
                cast("forms.MultipleChoiceField", self.fields[name]).choices = pairs

    def zone(self) -> str:
        """The zone that the form names."""
        return str(self.cleaned_data.get("timezone") or "UTC")

    def clean_timezone(self) -> str:
        """Refuse a zone nobody knows before times are read by it."""
        zone: str = self.cleaned_data["timezone"].strip()
        try:
            zone_named(zone)
        except ValueError as error:
            raise forms.ValidationError(str(error), code="time.zone") from error
        return zone

    def fields_of(self) -> dict[str, Any]:
        """What a plan takes: lists as tuples."""
        return {name: tuple(value) if name in LISTS else value for name, value in self.cleaned_data.items()}


def _forbids(kind: FreezeKind) -> str:
    return f"{in_words(kind.value.replace('_', ' ').capitalize())}: {in_words(RESTRICTIONS[kind].words)}"


class FreezeForm(PeriodForm):
    """A freeze: also what it forbids. The last three fields spell out a custom one."""

    pointers = {"predicate": "kind"}

    kind = forms.ChoiceField(
        label=_("Forbids"),
        choices=[
            *((kind.value, lazy(_forbids, str)(kind)) for kind in RESTRICTIONS),
            (FreezeKind.CUSTOM.value, _("Custom: what is chosen below")),
        ],
        widget=forms.RadioSelect,
    )
    types = forms.MultipleChoiceField(
        label=_("Custom: these types"),
        help_text=_("None: all."),
        choices=worded(choices_of(ChangeType)),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    risks = forms.MultipleChoiceField(
        label=_("Custom: at these risks"),
        help_text=_("None: all."),
        choices=worded(choices_of(Risk)),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    migrations_only = forms.BooleanField(label=_("Custom: only with a database migration"), required=False)
    hard = forms.BooleanField(
        label=_("Hard"),
        help_text=_("What already runs stops at its next step. Soft: it goes on."),
        required=False,
        initial=True,
    )
    reason = forms.CharField(
        label=_("Why"), help_text=_("Markdown works."), required=False, max_length=10_000, widget=text_area(2)
    )

    field_order = ["title", "kind", "types", "risks", "migrations_only", "hard", "reason"]

    def fields_of(self) -> dict[str, Any]:
        """With the predicate of a custom freeze."""
        given = super().fields_of()
        types, risks, migrations = (given.pop(name) for name in ("types", "risks", "migrations_only"))
        parts = {"types": types, "risks": risks, "has_migration": migrations or None}
        is_custom = given["kind"] == FreezeKind.CUSTOM
        return {**given, "predicate": {name: part for name, part in parts.items() if part} if is_custom else {}}


class EndForm(PageForm):
    """Why a freeze ends."""

    reason = forms.CharField(label=_("Why"), max_length=300)


class ExceptionForm(PageForm):
    """One change that may pass a freeze."""

    change = forms.CharField(
        label=_("Change"),
        help_text=_("Its number, such as CR-2026-0117-001."),
        max_length=24,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    reason = forms.CharField(label=_("Why"), help_text=_("It shows for ever."), max_length=300)


def initial_of(row: Scoped) -> dict[str, Any]:
    """A stored freeze or window as its form shows it first: by its own zone's clock."""
    place = zone_named(row.timezone)
    names = ("title", "timezone", "rule", "excluded_dates", *LISTS)
    return {
        **{name: getattr(row, name) for name in names},
        **{name: getattr(row, name).astimezone(place).replace(tzinfo=None) for name in ("starts_at", "ends_at")},
    }


def initial_of_freeze(row: Any) -> dict[str, Any]:  # noqa: ANN401 - a Freeze
    """With what it forbids."""
    risks = row.predicate.get("risks", [])
    at_least = risks.get("at_least") if isinstance(risks, dict) else None
    chosen = [risk.value for risk in RISK_ORDER[[r.value for r in RISK_ORDER].index(at_least) :]] if at_least else risks
    return {
        **initial_of(row),
        "kind": row.kind,
        "hard": row.hard,
        "reason": row.reason,
        "types": row.predicate.get("types", []),
        "risks": chosen,
        "migrations_only": row.predicate.get("has_migration", False),
    }
