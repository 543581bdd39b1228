"""Deployment windows: where one matches the service, normal changes deploy only inside (domain.md section 4). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from changes.policy.recurrence import Recurrence, occurrences
from changes.policy.scope import Action, Scope, Subject
from changes.policy.spans import Span, at_instant, intersect, merge
from changes.states import ChangeType
from cybercube_portal.decisions import Reason, failed, passed, pending, skipped, utc_text

SECTION = "§6.3"
LOOK_AHEAD = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A time in which normal changes may deploy. Several that match add up."""

    reference: str
    title: str
    recurrence: Recurrence
    scope: Scope = field(default_factory=Scope)


def needs_window(subject: Subject) -> bool:
    """Only normal changes wait for a window; a rollback never does (R7)."""
    return subject.judged_type is ChangeType.NORMAL and subject.action is not Action.ROLLBACK


def judge_window(windows: Iterable[Window], subject: Subject, at: datetime) -> Reason:
    """Is a window open for the subject? Pending while one will open within a year."""
    if not needs_window(subject):
        return skipped("window.not_needed", SECTION, "Deployment windows hold normal changes only.")
    matching = _matching(windows, subject)
    if not matching:
        return passed("window.none", SECTION, f"{subject.service} has no deployment windows in {subject.environment}.")
    now = at_instant(at)
    for window in matching:
        for span in occurrences(window.recurrence, now.start, now.end):
            return passed(
                "window.open", SECTION, f"{window.title} is open.", window=window.reference, end=span.end.isoformat()
            )
    ahead = _spans(matching, at, at + LOOK_AHEAD)
    titles = ", ".join(window.title for window in matching)
    if not ahead:
        return failed(
            "window.closed",
            SECTION,
            f"{subject.service} deploys only in its windows ({titles}), and none opens within a year.",
            "Add a deployment window for the service, or remove those that are over.",
            ("Ops",),
        )
    return pending(
        "window.closed",
        SECTION,
        f"{subject.service} deploys only in its windows ({titles}). The next opens {utc_text(ahead[0].start)}.",
        "Wait for the window.",
        next_open=ahead[0].start.isoformat(),
        windows=[window.reference for window in matching],
    )


def open_spans(windows: Iterable[Window], subject: Subject, start: datetime, end: datetime) -> tuple[Span, ...] | None:
    """When in `[start, end)` a window is open, merged; None when no window restricts the subject."""
    matching = _matching(windows, subject)
    if not matching or not needs_window(subject):
        return None
    return _spans(matching, start, end)


def _matching(windows: Iterable[Window], subject: Subject) -> tuple[Window, ...]:
    return tuple(window for window in windows if window.scope.includes(subject))


def _spans(windows: Iterable[Window], start: datetime, end: datetime) -> tuple[Span, ...]:
    found = merge(span for window in windows for span in occurrences(window.recurrence, start, end))
    return intersect(found, (Span(start, end),))
