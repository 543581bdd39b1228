"""The shell: what stands around every page. Read lazily, so that a page that does not draw it pays nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

import cybercube_portal
from changes.selectors.waiting import Waiting, waiting_for
from cybercube_portal.audit.selectors.work import oldest_unclaimed_intent_seconds
from cybercube_portal.pages import preferences, remembered
from cybercube_portal.pages.notices import Banner, FreezeNotice, freeze_banners, freeze_notices, late_banner
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import may
from cybercube_portal.record.permissions import READ_RECORD

# Work that waits longer than this is said to be late.
LATE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Place:
    """One link of the top navigation: `name` is its URL's, `below` what its pages' addresses begin with.

    `aside`: behind "More" where there is room for a row of links; on a phone every place is in one list. `key`: after `g`.
    """

    name: str
    label: str | Promise
    icon: str
    below: str = ""
    aside: bool = False
    key: str = ""


# A place appears as soon as its address exists. Seven stand in the row; a new one goes aside.
PLACES: tuple[Place, ...] = (
    Place("home", _("Home"), "house", key="h"),
    Place("changes", _("Changes"), "git-pull-request", "/changes/", key="c"),
    Place("inbox", _("Inbox"), "inbox", "/inbox/", key="i"),
    Place("services", _("Services"), "server", "/services/", key="s"),
    Place("deployments", _("Deployments"), "rocket", "/deployments/", key="d"),
    Place("releases", _("Releases"), "package", "/releases/", key="r"),
    Place("flags", _("Flags"), "flag", "/flags/", aside=True, key="f"),
    Place("calendar", _("Calendar"), "calendar", "/calendar/", aside=True, key="k"),
    Place("freezes", _("Freezes"), "snowflake", "/freezes/", aside=True, key="z"),
    Place("gate", _("Gate"), "shield-check", "/gate/", aside=True, key="a"),
    Place("cab", _("CAB"), "users", "/cab/", aside=True, key="m"),
    Place("incidents", _("Incidents"), "siren", "/incidents/", aside=True, key="x"),
    Place("dashboards", _("Dashboards"), "chart-column", "/dashboards/", aside=True, key="b"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A Place as it is drawn."""

    name: str
    label: str | Promise
    icon: str
    url: str
    active: bool
    aside: bool
    key: str


class Shell:
    """What `base.html` draws for `request`: `places`, `banners`, `theme`, `version`.

    Costs two queries when nothing is remembered, none otherwise; `waiting` costs four more on the pages that ask for it.
    """

    version = cybercube_portal.__version__
    build = settings.BUILD_GIT_SHA

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.actor: Actor | None = getattr(request, "actor", None)
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
    def _recalled(self) -> dict[str, Any]:
        own = [remembered.waiting_key(self.actor.id), remembered.unread_key(self.actor.id)] if self.actor else []
        return remembered.recall([*own, remembered.FREEZES, remembered.LATE])

    @cached_property
    def waiting(self) -> tuple[Waiting, ...]:
        """The changes this person can sign now, longest wait first."""
        if self.actor is None or self.now is None:
            return ()
        found = waiting_for(self.actor, now=self.now)
        remembered.keep(remembered.waiting_key(self.actor.id), len(found))
        return found

    def know(self, waiting: tuple[Waiting, ...]) -> None:
        """Take what waits from a page that read it with something else."""
        self.waiting = waiting
        if self.actor is not None:
            remembered.keep(remembered.waiting_key(self.actor.id), len(waiting))

    @property
    def waiting_count(self) -> int | None:
        """How many wait; None while it is not known, and the page asks for it once it stands."""
        if "waiting" in self.__dict__:
            return len(self.waiting)
        count: int | None = self._recalled.get(remembered.waiting_key(self.actor.id)) if self.actor else 0
        return count

    @property
    def unread_count(self) -> int | None:
        """How many notices were not marked as read; None while it is not known, and the page asks for it once it stands."""
        count: int | None = self._recalled.get(remembered.unread_key(self.actor.id)) if self.actor else 0
        return count

    @cached_property
    def freezes(self) -> tuple[FreezeNotice, ...]:
        """Freezes that hold now or begin soon."""
        now = self.now
        if self.actor is None or now is None:
            return ()
        notices: list[FreezeNotice] | None = self._recalled.get(remembered.FREEZES)
        if notices is None:
            notices = freeze_notices(now)
            remembered.keep(remembered.FREEZES, notices)
        return tuple(notice for notice in notices if now < notice.ends_at)

    @cached_property
    def late(self) -> timedelta:
        """How long the oldest piece of work has waited for a worker."""
        if self.actor is None or self.now is None:
            return timedelta(0)
        seconds: float | None = self._recalled.get(remembered.LATE)
        if seconds is None:
            seconds = oldest_unclaimed_intent_seconds(now=self.now)
            remembered.keep(remembered.LATE, seconds)
        return timedelta(seconds=seconds)

    @property
    def aside(self) -> list[Link]:
        """What stands behind "More"."""
        return [place for place in self.places if place.aside]

    @property
    def is_aside(self) -> bool:
        """Whether this page is one of those."""
        return any(place.active for place in self.aside)

    @cached_property
    def places(self) -> list[Link]:
        """The top navigation."""
        here = self.request.path
        return [
            Link(
                name=place.name,
                label=place.label,
                icon=place.icon,
                url=url,
                active=here == url or bool(place.below and here.startswith(place.below)),
                aside=place.aside,
                key=place.key,
            )
            for place in PLACES
            if (url := _address(place.name))
        ]

    @property
    def audit_url(self) -> str:
        """Where the audit pages are; empty for whoever may not read them."""
        if self.actor is None or self.now is None or not may(self.actor, READ_RECORD, now=self.now).allowed:
            return ""
        return _address("audit")

    @property
    def banners(self) -> list[Banner]:
        """Freezes, and work that is late."""
        late = [late_banner(self.late)] if self.late >= LATE else []
        return [*(freeze_banners(self.freezes, self.now) if self.now else ()), *late]


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `shell` in every template. One for each request, so nothing is read twice."""
    return {"shell": shell_of(request)}


def shell_of(request: HttpRequest) -> Shell:
    """The request's Shell."""
    found: Shell | None = getattr(request, "portal_shell", None)
    if found is None:
        found = request.portal_shell = Shell(request)  # type: ignore[attr-defined]
    return found


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
