"""Whom a notice reaches: ids of people, by the roles and teams it concerns."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import reduce
from operator import or_

from changes.models import Freeze
from changes.selectors.situation import Situation
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.people import selectors as people
from cybercube_portal.people.actors import Kind
from cybercube_portal.people.roles import Role


def holders_of(roles: Iterable[Role], *, teams: Iterable[str], now: datetime, without: Iterable[str] = ()) -> set[int]:
    """Everybody who holds one of `roles` for one of `teams` or everywhere, but not users `without`."""
    teams, held = tuple(teams), list(roles)
    if not held:
        return set()
    found = reduce(or_, (people.holders(role, now=now, teams=teams) for role in held))
    return set(found.exclude(username__in=list(without)).values_list("pk", flat=True))


def approvers_asked(situation: Situation) -> set[int]:
    """Who can fill a seat that is open: neither the requester nor an editor, and nobody who signed already."""
    change = situation.change
    roles = {role for item in situation.seats if item.signature is None for role in item.seat.roles}
    signed = {fact.person for fact in situation.given}
    without = {change.requester.username, *change.editors, *signed}
    return holders_of(roles, teams=situation.teams, now=situation.now, without=without)


def teams_in(freeze: Freeze) -> frozenset[str]:
    """The teams in a freeze's scope: those named, those of its services, or all; less the excluded ones."""
    if freeze.services:
        teams = catalog.teams_of(freeze.services)
        teams = teams & set(freeze.teams) if freeze.teams else teams
    else:
        teams = frozenset(freeze.teams) or frozenset(people.team_slugs())
    return teams - set(freeze.excluded_teams)


def members_and_holders(teams: frozenset[str], *, now: datetime) -> set[int]:
    """The teams' people and whoever holds a role for them."""
    members = people.users_listed().filter(team__slug__in=sorted(teams), kind=Kind.PERSON)
    return set(members.values_list("pk", flat=True)) | holders_of(Role, teams=teams, now=now)
