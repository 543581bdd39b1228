"""Queries of lists that people keep under a name, for themselves or for their team, and the one a list opens with."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from cybercube_portal.audit.actions import record
from cybercube_portal.errors import Invalid, NotFound
from cybercube_portal.people import permissions
from cybercube_portal.people.actions.recording import lock_user
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.events import PeopleEvent
from cybercube_portal.people.guard import require
from cybercube_portal.people.models import SavedView, Team, UsualView
from cybercube_portal.people.selectors import saved_views
from cybercube_portal.query import parse
from cybercube_portal.query.grammar import LONGEST

# More than a list can show with any use.
MOST = 50
LONGEST_NAME = 60


@transaction.atomic
def save_view(
    *,
    listing: str,
    name: str,
    query: str,
    actor: Actor,
    now: datetime,
    is_shared: bool = False,
    is_usual: bool = False,
) -> SavedView:
    """Keep `query` of the list under `name`; `is_shared`: for everybody in one's own team too; `is_usual`: the list opens with it.

    Raises NotPermitted, Invalid.
    """
    require(actor, permissions.SAVE_VIEW, now=now, owner=actor.username)
    owner = lock_user(actor.username)
    if SavedView.objects.filter(owner=owner, listing=listing).count() >= MOST:
        raise Invalid.field("/name", "view.too_many", f"You have {MOST} views of this list: delete one first.")
    view = SavedView(owner=owner, listing=listing, created_at=now)
    _write(view, name=name, query=query, team=_team(actor, is_shared=is_shared), now=now)
    _record(PeopleEvent.VIEW_SAVED, view, actor=actor, at=now)
    return prefer_view(view_id=view.pk, is_usual=True, actor=actor, now=now) if is_usual else view


@transaction.atomic
def change_view(
    *,
    view_id: int,
    name: str,
    query: str,
    actor: Actor,
    now: datetime,
    is_shared: bool = False,
    is_usual: bool | None = None,
) -> SavedView:
    """Another name, query or company; `is_usual` None leaves what the list opens with. Raises NotFound, NotPermitted, Invalid."""
    lock_user(actor.username)
    view = _lock(view_id, actor)
    require(actor, permissions.CHANGE_VIEW, now=now, owner=view.owner.username)
    # Whoever moved to another team leaves the view where it was shared.
    team = view.team if is_shared and view.team else _team(actor, is_shared=is_shared)
    _write(view, name=name, query=query, team=team, now=now)
    _record(PeopleEvent.VIEW_CHANGED, view, actor=actor, at=now)
    if is_usual is not None and is_usual != view.is_usual:  # type: ignore[attr-defined]  # told by the selector
        prefer_view(view_id=view_id, is_usual=is_usual, actor=actor, now=now)
    return view


@transaction.atomic
def delete_view(*, view_id: int, actor: Actor, now: datetime) -> None:
    """It is gone, for whoever it was shared with too. Raises NotFound, NotPermitted."""
    view = _lock(view_id, actor)
    require(actor, permissions.DELETE_VIEW, now=now, owner=view.owner.username)
    _record(PeopleEvent.VIEW_DELETED, view, actor=actor, at=now)
    view.delete()


@transaction.atomic
def prefer_view(*, view_id: int, is_usual: bool, actor: Actor, now: datetime) -> SavedView:
    """Open the list with this view from now on, or no longer. Raises NotFound, NotPermitted."""
    view = _lock(view_id, actor)
    require(actor, permissions.PREFER_VIEW, now=now, owner=actor.username)
    mine = UsualView.objects.filter(user_id=actor.id, listing=view.listing)
    if is_usual:
        UsualView.objects.update_or_create(user_id=actor.id, listing=view.listing, defaults={"view": view})
    else:
        mine.filter(view=view).delete()
    _record(PeopleEvent.VIEW_PREFERRED, view, actor=actor, at=now, is_usual=is_usual)
    return view


def _lock(view_id: int, actor: Actor) -> SavedView:
    """The view, held until the transaction ends, if `actor` can see it. Raises NotFound."""
    view: SavedView | None = saved_views(actor).select_for_update(of=("self",)).filter(pk=view_id).first()
    if view is None:
        raise NotFound("There is no such view.", code="view.unknown")
    return view


def _team(actor: Actor, *, is_shared: bool) -> Team | None:
    if not is_shared:
        return None
    if actor.team is None:
        raise Invalid.field("/is_shared", "view.no_team", "You belong to no team to share it with.")
    return Team.objects.get(slug=actor.team)


def _write(view: SavedView, *, name: str, query: str, team: Team | None, now: datetime) -> None:
    name, asked = " ".join(name.split()), parse(query)
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid.field("/name", "view.name", f"A name has 1 to {LONGEST_NAME} characters.")
    if asked.cut or len(str(asked)) > LONGEST:
        raise Invalid.field("/query", "view.query", f"A query has at most {LONGEST} characters.")
    others = SavedView.objects.filter(owner=view.owner, listing=view.listing, name=name).exclude(pk=view.pk)
    if others.exists():
        raise Invalid.field("/name", "view.exists", f"You have a view named {name} already.")
    view.name, view.query, view.team, view.updated_at = name, str(asked), team, now
    view.save()


def _record(verb: PeopleEvent, view: SavedView, *, actor: Actor, at: datetime, **data: object) -> None:
    kept = {"list": view.listing, "name": view.name, "query": view.query, "team": view.team.slug if view.team else None}
    record(
        verb,
        object_type="saved_view",
        object_id=str(view.pk),
        subjects=[f"saved_view:{view.pk}", f"user:{actor.username}"],
        actor=actor,
        at=at,
        data={**kept, **data},
    )
