"""What waits for whose signature: the inbox, its count in the navigation, and home."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, QuerySet

from changes.models import ChangeRequest, Signature
from changes.policy.approvals import SeatOffer, may_sign
from changes.policy.classes import classes_of
from changes.selectors.changes import changes_listed, changes_of, in_review
from changes.selectors.moves import offer_for
from changes.selectors.situation import Situation, signature_views
from changes.states import ChangeState, SignatureState
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.selectors import grant_facts

# One look goes through this many at most; the oldest come first.
MOST = 200
MOST_OWN = 20


@dataclass(frozen=True, slots=True)
class Waiting:
    """A change in review and the seat that this person's approval would fill."""

    change: ChangeRequest
    offer: SeatOffer


@dataclass(frozen=True, slots=True)
class Own:
    """A change of one's own that is open, and the seats that are while it is in review."""

    change: ChangeRequest
    seats: tuple[str, ...] = ()


def waiting_for(actor: Actor, *, now: datetime) -> tuple[Waiting, ...]:
    """The changes that `actor` can approve at `now`, longest wait first. At most four queries, however many changes."""
    return tuple(_offered(with_seats(_candidates(actor, now)[:MOST], now=now), actor, now))


def waiting_and_own(actor: Actor, *, now: datetime) -> tuple[tuple[Waiting, ...], list[Own]]:
    """The same, and what `actor` filed and is still open, the newest first; no query more."""
    waiting, own = _candidates(actor, now).values("pk")[:MOST], changes_of(actor.username).values("pk")[:MOST_OWN]
    # United, for an OR of two lists has PostgreSQL read every change.
    rows = list(changes_listed().filter(pk__in=waiting.union(own)))
    mine = [row for row in rows if row.requester_id == actor.id]
    others = sorted((row for row in rows if row.requester_id != actor.id), key=lambda row: (row.submitted_at, row.pk))
    asked = [row for row in mine if row.state == ChangeState.IN_REVIEW]
    situations = list(with_seats([*others, *asked], now=now))
    open_seats = {found.change.pk: found.open_seats for found in situations[len(others) :]}
    return (
        tuple(_offered(situations[: len(others)], actor, now)),
        [Own(row, open_seats.get(row.pk, ())) for row in mine],
    )


def _offered(situations: Iterable[Situation], actor: Actor, now: datetime) -> Iterator[Waiting]:
    for situation in situations:
        change = situation.change
        decision = may_sign(
            person=actor.username,
            roles=actor.roles(at=now, teams=situation.teams),
            requester=change.requester.username,
            editors=frozenset(change.editors),
            seats=situation.plan.seats,
            signatures=situation.given,
            refused=situation.is_refused,
        )
        offer = offer_for(situation, actor=actor) if decision.allowed else None
        if offer:
            yield Waiting(change, offer)


def _candidates(actor: Actor, now: datetime) -> QuerySet[ChangeRequest]:
    """What `actor` neither filed, edited nor signed, on a service whose team they hold a role for."""
    teams = actor.teams_of(at=now)
    if actor.is_service or teams == frozenset():
        return in_review().none()
    signed = Signature.objects.filter(
        change=OuterRef("pk"), signer_id=actor.id, state__in=[SignatureState.GIVEN, SignatureState.REFUSED]
    )
    rows = in_review().exclude(requester_id=actor.id).exclude(editors__contains=[actor.username])
    if teams is not None:
        rows = rows.filter(services__overlap=ArraySubquery(catalog.services_of_teams(teams).values("slug")))
    return rows.exclude(Exists(signed))


def with_seats(changes: Iterable[ChangeRequest], *, now: datetime) -> Iterable[Situation]:
    """Each change with its teams, its seats and its signatures, read together (three queries)."""
    rows = list(changes)
    if not rows:
        return
    team_of, traits = catalog.owners_and_artifacts(
        {service for row in rows for service in row.services},
        {entry["version"] for row in rows for entry in row.artifacts},
    )
    signatures: dict[int, list[Signature]] = defaultdict(list)
    for signature in Signature.objects.filter(change__in=rows).select_related("signer"):
        signatures[signature.change_id].append(signature)
    grants = grant_facts({row.signer_id for kept in signatures.values() for row in kept})
    for row in rows:
        named = [traits[pair] for entry in row.artifacts if (pair := (entry["service"], entry["version"])) in traits]
        kinds = {kind for found in named for kind in found.migration_kinds}
        situation = Situation(row, now=now)
        situation.team_of = {slug: team_of[slug] for slug in row.services if slug in team_of}
        situation.classes = classes_of(
            answers=row.risk_answers,
            deploys=bool(row.artifacts),
            migration_kinds=kinds | {entry["kind"] for entry in row.migrations},
            has_breaking_commits=any(found.has_breaking_commits for found in named),
        )
        situation.signatures = signature_views(signatures[row.pk], grants=grants, teams=situation.teams)
        yield situation
