"""What a calendar page was asked for: which view, around which day, about what; and the addresses that keep the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from changes.selectors.calendar import Narrow
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.catalog.states import EnvironmentCode
from cybercube_portal.web import Chip, PageRequest, Tab, sent_text, with_chosen

MONTH, WEEK, AGENDA = "month", "week", "agenda"
VIEWS = (MONTH, WEEK, AGENDA)
MONTH_TEXT = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)
DAY_TEXT = re.compile(r"20\d\d-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`day` lies in the month or the week that is shown. `filters` has team, service, environment and mine ("1" or "")."""

    view: str
    day: date
    today: date
    filters: Mapping[str, str]
    everything: Mapping[int, tuple[str, str]]

    @property
    def first(self) -> date:
        """The first day of the month, or the Monday of the week."""
        if self.view == WEEK:
            return self.day - timedelta(days=self.day.weekday())
        return self.day.replace(day=1)

    @property
    def title(self) -> str:
        """`November 2026`, or the week with its number and days."""
        if self.view != WEEK:
            return date_format(self.first, "F Y")
        last = self.first + timedelta(days=6)
        start = date_format(self.first, "j" if self.first.month == last.month else "j F")
        said = {"number": self.first.isocalendar().week, "start": start, "end": date_format(last, "j F Y")}
        return _("Week %(number)s: %(start)s – %(end)s") % said  # noqa: RUF001 - a dash between days

    def narrow(self, person: tuple[int, str]) -> Narrow:
        """The filters as the selector takes them. A service or a team nobody knows has nothing."""
        team, service, environment = (self.filters[name] for name in ("team", "service", "environment"))
        owned = {
            slug: owner
            for slug, owner in self.everything.values()
            if (not team or owner == team) and (not service or slug == service)
        }
        is_narrow = bool(team or service)
        return Narrow(
            services=frozenset(owned) if is_narrow else None,
            teams=frozenset(owned.values()) if is_narrow else None,
            environments=frozenset({environment}) if environment else None,
            person=person if self.filters["mine"] else None,
        )

    def context(self) -> dict[str, Any]:
        """Tabs, filters and the ways to other times."""
        before, after = self._around()
        team = self.filters["team"]
        slugs = [slug for slug, owner in self.everything.values() if not team or owner == team]
        return {
            "view": self.view,
            "title": self.title,
            "filters": self.filters,
            "is_narrowed": any(self.filters.values()),
            "clear_url": self.url(filters={}),
            "tabs": [
                Tab(label=label, url=self.url(view=view, day=self._day_in(view)), active=view == self.view)
                for view, label in ((MONTH, _("Month")), (WEEK, _("Week")), (AGENDA, _("Agenda")))
            ],
            "mine": [
                Chip(
                    label=_("Mine"),
                    url=self.url(filters={**self.filters, "mine": "" if self.filters["mine"] else "1"}),
                    active=bool(self.filters["mine"]),
                )
            ],
            "teams": with_chosen(sorted({owner for _slug, owner in self.everything.values()}), team),
            "services": with_chosen(slugs, self.filters["service"]),
            "environments": [code.value for code in EnvironmentCode],
            "before_url": self.url(day=before),
            "before": self._name(before),
            "after_url": self.url(day=after),
            "after": self._name(after),
            "today_url": self.url(day=self.today),
            "kept": {"view": self.view, "date": f"{self.day:%Y-%m-%d}", "mine": self.filters["mine"]},
        }

    def url(self, *, view: str | None = None, day: date | None = None, filters: Mapping[str, str] | None = None) -> str:
        """This page with something else."""
        asked = {
            "view": view or self.view,
            "date": f"{day or self.day:%Y-%m-%d}",
            **(self.filters if filters is None else filters),
        }
        kept = {name: value for name, value in asked.items() if value and (name, value) != ("view", MONTH)}
        return f"{reverse('calendar')}?{urlencode(kept)}"

    def new_change_url(self, moment: str) -> str:
        """A new change at that wall time, of the service that is looked at."""
        asked = {"type": "normal", "scheduled": moment, "service": self.filters["service"]}
        return f"{reverse('change-new')}?{urlencode({name: value for name, value in asked.items() if value})}"

    def _around(self) -> tuple[date, date]:
        if self.view == WEEK:
            return self.first - timedelta(days=7), self.first + timedelta(days=7)
        return (self.first - timedelta(days=1)).replace(day=1), (self.first + timedelta(days=32)).replace(day=1)

    def _name(self, day: date) -> str:
        if self.view == WEEK:
            return _("Week %(number)s") % {"number": day.isocalendar().week}
        return date_format(day, "F Y")

    def _day_in(self, view: str) -> date:
        """Today, where it is in what is shown: a week of this month is this week."""
        in_month = (self.today.year, self.today.month) == (self.first.year, self.first.month)
        return self.today if self.view != WEEK and view == WEEK and in_month else self.day


def asked_of(request: PageRequest) -> Asked:
    """What the address asks for, in one query; what cannot be read is this month."""
    today = timezone.localtime(request.now).date()
    view = request.GET.get("view", "")
    return Asked(
        view=view if view in VIEWS else MONTH,
        day=_day(request.GET, today),
        today=today,
        filters=_filters(request.GET),
        everything=catalog.owned(),
    )


def _day(sent: QueryDict, today: date) -> date:
    month = MONTH_TEXT.fullmatch(sent.get("month", ""))
    if month:
        return date(int(month[1]), int(month[2]), 1)
    text = sent.get("date", "")
    try:
        return date.fromisoformat(text) if DAY_TEXT.fullmatch(text) else today
    except ValueError:
        return today


def _filters(sent: QueryDict) -> dict[str, str]:
    environment = sent.get("environment", "")
    return {
        **{name: sent_text(sent, name) for name in ("team", "service")},
        "environment": environment if environment in set(EnvironmentCode) else "",
        "mine": "1" if sent.get("mine") else "",
    }
