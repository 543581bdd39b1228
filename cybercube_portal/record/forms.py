"""What auditors type."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cybercube_portal.audit.canonical import moment
from cybercube_portal.record.asking import LAST_SEQUENCE, VERB
from cybercube_portal.web import PageForm, WhenField


def _typed(example: str = "") -> forms.TextInput:
    """A text for machines."""
    attrs = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "placeholder": example}
    return forms.TextInput(attrs=attrs)


class EventsForm(PageForm):
    """Which events; every one given must fit."""

    subject = forms.CharField(
        label=_("About"), required=False, max_length=300, widget=_typed("CR-2026-0117-001, service:billing-service")
    )
    verb = forms.RegexField(
        VERB,
        label=_("What happened"),
        required=False,
        max_length=80,
        widget=_typed("change.approved, change.*"),
        error_messages={"invalid": _("Write it as change.approved, or change.* for all of a kind.")},
    )
    actor = forms.CharField(label=_("Who"), required=False, max_length=150, widget=_typed("alice"))
    start = WhenField(label=_("From"), required=False)
    end = WhenField(label=_("Until"), required=False)

    def wanted(self) -> dict[str, Any]:
        """As `events_filtered` takes it. Needs a valid form."""
        return {name: value for name, value in self.cleaned_data.items() if value}


class WalkForm(PageForm):
    """Which part of the chain."""

    first = forms.IntegerField(label=_("From number"), min_value=1, max_value=LAST_SEQUENCE, required=False, initial=1)


class ChangePackForm(PageForm):
    """One change."""

    number = forms.CharField(label=_("Change"), max_length=24, widget=_typed("CR-2026-0117-001"))


class PeriodPackForm(PageForm):
    """Whole days in the person's own zone, both included."""

    first_day = forms.DateField(label=_("First day"), widget=forms.DateInput(attrs={"type": "date"}))
    last_day = forms.DateField(label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}))
    service = forms.CharField(label=_("Service"), required=False, max_length=64, widget=_typed("billing-service"))
    pointers = {"from": "first_day", "to": "last_day"}

    def period(self) -> tuple[datetime, datetime, str | None]:
        """Half-open, and the service if one is named. Needs a valid form."""
        days = self.cleaned_data
        start, last = (datetime(day.year, day.month, day.day) for day in (days["first_day"], days["last_day"]))  # noqa: DTZ001 - made aware below
        return timezone.make_aware(start), timezone.make_aware(last + timedelta(days=1)), days["service"] or None

    def query(self) -> dict[str, str]:
        """As `GET audit/evidence/` takes it. Needs a valid form."""
        start, end, service = self.period()
        return {"from": moment(start), "to": moment(end), **({"service": service} if service else {})}
