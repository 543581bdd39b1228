"""What every dashboard stands in: its tabs, the period, whose services, and the addresses that keep both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.pages.dashboards.words import moment_text
from cybercube_portal.web import Chip, PageRequest, Tab, sent_text, with_chosen
from releases.policy.dora import DAY, LONGEST_PERIOD
from releases.selectors.periods import Period, kept_until

PERIODS = (30, 90, 180, 365)
USUAL = 90
NAMES = ("service", "team", "days", "from", "to")

# Each dashboard: the name of its address, its tab, and whether it looks at a period.
DASHBOARDS: dict[str, str | Promise] = {
    "dashboards": gettext_lazy("Delivery"),
    "dashboard-compare": gettext_lazy("Compare"),
    "dashboard-approvals": gettext_lazy("Approvals"),
    "dashboard-cadence": gettext_lazy("Cadence"),
    "dashboard-freezes": gettext_lazy("Freezes"),
    "dashboard-compliance": gettext_lazy("Compliance"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of a list: `label` is what people read."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What was asked for. `everything` are all services: id -> (slug, team's slug)."""

    now: datetime
    filters: Mapping[str, str]
    period: Period
    everything: Mapping[int, tuple[str, str]]

    def context(self, active: str) -> dict[str, Any]:
        """What `dashboards/frame.html` draws around a dashboard."""
        return {
            "period": self.period,
            "filters": self.filters,
            "tabs": [
                Tab(label=str(label), url=f"{reverse(name)}{self._query(self.filters)}", active=name == active)
                for name, label in DASHBOARDS.items()
            ],
            "periods": [self._period_chip(days) for days in PERIODS],
            "teams": self._choices("team", sorted({team for _slug, team in self.everything.values()})),
            "services": self._choices("service", self._slugs()),
            "is_narrowed": bool(self.filters["service"] or self.filters["team"]),
            "kept": {name: self.filters[name] for name in ("days", "from", "to") if self.filters[name]},
            "clear_url": self._query({name: self.filters[name] for name in ("days", "from", "to")}),
            "wide_url": self._query({**self.filters, "from": "", "to": "", "days": str(PERIODS[-1])}),
            "is_widest": self.period.days >= PERIODS[-1],
            "last_day": self.last_day,
        }

    @property
    def last_day(self) -> date:
        """The last one that the period touches (UTC)."""
        return (self.period.end - timedelta(microseconds=1)).date()

    def url(self, name: str, **other: str) -> str:
        """A dashboard of the same period and services, with something else."""
        return f"{reverse(name)}{self._query({**self.filters, **other})}"

    def csv_url(self, table: str) -> str:
        """The file of a table, for the same period and services."""
        return f"{reverse('dashboard-csv', args=[table])}?{urlencode(query_of(self.period))}"

    def _slugs(self) -> list[str]:
        team = self.filters["team"]
        return [slug for slug, owner in self.everything.values() if not team or owner == team]

    def _choices(self, name: str, values: list[str]) -> list[Choice]:
        chosen = self.filters[name]
        return [Choice(value=value, label=value, chosen=value == chosen) for value in with_chosen(values, chosen)]

    def _period_chip(self, days: int) -> Chip:
        query = {name: self.filters[name] for name in ("service", "team")} | {"days": str(days)}
        plain = not self.filters["from"] and not self.filters["to"]
        is_on = plain and (self.filters["days"] or str(USUAL)) == str(days)
        return Chip(label=_("%(days)s days") % {"days": days}, url=self._query(query), active=is_on)

    @staticmethod
    def _query(given: Mapping[str, str]) -> str:
        kept = {name: value for name, value in given.items() if value}
        return f"?{urlencode(kept)}" if kept else "?"


def frame_of(request: PageRequest) -> Frame:
    """What the address asks for, in two queries; what cannot be read is the last 90 days, today included."""
    filters = filters_of(request.GET)
    everything = catalog.owned()
    service, team = filters["service"], filters["team"]
    owned = {
        pk: (slug, owner)
        for pk, (slug, owner) in everything.items()
        if (not service or slug == service) and (not team or owner == team)
    }
    start, end = _span(filters, now=request.now)
    period = Period(start=start, end=end, service=service, team=team, owned=owned, kept_until=kept_until())
    return Frame(now=request.now, filters=filters, period=period, everything=everything)


def filters_of(sent: QueryDict) -> dict[str, str]:
    """What was sent, as text of a sane length."""
    return {name: sent_text(sent, name) for name in NAMES}


def query_of(period: Period) -> dict[str, str]:
    """The period and its services as parameters."""
    named = {"service": period.service, "team": period.team}
    kept = {name: value for name, value in named.items() if value}
    return {**kept, "from": moment_text(period.start), "to": moment_text(period.end)}


def _span(filters: Mapping[str, str], *, now: datetime) -> tuple[datetime, datetime]:
    tomorrow = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + DAY
    end = _moment(filters["to"]) or tomorrow
    days = int(filters["days"]) if filters["days"].isdecimal() and len(filters["days"]) <= 3 else USUAL  # noqa: PLR2004 - 999 days
    start = _moment(filters["from"]) or end - min(max(1, days) * DAY, LONGEST_PERIOD)
    if not start < end or end - start > LONGEST_PERIOD:
        start = end - USUAL * DAY
    return start, end


def _moment(text: str) -> datetime | None:
    """A day (its midnight) or a moment, in UTC; None for anything else, and for what no calendar reaches."""
    try:
        found = datetime.fromisoformat(text.replace(" ", "+"))
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
        return found.astimezone(UTC) if _FIRST < found < _LAST else None
    except (ValueError, OverflowError):
        return None


# Far enough for every period and its predecessor.
_FIRST, _LAST = (datetime.combine(day, time.min, UTC) for day in (date(2000, 1, 1), date(2200, 1, 1)))
