"""Everything the page of one change shows, in eight queries whatever happened to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject

from changes.models import ChangeRequest, Comment, ContentVersion, FreezeException, Signature
from changes.policy.content import FieldChange
from changes.selectors.changes import with_people
from changes.selectors.differences import difference_from
from changes.selectors.situation import Situation, signature_views
from cybercube_portal.errors import NotFound
from cybercube_portal.notices.selectors.watches import watching
from cybercube_portal.people.roles import Role
from cybercube_portal.people.selectors import Holder, grants_of_or_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One comment."""

    id: int
    username: str
    name: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A freeze that the change may pass, and who let it."""

    freeze_id: int
    reference: str
    title: str
    username: str
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePage:
    """`holders` could fill a seat of the plan; `since_mine` is what changed since the reader last signed; `is_watched` by them."""

    situation: Situation
    comments: tuple[Said, ...]
    exceptions: tuple[Passed, ...]
    holders: tuple[Holder, ...]
    since_mine: tuple[FieldChange, ...]
    is_watched: bool


def change_page(number: str, *, reader: int, now: datetime) -> ChangePage:
    """`reader` is a user's id. Raises NotFound."""
    rows = with_people(ChangeRequest.objects.filter(number=number))
    change: Any = rows.annotate(
        said=ArraySubquery(_said()),
        let_pass=ArraySubquery(_let_pass()),
        read=Subquery(_read_by(reader)),
        is_watched=watching(reader, OuterRef("number")),
    ).first()
    if change is None:
        raise NotFound(f"There is no change {number}.", code="change.unknown")
    situation = Situation(change, now=now)
    exceptions = tuple(Passed(**{**one, "at": datetime.fromisoformat(one["at"])}) for one in change.let_pass)
    situation.passed_freezes = frozenset(one.freeze_id for one in exceptions)
    return ChangePage(
        situation=situation,
        comments=tuple(Said(**one) for one in change.said),
        exceptions=exceptions,
        holders=_judge_signatures(situation),
        since_mine=difference_from(change.read, change) if change.read else (),
        is_watched=change.is_watched,
    )


def _said() -> QuerySet[Comment, Any]:
    told = JSONObject(id="pk", username="author__username", name="author__name", body="body")
    return Comment.objects.filter(change=OuterRef("pk")).order_by("at", "id").values(told=told)


def _let_pass() -> QuerySet[FreezeException, Any]:
    told = JSONObject(
        freeze_id="freeze_id",
        reference="freeze__reference",
        title="freeze__title",
        username="granted_by__username",
        by="granted_by__name",
        reason="reason",
        at="at",
    )
    return FreezeException.objects.filter(change=OuterRef("pk")).order_by("at", "id").values(told=told)


def _read_by(reader: int) -> QuerySet[ContentVersion, Any]:
    """The content that the reader signed last."""
    mine = Signature.objects.filter(change=OuterRef("change_id"), signer_id=reader).order_by("-signed_at", "-id")
    signed = Subquery(mine.values("content_hash")[:1])
    return ContentVersion.objects.filter(change=OuterRef("pk"), content_hash=signed).values("material")[:1]


def _judge_signatures(situation: Situation) -> tuple[Holder, ...]:
    """Read signatures and every grant the page needs together: those of signers, and of whoever could fill a seat."""
    rows = list(situation.change.signatures.select_related("signer"))
    roles: set[Role] = {role for seat in situation.plan.seats for role in seat.roles}
    signers = {row.signer_id for row in rows}
    grants, holders = grants_of_or_for(signers, roles, teams=situation.teams, now=situation.now)
    situation.signatures = signature_views(rows, grants=grants, teams=situation.teams)
    return holders
