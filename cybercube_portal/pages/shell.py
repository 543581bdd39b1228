"""The shell: what stands around every page. Read lazily, so that a page that does not draw it pays nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import cybercube_portal
from changes.policy.freezes import restriction_of
from changes.selectors import freezes as freeze_rows
from cybercube_portal.audit.selectors.work import oldest_unclaimed_intent_seconds
from cybercube_portal.pages import preferences
from changes.selectors.waiting import Waiting, waiting_for
from cybercube_portal.web import times

# A freeze is announced this long before it begins; work that waits longer than this is said to be late.
ANNOUNCED = timedelta(days=3)
LATE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Place:
    """One link of the top navigation: `name` is its URL's, `below` what its pages' addresses begin with."""

    name: str
    label: str | Promise
    icon: str
    below: str


# A place appears as soon as its address exists.
PLACES: tuple[Place, ...] = (
    Place("home", gettext_lazy("Home"), "house", ""),
    Place("changes", gettext_lazy("Changes"), "git-pull-request", "/changes/"),
    Place("inbox", gettext_lazy("Inbox"), "inbox", "/inbox/"),
    Place("calendar", gettext_lazy("Calendar"), "calendar", "/calendar/"),
    Place("freezes", gettext_lazy("Freezes"), "snowflake", "/freezes/"),
    Place("gate", gettext_lazy("Gate"), "shield-check", "/gate/"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A Place as it is drawn."""

    name: str
    label: str | Promise
    icon: str
    url: str
    active: bool
    count: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeNotice:
    """A freeze that holds now or soon: its next occurrence and what it forbids, in words."""

    reference: str
    title: str
    words: str
    url: str
    starts_at: datetime
    ends_at: datetime
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """One line across the top of every page."""

    tone: str
    icon: str
    title: str
    text: str
    url: str = ""
    link: str = ""


class Shell:
    """What `base.html` draws for `request`: `places`, `banners`, `theme`, `version`."""

    version = cybercube_portal.__version__
    build = settings.BUILD_GIT_SHA

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.actor = getattr(request, "actor", None)
        self.now: datetime | None = getattr(request, "now", None)

    @property
    def theme(self) -> str:
        """`auto`, `light` or `dark`."""
        return preferences.theme_of(self.request).value

    @property
    def single_keys(self) -> bool:
        """Whether single keys act."""
        return preferences.has_single_keys(self.request)

    @cached_property
    def waiting(self) -> tuple[Waiting, ...]:
        """The changes this person can sign now, longest wait first."""
        return waiting_for(self.actor, now=self.now) if self.actor and self.now else ()

    @cached_property
    def freezes(self) -> tuple[FreezeNotice, ...]:
        """Freezes that hold now or begin soon."""
        return tuple(_notices(self.now)) if self.actor and self.now else ()

    @property
    def places(self) -> list[Link]:
        """The top navigation."""
        counts = {"inbox": len(self.waiting)}
        return [
            Link(
                name=place.name,
                label=place.label,
                icon=place.icon,
                url=url,
                active=self.request.path == url or bool(place.below and self.request.path.startswith(place.below)),
                count=counts.get(place.name),
            )
            for place in PLACES
            if (url := _address(place.name))
        ]

    @property
    def search_url(self) -> str:
        """Where the search field leads."""
        return _address("changes")

    @property
    def banners(self) -> list[Banner]:
        """Freezes, and work that is late."""
        banners = [_freeze_banner(notice, self.now) for notice in self.freezes if self.now]
        late = oldest_unclaimed_intent_seconds(now=self.now) if self.actor and self.now else 0
        if late >= LATE.total_seconds():
            waited = times.length(timedelta(seconds=late))
            text = _("The oldest task has waited %(length)s. Nothing is lost; results come late.") % {"length": waited}
            banners.append(Banner(tone="wait", icon="hourglass", title=_("Verification is delayed"), text=text))
        return banners


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `shell` in every template. One for each request, so nothing is read twice."""
    found = getattr(request, "portal_shell", None)
    if found is None:
        found = request.portal_shell = Shell(request)  # type: ignore[attr-defined]
    return {"shell": found}


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def _notices(now: datetime) -> Iterable[FreezeNotice]:
    rows = list(freeze_rows.published_between(now, now + ANNOUNCED))
    for row, fact in zip(rows, freeze_rows.freeze_facts(rows), strict=True):
        span = freeze_rows.next_occurrence(row, after=now)
        if span is None or span.start >= now + ANNOUNCED:
            continue
        yield FreezeNotice(
            reference=row.reference,
            title=row.title,
            words=restriction_of(fact).words,
            url=fact.url if _address("freezes") else "",
            starts_at=span.start,
            ends_at=span.end,
            active=span.contains(now),
        )


def _freeze_banner(notice: FreezeNotice, now: datetime) -> Banner:
    if notice.active:
        when = _("until %(end)s (%(away)s)") % {
            "end": times.exact(notice.ends_at),
            "away": times.relative(notice.ends_at, now=now),
        }
        title = _("Freeze: %(title)s") % {"title": notice.title}
    else:
        when = _("from %(start)s (%(away)s) until %(end)s") % {
            "start": times.exact(notice.starts_at),
            "away": times.relative(notice.starts_at, now=now),
            "end": times.exact(notice.ends_at),
        }
        title = _("Coming freeze: %(title)s") % {"title": notice.title}
    return Banner(
        tone="bad" if notice.active else "wait",
        icon="snowflake",
        title=title,
        text=f"{when}. {notice.words[:1].upper()}{notice.words[1:]}.",
        url=notice.url,
        link=_("Details"),
    )
