"""Going anywhere: places, actions and things by a few letters, for the palette and the search field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from changes import permissions as changing
from changes.selectors.needed import found_changes
from cybercube_portal.catalog.finding import found_services, services_holding
from cybercube_portal.pages.shell import PLACES
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import Permission, may_anywhere
from cybercube_portal.record.permissions import READ_RECORD
from flags import permissions as switching
from flags.selectors.needed import found_flags
from releases import permissions as releasing
from releases.selectors.needed import found_deployments, found_incidents, found_releases

LONGEST = 200
SHORTEST = 2
# Fewer letters than a trigram has no index knows: what grows without end is looked for from here on.
INDEXED = 3
EACH = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Somewhere to go that is always there. `also` are other words for it; `asks` who may."""

    label: str | Promise
    icon: str
    page: str
    query: str = ""
    also: str | Promise = ""
    asks: Permission | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return reverse(self.page) + self.query


ACTIONS: tuple[Way, ...] = (
    Way(label=_("New change"), icon="plus", page="change-new", also=_("file request normal standard")),
    Way(label=_("New emergency"), icon="siren", page="change-new", query="?type=emergency", also=_("hotfix outage")),
    Way(label=_("New release"), icon="package", page="release-new", asks=releasing.OPEN_RELEASE),
    Way(label=_("Ask the gate"), icon="shield-check", page="gate-ask", also=_("decision may deploy")),
    Way(label=_("Roll back a deployment"), icon="undo-2", page="deployments", also=_("revert undo")),
    Way(label=_("Kill a flag"), icon="power-off", page="flags", also=_("switch off toggle"), asks=switching.KILL_FLAG),
    Way(label=_("New flag"), icon="flag", page="flag-new", also=_("toggle"), asks=switching.CREATE_FLAG),
    Way(label=_("Report an incident"), icon="siren", page="incident-new", asks=releasing.REPORT_INCIDENT),
    Way(label=_("New freeze"), icon="snowflake", page="freeze-new", asks=changing.CREATE_FREEZE),
    Way(label=_("Plan a migration"), icon="database", page="migration-new", asks=releasing.PLAN_MIGRATION),
    Way(label=_("Plan a CAB meeting"), icon="users", page="cab-new", asks=changing.PLAN_MEETING),
)
MORE: tuple[Way, ...] = (
    Way(label=_("Templates of standard changes"), icon="repeat", page="templates"),
    Way(label=_("Deployment windows"), icon="clock", page="windows"),
    Way(label=_("Migrations"), icon="database", page="migrations"),
    Way(label=_("Compliance"), icon="list-checks", page="compliance"),
    Way(label=_("Environments"), icon="server", page="environments", also=_("isolation")),
    Way(label=_("Conventions"), icon="spell-check", page="conventions", also=_("branch commit version names")),
    Way(label=_("Audit"), icon="scroll-text", page="audit", also=_("record events chain"), asks=READ_RECORD),
    Way(label=_("Notifications"), icon="bell", page="notifications", also=_("mail watch choices")),
    Way(label=_("Profile"), icon="user", page="profile", also=_("theme time zone password keys")),
    Way(label=_("API keys"), icon="key-round", page="keys", also=_("token")),
    Way(label=_("People and roles"), icon="users", page="people", also=_("team grant")),
)
WAYS: tuple[Way, ...] = (
    *(Way(label=place.label, icon=place.icon, page=place.name) for place in PLACES),
    *MORE,
)
# Kind: (its page, its icon, its kind of badge). Incidents have no page of their own: their list shows the one.
THINGS: Mapping[str, tuple[str, str, str]] = {
    "change": ("change", "git-pull-request", "change_state"),
    "service": ("service", "server", ""),
    "release": ("release", "package", "release_state"),
    "deployment": ("deployment", "rocket", "deployment_state"),
    "flag": ("flag", "flag", ""),
    "incident": ("incidents", "siren", ""),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One line: where it leads, how it is called, and what stands beside it."""

    url: str
    label: str | Promise
    icon: str
    reference: str = ""
    badge: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Lines under one word."""

    label: str | Promise
    lines: tuple[Found, ...]


def find(text: str, *, actor: Actor, now: datetime) -> tuple[Group, ...]:
    """What `text` may mean, in groups; everything that is always there for none. Two queries at most."""
    wanted = " ".join(text.split())
    groups = (
        Group(label=_("Things"), lines=tuple(_things(wanted)) if len(wanted) >= SHORTEST else ()),
        Group(label=_("Do"), lines=tuple(_ways(ACTIONS, wanted, actor, now))),
        Group(label=_("Go to"), lines=tuple(_ways(WAYS, wanted, actor, now))),
    )
    return tuple(group for group in groups if group.lines)


def _ways(ways: Iterable[Way], text: str, actor: Actor, now: datetime) -> Iterator[Found]:
    words = text.casefold().split()
    for way in ways:
        name = f"{way.label} {way.also}".casefold()
        if all(word in name for word in words) and (way.asks is None or may_anywhere(actor, way.asks, now=now)):
            yield Found(url=way.url, label=way.label, icon=way.icon)


def _things(text: str) -> Iterator[Found]:
    parts = [found_services(text, most=EACH), found_flags(text, most=EACH)]
    if len(text) >= INDEXED:
        services = services_holding(text.split())
        parts += [
            found_changes(text, most=EACH),
            found_releases(text, services=services, most=EACH),
            found_deployments(text, services=services, most=EACH),
            found_incidents(text, most=EACH),
        ]
    rows = list(parts[0].union(*parts[1:], all=True))
    exact = text.casefold()
    kinds = list(THINGS)
    rows.sort(key=lambda row: (row[1].casefold() != exact, kinds.index(row[0])))
    for kind, reference, title, state in rows:
        page, icon, badge = THINGS[kind]
        url = reverse(page) + f"?q={reference}" if kind == "incident" else reverse(page, args=[reference])
        yield Found(url=url, label=title or reference, icon=icon, reference=reference, badge=badge, state=state)
