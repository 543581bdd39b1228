"""Freezes: what holds now, what comes, what is over; whom each let pass, how often the gate said no, which changes it holds back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from changes.policy.freezes import restriction_of
from changes.policy.recurrence import occurrences
from changes.policy.spans import Span
from changes.selectors.freezes import freeze_facts, freezes_around, in_scope, recurrence_of
from changes.selectors.held_back import held_back_by
from changes.views.periods import scope_words
from cybercube_portal.catalog.states import EnvironmentCode
from cybercube_portal.pages.dashboards.files import File, table
from cybercube_portal.pages.dashboards.frame import Frame, frame_of
from cybercube_portal.pages.dashboards.links import denials_url
from cybercube_portal.web import PageRequest, show
from releases.selectors.gate_denials import denials_by_freeze

TYPE_CHECKING = False
if TYPE_CHECKING:
    from changes.models import ChangeRequest, Freeze

AHEAD = timedelta(days=60)
# So many of each kind stand on the page; the list of freezes has the rest.
MOST = 25
MOST_READ = 1000
NOW, COMING, OVER = "active", "upcoming", "past"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A freeze with the occurrence that counts: the one now, the next one, or the last of the period."""

    freeze: Freeze
    phase: str
    span: Span
    words: str
    scope: str
    granted: int
    denied: int
    held: tuple[ChangeRequest, ...]
    url: str
    denied_url: str


@require_safe
def freezes(request: PageRequest) -> HttpResponse:
    """The overview of the period and the 60 days ahead."""
    frame = frame_of(request)
    lines = list(_lines(frame, now=request.now))
    by_phase = {phase: [line for line in lines if line.phase == phase] for phase in (NOW, COMING, OVER)}
    by_phase[OVER].sort(key=_weight)
    looks = {NOW: (_("In force now"), "snowflake"), COMING: (_("In the next 60 days"), "calendar-clock")}
    looks[OVER] = (_("Over"), "history")
    context = {
        **frame.context("dashboard-freezes"),
        "groups": [(*looks[phase], rows[:MOST], max(0, len(rows) - MOST), phase) for phase, rows in by_phase.items()],
        "counts": {
            "now": len(by_phase[NOW]),
            "coming": len(by_phase[COMING]),
            "granted": sum(line.granted for line in lines),
            "denied": sum(line.denied for line in lines),
            "held": len({change.number for line in lines for change in line.held}),
        },
        "is_empty": not lines,
        "csv_url": frame.csv_url("freezes"),
        "freezes_url": reverse("freezes"),
    }
    return show(request, "pages/dashboards/freezes.html", context)


@table("freezes")
def freezes_file(frame: Frame) -> File:
    """The same rows."""
    heads = ("freeze", "title", "kind", "phase", "start", "end", "where", "exceptions", "denials", "held_back")
    return File(
        heads,
        (
            (
                line.freeze.reference,
                line.freeze.title,
                line.freeze.kind,
                line.phase,
                line.span.start,
                line.span.end,
                line.scope,
                line.granted,
                line.denied,
                [change.number for change in line.held],
            )
            for line in _lines(frame, now=frame.now)
        ),
    )


def _lines(frame: Frame, *, now: datetime) -> Iterator[Line]:
    """In the order of their occurrence. Six queries, however many there are."""
    period = frame.period
    rows = freezes_around(period.start, now + AHEAD)
    if period.services is not None:
        names, teams = zip(*period.owned.values(), strict=True) if period.owned else ((), ())
        rows = in_scope(rows, services=names, teams=set(teams), environments=[code.value for code in EnvironmentCode])
    found = sorted(_placed(rows[:MOST_READ], start=period.start, now=now), key=lambda row: row[1].start)
    references = [row.reference for row, _span, _phase in found]
    denied = denials_by_freeze(references, start=period.start, end=period.end, services=period.slugs)
    held = held_back_by((row for row, _span, phase in found if phase != OVER), now=now, until=now + AHEAD)
    facts = {fact.reference: fact for fact in freeze_facts(row for row, _span, _phase in found)}
    for row, span, phase in found:
        yield Line(
            freeze=row,
            phase=phase,
            span=span,
            words=restriction_of(facts[row.reference]).words,
            scope=scope_words(row),
            granted=row.granted,  # type: ignore[attr-defined]
            denied=denied.get(row.reference, 0),
            held=tuple(held.get(row.reference, ())),
            url=reverse("freeze", args=[row.reference]),
            denied_url=denials_url(row.reference, period),
        )


def _placed(rows: Iterable[Freeze], *, start: datetime, now: datetime) -> Iterator[tuple[Freeze, Span, str]]:
    """Each with the occurrence that counts; a lifted one was over when it was lifted."""
    for row in rows:
        ended = row.lifted_at
        spans = occurrences(recurrence_of(row), start, min(ended, now + AHEAD) if ended else now + AHEAD)
        current = next((span for span in spans if span.contains(now)), None) if ended is None else None
        coming = next((span for span in spans if span.start > now), None) if ended is None else None
        if current or coming:
            yield row, current or coming, NOW if current else COMING  # type: ignore[misc]
        elif spans:
            last = spans[-1]
            yield row, Span(last.start, min(last.end, ended)) if ended else last, OVER


def _weight(line: Line) -> tuple[int, int, float]:
    """What cost most first, then the latest."""
    return (-line.denied, -line.granted, -line.span.start.timestamp())
