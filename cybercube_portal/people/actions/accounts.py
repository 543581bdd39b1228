"""People, service accounts and teams, and what a person sets about themselves."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.core.validators import validate_email, validate_slug
from django.db import transaction

from cybercube_portal.audit.actions import record
from cybercube_portal.errors import Conflict, FieldError, Invalid
from cybercube_portal.people import permissions
from cybercube_portal.people.actions.recording import lock_user, record_user
from cybercube_portal.people.actors import OPERATOR, Actor, Kind
from cybercube_portal.people.events import PeopleEvent
from cybercube_portal.people.guard import require
from cybercube_portal.people.models import Team, User
from cybercube_portal.people.selectors import actor_for

PORTAL_ACCOUNT = "portal"


@transaction.atomic
def add_team(*, slug: str, name: str, actor: Actor, now: datetime) -> Team:
    """A team that owns services. Raises NotPermitted, Invalid, Conflict `team.exists`."""
    require(actor, permissions.ADD_PERSON, now=now)
    _slug("/slug", slug)
    if Team.objects.filter(slug=slug).exists():
        raise Conflict(f"There is a team {slug} already.", code="team.exists")
    team = Team.objects.create(slug=slug, name=name.strip() or slug)
    record(
        PeopleEvent.TEAM_ADDED,
        object_type="team",
        object_id=slug,
        subjects=[f"team:{slug}"],
        actor=actor,
        at=now,
        data={"name": team.name},
    )
    return team


@transaction.atomic
def add_person(
    *,
    username: str,
    name: str,
    actor: Actor,
    now: datetime,
    team: str | None = None,
    email: str = "",
    kind: Kind = Kind.PERSON,
    password: str | None = None,
    timezone: str = "UTC",
) -> User:
    """Somebody who can sign in (or, as a service account, only call). They hold no role until one is granted.

    Raises NotPermitted, Invalid, Conflict `user.exists`.
    """
    require(actor, permissions.ADD_PERSON, now=now)
    _slug("/username", username)
    if username == PORTAL_ACCOUNT and kind is not Kind.SERVICE:
        raise Invalid.field("/username", "user.name_reserved", f"{PORTAL_ACCOUNT} is the name of the portal itself.")
    if User.objects.filter(username=username).exists():
        raise Conflict(f"There is a user {username} already.", code="user.exists")
    if timezone not in permissions.TIMEZONES:
        raise Invalid.field("/timezone", "user.timezone_unknown", f"{timezone} is not an IANA time zone.")
    if email:
        try:
            validate_email(email)
        except ValidationError as error:
            raise Invalid.field("/email", "user.email", "This is not a mail address.") from error
    home = Team.objects.filter(slug=team).first() if team else None
    if team and home is None:
        raise Invalid.field("/team", "team.unknown", f"There is no team {team}.")
    user = User(username=username, name=name.strip() or username, email=email, kind=kind, team=home, timezone=timezone)
    user.date_joined = now
    if kind is Kind.SERVICE or password is None:
        user.set_unusable_password()
    else:
        _strong(password, user)
        user.set_password(password)
    user.save(force_insert=True)
    record_user(PeopleEvent.PERSON_ADDED, user, actor, now, name=user.name, kind=kind.value, team=team)
    return user


@transaction.atomic
def portal_account(*, now: datetime) -> Actor:
    """The service account in whose name the portal files what it found; made when it is first needed. It holds no role and no key.

    Raises Conflict when a person goes by its name.
    """
    user = User.objects.filter(username=PORTAL_ACCOUNT).select_related("team").first()
    if user is None:
        user = add_person(username=PORTAL_ACCOUNT, name="The portal", kind=Kind.SERVICE, actor=OPERATOR, now=now)
    if user.kind != Kind.SERVICE:
        raise Conflict(f"{PORTAL_ACCOUNT} is the name of a person here.", code="user.name_reserved")
    return actor_for(user)


@transaction.atomic
def set_timezone(*, actor: Actor, timezone: str, now: datetime) -> User:
    """Set the zone a person reads times in. Raises Invalid for an unknown IANA name."""
    if timezone not in permissions.TIMEZONES:
        raise Invalid.field("/timezone", "user.timezone_unknown", f"{timezone} is not an IANA time zone.")
    user = lock_user(actor.username)
    before, user.timezone = user.timezone, timezone
    user.save(update_fields=["timezone"])
    record_user(PeopleEvent.PREFERENCES_CHANGED, user, actor, now, timezone=timezone, before=before)
    return user


@transaction.atomic
def set_password(*, actor: Actor, password: str, now: datetime) -> User:
    """Set one's own password. Raises Invalid with every rule of Django's validators it breaks."""
    user = lock_user(actor.username)
    _strong(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    record_user(PeopleEvent.PREFERENCES_CHANGED, user, actor, now, password="changed")  # noqa: S106 - says that, not what
    return user


def _slug(pointer: str, text: str) -> None:
    try:
        validate_slug(text)
    except ValidationError as error:
        raise Invalid.field(pointer, "name.form", "Use letters, digits, “-” and “_”.") from error


def _strong(password: str, user: User) -> None:
    try:
        password_validation.validate_password(password, user)
    except ValidationError as error:
        raise Invalid([FieldError("/password", "user.password_weak", text) for text in error.messages]) from error
