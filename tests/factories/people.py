"""The cast of api.md: who may do what in every test, the same names as in `manage.py demo`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.hashers import make_password
from factory.declarations import LazyAttribute, LazyFunction, Sequence, SubFactory
from factory.django import DjangoModelFactory

from cybercube_portal.people.actors import Actor, Kind
from cybercube_portal.people.models import Grant, Team, User
from cybercube_portal.people.roles import Role
from cybercube_portal.people.selectors import actor_for

PASSWORD = "correct-horse-battery-staple"
HIRED = datetime(2025, 1, 6, 9, tzinfo=UTC)

TEAMS = {"payments": "Payments", "search": "Search", "platform": "Platform"}

# username, name, home team, role, the team it is held for (None: everywhere)
PEOPLE: tuple[tuple[str, str, str, Role, str | None], ...] = (
    ("alice", "Alice Arnold", "payments", Role.ENGINEER, "payments"),
    ("bob", "Bob Baker", "payments", Role.TECH_LEAD, "payments"),
    ("carol", "Carol Castro", "platform", Role.PRODUCT, None),
    ("dan", "Dan Dahl", "platform", Role.OPS, None),
    ("erin", "Erin Eriksen", "platform", Role.DBA, None),
    ("frank", "Frank Fuchs", "platform", Role.SECURITY, None),
    ("grace", "Grace Gupta", "platform", Role.ON_CALL, None),
    ("heidi", "Heidi Holm", "platform", Role.ON_CALL_LEAD, None),
    ("ivan", "Ivan Ito", "platform", Role.ENGINEERING_MANAGER, None),
    ("judy", "Judy Jones", "platform", Role.VP_ENGINEERING, None),
    ("kim", "Kim Kaya", "platform", Role.AUDITOR, None),
    ("oscar", "Oscar Okafor", "search", Role.ENGINEER, "search"),
    ("sybil", "Sybil Sato", "search", Role.TECH_LEAD, "search"),
    ("admin", "Ada Admin", "platform", Role.ADMIN, None),
)
SERVICE_ACCOUNTS = {"ci-payments": "payments", "ci-search": "search"}


class TeamFactory(DjangoModelFactory[Team]):
    class Meta:
        model = Team
        django_get_or_create = ("slug",)

    slug = Sequence(lambda number: f"team-{number}")
    name = LazyAttribute(lambda team: team.slug.title())


class UserFactory(DjangoModelFactory[User]):
    """A person without roles. `password` is PASSWORD."""

    class Meta:
        model = User
        django_get_or_create = ("username",)

    username = Sequence(lambda number: f"person-{number}")
    name = LazyAttribute(lambda user: user.username.title())
    email = LazyAttribute(lambda user: f"{user.username}@example.com")
    kind = Kind.PERSON
    password = LazyFunction(lambda: make_password(PASSWORD))


class GrantFactory(DjangoModelFactory[Grant]):
    """A role held everywhere since HIRED."""

    class Meta:
        model = Grant

    user = SubFactory(UserFactory)
    role = Role.ENGINEER
    starts_at = HIRED


class Cast:
    """Everybody by name: `cast.alice` is a User, `cast.actor("alice")` what guards and actions take."""

    def __init__(self, users: dict[str, User]) -> None:
        self.users = users

    def __getattr__(self, username: str) -> User:
        try:
            return self.users[username]
        except KeyError:
            raise AttributeError(username) from None

    def __getitem__(self, username: str) -> User:
        return self.users[username]

    def actor(self, username: str, **key: Any) -> Actor:
        """The user as an Actor with the grants it holds in the database now."""
        return actor_for(self.users[username], **key)


def build_cast() -> Cast:
    """Write teams, people, grants and service accounts."""
    # Every second test has them: three statements, and no factory's detours.
    made = Team.objects.bulk_create(Team(slug=slug, name=name) for slug, name in TEAMS.items())
    teams = {team.slug: team for team in made}
    password = make_password(PASSWORD)
    users = [
        User(username=username, name=name, email=f"{username}@example.com", team=teams[team], password=password)
        for username, name, team, _, _ in PEOPLE
    ]
    users += [
        User(username=username, name=username.title(), team=teams[team], kind=Kind.SERVICE, password="!")
        for username, team in SERVICE_ACCOUNTS.items()
    ]
    by_name = {user.username: user for user in User.objects.bulk_create(users)}
    Grant.objects.bulk_create(
        Grant(user=by_name[username], role=role, team=teams[scope] if scope else None, starts_at=HIRED)
        for username, _, _, role, scope in PEOPLE
    )
    return Cast(by_name)
