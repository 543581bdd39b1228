"""What the portal asks about people."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from cybercube_portal.errors import NotFound
from cybercube_portal.people.actors import Actor, GrantFact, KeyFact, Kind
from cybercube_portal.people.keys import digest_of, is_well_formed
from cybercube_portal.people.models import ApiKey, Grant, SavedView, Team, UnsentForm, User, UsualView
from cybercube_portal.people.roles import Role, satisfied_by
from cybercube_portal.query import Names

# A key's last use is worth knowing to the minute, not a write on every request.
LAST_USED_RESOLUTION = timedelta(minutes=1)


def grant_fact(grant: Grant) -> GrantFact:
    """The grant as a frozen fact; needs `team` selected."""
    return GrantFact(
        role=Role(grant.role),
        team=grant.team.slug if grant.team else None,
        starts_at=grant.starts_at,
        ends_at=grant.ends_at,
        revoked_at=grant.revoked_at,
    )


def grant_facts(user_ids: Iterable[int]) -> dict[int, tuple[GrantFact, ...]]:
    """Every grant ever given to these users, by user id, in one query."""
    facts: dict[int, list[GrantFact]] = {user_id: [] for user_id in user_ids}
    for grant in Grant.objects.filter(user_id__in=facts).select_related("team"):
        facts[grant.user_id].append(grant_fact(grant))
    return {user_id: tuple(rows) for user_id, rows in facts.items()}


def actor_for(user: User, *, key: KeyFact | None = None) -> Actor:
    """`user` as the value that guards judge (one or two queries)."""
    return Actor(
        id=user.pk,
        username=user.username,
        name=user.get_full_name(),
        kind=Kind(user.kind),
        team=user.team.slug if user.team else None,
        grants=grant_facts([user.pk])[user.pk],
        key=key,
    )


def actor_named(username: str) -> Actor:
    """The active user `username` as an Actor. Raises NotFound."""
    return actor_for(user_named(username))


def live_key(text: str, *, now: datetime) -> ApiKey | None:
    """The key `text` stands for, if it is well formed, known, not expired, not revoked, and its user is active."""
    if not is_well_formed(text):
        return None
    return (
        ApiKey.objects.filter(digest=digest_of(text), revoked_at__isnull=True, user__is_active=True)
        .filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now))
        .select_related("user__team")
        .first()
    )


def key_fact(key: ApiKey) -> KeyFact:
    """The key as a frozen fact."""
    return KeyFact(
        prefix=key.prefix,
        scopes=frozenset(key.scopes),
        services=frozenset(key.services),
        environment=key.environment or None,
        client=key.client,
    )


def note_key_used(key: ApiKey, *, now: datetime) -> None:
    """Keep `last_used_at` to the minute."""
    note_use(key_id=key.pk, last_used_at=key.last_used_at, now=now)


def note_use(*, key_id: int, last_used_at: datetime | None, now: datetime) -> None:
    """The same for a caller that read the key in a statement of its own."""
    if last_used_at is None or now - last_used_at >= LAST_USED_RESOLUTION:
        ApiKey.objects.filter(pk=key_id).update(last_used_at=now)


def holders(role: Role, *, now: datetime, teams: Iterable[str] = ()) -> QuerySet[User]:
    """Active people who hold `role` (or one that implies it) now, for one of `teams` or everywhere."""
    held = Grant.objects.filter(
        Q(team__isnull=True) | Q(team__slug__in=tuple(teams)),
        Q(ends_at__isnull=True) | Q(ends_at__gt=now),
        role__in=satisfied_by(role),
        starts_at__lte=now,
        revoked_at__isnull=True,
    )
    return User.objects.filter(is_active=True, kind=Kind.PERSON, pk__in=held.values("user_id"))


def teams_with(role: Role, *, teams: Iterable[str], at: datetime) -> frozenset[str]:
    """Those of `teams` for which somebody active holds `role` at that moment; whoever holds it everywhere holds it for each. One query."""
    wanted = frozenset(teams)
    held = Grant.objects.filter(
        Q(team__isnull=True) | Q(team__slug__in=wanted),
        Q(ends_at__isnull=True) | Q(ends_at__gt=at),
        role__in=satisfied_by(role),
        starts_at__lte=at,
        revoked_at__isnull=True,
        user__is_active=True,
        user__kind=Kind.PERSON,
    )
    found = set(held.values_list("team__slug", flat=True).distinct())
    return wanted if None in found else wanted & found


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who holds a role now."""

    username: str
    name: str
    role: Role


def grants_of_or_for(
    users: Iterable[int], roles: Iterable[Role], *, teams: Iterable[str], now: datetime
) -> tuple[dict[int, tuple[GrantFact, ...]], tuple[Holder, ...]]:
    """Every grant ever given to `users`, by user id, and who holds one of `roles` now for `teams` or everywhere. One query."""
    known, wanted, places = frozenset(users), frozenset(roles), frozenset(teams)
    if not known and not wanted:
        return {}, ()
    rows = Grant.objects.filter(Q(user_id__in=known) | Q(role__in=wanted, user__is_active=True, user__kind=Kind.PERSON))
    facts: dict[int, list[GrantFact]] = {user_id: [] for user_id in known}
    holders = []
    for row in rows.select_related("user", "team").order_by("user__name", "id"):
        fact = grant_fact(row)
        if row.user_id in facts:
            facts[row.user_id].append(fact)
        if fact.role in wanted and row.user.is_active and fact.holds(at=now) and fact.covers(places):
            holders.append(Holder(row.user.username, row.user.get_full_name(), fact.role))
    return {user_id: tuple(found) for user_id, found in facts.items()}, tuple(holders)


def team_named(slug: str) -> Team:
    """Raises NotFound."""
    team = Team.objects.filter(slug=slug).first()
    if team is None:
        raise NotFound(f"There is no team {slug}.", code="team.unknown")
    return team


def team_slugs() -> set[str]:
    """Every team's slug."""
    return set(Team.objects.values_list("slug", flat=True))


def keys_of(user: User) -> QuerySet[ApiKey]:
    """A user's keys, live ones first."""
    return ApiKey.objects.filter(user=user).order_by(F("revoked_at").asc(nulls_first=True), "-created_at")


def grants_listed(*, username: str | None = None, role: str | None = None, team: str | None = None) -> QuerySet[Grant]:
    """All grants with what a list shows, perhaps only of one user, role or team."""
    wanted = {"user__username": username, "role": role, "team__slug": team}
    grants = Grant.objects.filter(**{name: value for name, value in wanted.items() if value is not None})
    return grants.select_related("user", "team", "granted_by").order_by("user__username", "role", "id")


def user_named(username: str) -> User:
    """The active user with the home team. Raises NotFound."""
    user = User.objects.filter(username=username, is_active=True).select_related("team").first()
    if user is None:
        raise NotFound(f"There is no user {username}.", code="user.unknown")
    return user


def persons(ids: Iterable[int]) -> QuerySet[User]:
    """The active people among these; a service account is nobody one tells anything."""
    return User.objects.filter(pk__in=list(ids), is_active=True, kind=Kind.PERSON)


def names_of(usernames: Iterable[str]) -> dict[str, str]:
    """The names people and service accounts go by, by user name; one nobody has is left out."""
    rows = User.objects.filter(username__in=list(usernames))
    return {user.username: user.get_full_name() for user in rows}


def users_listed(*, team: str | None = None) -> QuerySet[User]:
    """Active users with their home team, perhaps only of one team."""
    users = User.objects.filter(is_active=True).select_related("team")
    return users if team is None else users.filter(team__slug=team)


def teams_listed() -> QuerySet[Team]:
    """All teams."""
    return Team.objects.all()


def keys_listed(*, owner: str | None, username: str | None = None) -> QuerySet[ApiKey]:
    """Keys of `owner` (None: of everybody), perhaps only those of `username`."""
    keys = ApiKey.objects.select_related("user")
    for name in (owner, username):
        keys = keys if name is None else keys.filter(user__username=name)
    return keys


def grants_in_force(username: str, *, now: datetime) -> list[Grant]:
    """The grants a user holds now or will hold, with their teams."""
    return [
        grant
        for grant in Grant.objects.filter(user__username=username).select_related("team").order_by("starts_at", "id")
        if standing_of(grant, now=now) in {"in_force", "upcoming"}
    ]


def standing_of(grant: Grant, *, now: datetime) -> str:
    """`upcoming`, `in_force`, `ended` or `revoked` at `now`; needs `team` selected."""
    if grant.revoked_at is not None:
        return "revoked"
    if grant_fact(grant).holds(at=now):
        return "in_force"
    return "upcoming" if grant.starts_at > now else "ended"


def user_ids(usernames: Collection[str]) -> dict[str, int]:
    """Ids of the known ones of these, gone people too: lists still name them. One query."""
    return dict(User.objects.filter(username__in=usernames).values_list("username", "pk"))


def team_ids(slugs: Collection[str]) -> dict[str, int]:
    """Ids of the known ones of these teams. One query."""
    return dict(Team.objects.filter(slug__in=slugs).values_list("slug", "pk"))


TEAM_NAMES = Names(find=team_ids, every=team_slugs)
PEOPLE = Names(find=user_ids, every=lambda: User.objects.values_list("username", flat=True))


def saved_views(actor: Actor, *, listing: str | None = None) -> QuerySet[Any]:
    """Views of this person and those shared with their team, perhaps only of one list, each with `is_usual`."""
    usual = UsualView.objects.filter(user_id=actor.id, view=OuterRef("pk"))
    seen = Q(owner_id=actor.id) | Q(team__slug=actor.team) if actor.team else Q(owner_id=actor.id)
    rows = SavedView.objects.filter(seen).select_related("owner", "team").annotate(is_usual=Exists(usual))
    return rows if listing is None else rows.filter(listing=listing)


def get_saved_view(view_id: int, actor: Actor) -> Any:  # noqa: ANN401 - a SavedView with `is_usual`
    """Raises NotFound for what this person cannot see."""
    view = saved_views(actor).filter(pk=view_id).first()
    if view is None:
        raise NotFound("There is no such view.", code="view.unknown")
    return view


def unsent_forms_at(actor: Actor, address: str) -> QuerySet[UnsentForm]:
    """What this person typed at `address` and did not send, one for each tab, the one touched last first; nobody else's can be named."""
    return UnsentForm.objects.filter(owner_id=actor.id, address=address)


def unsent_forms(actor: Actor) -> QuerySet[UnsentForm]:
    """Every form this person did not send, the one touched last first, without what was typed."""
    return UnsentForm.objects.filter(owner_id=actor.id).defer("fields")
