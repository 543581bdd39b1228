"""Where the numbers of the dashboards lead."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from cybercube_portal.pages.dashboards.frame import query_of
from cybercube_portal.query import parse
from cybercube_portal.query.moments import MINUTE
from cybercube_portal.web.lists import address_of
from releases.selectors.periods import Period
from releases.states import GateOutcome


def list_url(
    figure: str,
    period: Period,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    service: str | None = None,
    team: str | None = None,
    seat: str = "",
    risk: str = "",
) -> str:
    """The deployments behind a figure, perhaps of less time, of one service or team, of a seat or a risk."""
    narrowed = replace(
        period,
        start=start or period.start,
        end=end or period.end,
        service=period.service if service is None else service,
        team=period.team if team is None else team,
    )
    return _url("dashboard-deployments", {"figure": figure, "seat": seat, "risk": risk, **query_of(narrowed)})


def signatures_url(
    period: Period, *, start: datetime | None = None, end: datetime | None = None, seat: str = "", risk: str = ""
) -> str:
    """The signatures that were waited for, perhaps of less time."""
    narrowed = replace(period, start=start or period.start, end=end or period.end)
    return _url("dashboard-signatures", {"seat": seat, "risk": risk, **query_of(narrowed)})


def dashboard_url(name: str, period: Period) -> str:
    """A dashboard of the same period."""
    return _url(name, query_of(period))


def denials_url(freeze: str, period: Period) -> str:
    """What the gate denied because of a freeze, in the gate's own list."""
    words = [
        f"is:{GateOutcome.DENY}",
        f"freeze:{freeze}",
        f"asked:{_asked_in(period)}",
        *([f"service:{period.service}"] if period.service else []),
        *([f"team:{period.team}"] if period.team else []),
    ]
    return f"{reverse('gate')}{address_of(parse(' '.join(words)))}"


def _asked_in(period: Period) -> str:
    """The period as a query says it: in its reader's zone, where a day of the dashboard (UTC) begins at another hour."""
    start, end = timezone.localtime(period.start), timezone.localtime(period.end)
    if start.time() == end.time() == time.min:
        return f"{start:%Y-%m-%d}..{end - timedelta(days=1):%Y-%m-%d}"
    return f"{start:%Y-%m-%dT%H:%M}..{timezone.localtime(period.end - MINUTE):%Y-%m-%dT%H:%M}"


def _url(name: str, query: dict[str, str]) -> str:
    kept = {word: value for word, value in query.items() if value}
    return f"{reverse(name)}?{urlencode(kept)}"
