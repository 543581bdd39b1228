"""What everybody is told across the top of every page: freezes that hold or come, and work that is late."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import is_valid_path
from django.utils.translation import gettext as _

from changes.policy.freezes import restriction_of
from changes.selectors import freezes as freeze_rows
from cybercube_portal.web import times
from cybercube_portal.web.sentences import in_words

# A freeze is announced this long before it begins.
ANNOUNCED = timedelta(days=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeNotice:
    """A published freeze whose next occurrence holds or begins soon; `words` say what it forbids."""

    title: str
    words: str
    url: str
    starts_at: datetime
    ends_at: datetime

    def is_active(self, now: datetime) -> bool:
        """Whether it holds."""
        return self.starts_at <= now < self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """One line of `components/banner.html`; `tone` of `web.badges`."""

    tone: str
    icon: str
    title: str
    text: str
    url: str = ""
    link: str = ""


def freeze_notices(now: datetime) -> list[FreezeNotice]:
    """Freezes that hold at `now` or begin within ANNOUNCED, the soonest end first (one query)."""
    rows = list(freeze_rows.published_between(now, now + ANNOUNCED))
    spans = [freeze_rows.next_occurrence(row, after=now) for row in rows]
    notices = [
        FreezeNotice(
            title=row.title,
            words=restriction_of(fact).words,
            url=fact.url if is_valid_path(fact.url) else "",
            starts_at=span.start,
            ends_at=span.end,
        )
        for row, fact, span in zip(rows, freeze_rows.freeze_facts(rows), spans, strict=True)
        if span is not None and span.start < now + ANNOUNCED
    ]
    return sorted(notices, key=lambda notice: (notice.starts_at > now, notice.starts_at))


def freeze_banners(notices: Iterable[FreezeNotice], now: datetime) -> list[Banner]:
    """One line each: what, until when, what it forbids."""
    return [_active(notice, now) if notice.is_active(now) else _coming(notice, now) for notice in notices]


def _active(notice: FreezeNotice, now: datetime) -> Banner:
    said = {"end": times.exact(notice.ends_at), "away": times.relative(notice.ends_at, now=now)}
    return Banner(
        tone="bad",
        icon="snowflake",
        title=_("Freeze: %(title)s") % {"title": notice.title},
        text=_sentences(in_words(notice.words), _("Until %(end)s, %(away)s") % said),
        url=notice.url,
        link=_("Details"),
    )


def _coming(notice: FreezeNotice, now: datetime) -> Banner:
    said = {"start": times.exact(notice.starts_at), "away": times.relative(notice.starts_at, now=now)}
    return Banner(
        tone="wait",
        icon="snowflake",
        title=_("Coming freeze: %(title)s") % {"title": notice.title},
        text=_sentences(in_words(notice.words), _("From %(start)s, %(away)s") % said),
        url=notice.url,
        link=_("Details"),
    )


def late_banner(late: timedelta) -> Banner:
    """Work that no worker took for `late`."""
    text = _("The oldest task has waited %(length)s. Nothing is lost; results come late.")
    return Banner(
        tone="wait",
        icon="hourglass",
        title=_("Verification is delayed"),
        text=text % {"length": times.length(late)},
    )


def _sentences(*parts: str) -> str:
    return " ".join(f"{part[:1].upper()}{part[1:]}." for part in parts)
