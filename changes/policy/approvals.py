"""Who must sign a change and whose signature counts (§2.4, §5.1, §5.6, §6.4; rulings R1, R16). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache

from changes.states import ChangeType, Risk
from cybercube_portal.decisions import Decision, Reason, decide, failed, passed, pending
from cybercube_portal.people.actors import GrantFact
from cybercube_portal.people.roles import CAB_SEATS, EMERGENCY_APPROVERS, Role, satisfied_by


class ReleaseType(StrEnum):
    """§5.1."""

    MAJOR = "major"
    MINOR = "minor"
    PATCH = "patch"
    HOTFIX = "hotfix"


class ChangeClass(StrEnum):
    """§2.4."""

    CODE = "code"
    SECURITY = "security"
    MIGRATION = "migration"
    INFRASTRUCTURE = "infrastructure"
    BREAKING = "breaking"


@dataclass(frozen=True, slots=True)
class Seat:
    """One approval by one person holding any of `roles`. `sources` names the tables that ask for it."""

    label: str
    roles: frozenset[Role]
    sources: tuple[str, ...] = ()

    @property
    def section(self) -> str:
        """The section of the first table that asks."""
        return self.sources[0].partition(" ")[0] if self.sources else "§5.6"

    @property
    def role_labels(self) -> tuple[str, ...]:
        """Who may sit here, for people."""
        return tuple(role.label for role in Role if role in self.roles)


def _seat(role: Role) -> Seat:
    return Seat(role.label, satisfied_by(role))


ENGINEER = _seat(Role.ENGINEER)
TECH_LEAD = _seat(Role.TECH_LEAD)
PRODUCT = _seat(Role.PRODUCT)
SECURITY = _seat(Role.SECURITY)
DBA = _seat(Role.DBA)
OPS = _seat(Role.OPS)
ON_CALL = _seat(Role.ON_CALL)
CAB: tuple[Seat, ...] = tuple(Seat(label.capitalize(), roles) for label, roles in CAB_SEATS.items())

RELEASE_SEATS: dict[ReleaseType, tuple[Seat, ...]] = {
    ReleaseType.MAJOR: CAB,  # "CAB + Product": CAB's product seat is that Product (R1)
    ReleaseType.MINOR: (TECH_LEAD,),
    ReleaseType.PATCH: (ENGINEER,),
    ReleaseType.HOTFIX: (ON_CALL, TECH_LEAD),
}

RISK_SEATS: dict[Risk, tuple[Seat, ...]] = {
    Risk.LOW: (ENGINEER,),
    Risk.MEDIUM: (TECH_LEAD,),
    Risk.HIGH: (TECH_LEAD, PRODUCT),
    Risk.CRITICAL: CAB,
}

CLASS_SEATS: dict[ChangeClass, tuple[Seat, ...]] = {
    ChangeClass.CODE: (ENGINEER,),
    ChangeClass.SECURITY: (ENGINEER, SECURITY),
    ChangeClass.MIGRATION: (ENGINEER, DBA),
    ChangeClass.INFRASTRUCTURE: (ENGINEER, OPS),
    ChangeClass.BREAKING: (ENGINEER, ENGINEER),
}

EMERGENCY: tuple[Seat, ...] = (Seat("Emergency approver", EMERGENCY_APPROVERS, ("§6.4 emergency",)),)

# A template of §6.2 is "pre-approved": by CAB, once.
TEMPLATE_SEATS: tuple[Seat, ...] = tuple(replace(seat, sources=("§6.2 pre-approval",)) for seat in CAB)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatFacts:
    """What decides who signs. `release_type` is None for a change that releases no version."""

    change_type: ChangeType
    risk: Risk
    release_type: ReleaseType | None = None
    classes: frozenset[ChangeClass] = frozenset()


@dataclass(frozen=True, slots=True)
class SeatPlan:
    """`seats` must be filled; `waived` are shown only: what a normal change would have needed (R1)."""

    seats: tuple[Seat, ...]
    waived: tuple[Seat, ...] = ()


@lru_cache(maxsize=1024)
def required_seats(facts: SeatFacts) -> SeatPlan:
    """Standard: none (§6.1). Emergency: §6.4 alone. Normal: the strictest union of §5.1, §5.6 and §2.4 (R1)."""
    if facts.change_type == ChangeType.STANDARD:
        return SeatPlan(())
    union = smallest_union(_sources(facts))
    return SeatPlan(EMERGENCY, waived=union) if facts.change_type == ChangeType.EMERGENCY else SeatPlan(union)


def _sources(facts: SeatFacts) -> dict[str, tuple[Seat, ...]]:
    classes = (change_class for change_class in ChangeClass if change_class in facts.classes)
    sources = {f"§2.4 {change_class.value}": CLASS_SEATS[change_class] for change_class in classes}
    if facts.release_type:
        sources[f"§5.1 {facts.release_type.value} release"] = RELEASE_SEATS[facts.release_type]
    sources[f"§5.6 {facts.risk.value} risk"] = RISK_SEATS[facts.risk]
    return sources


def smallest_union(sources: Mapping[str, Sequence[Seat]]) -> tuple[Seat, ...]:
    """The fewest seats that satisfy every source, narrowest first, each naming the sources it serves.

    Inside a source seats add up; across sources a narrower seat also fills a wider one. The role sets of all
    tables lie inside one another or apart, so adding what is short from the narrowest set up is the minimum.
    """
    shapes = {seat.roles: seat for seats in sources.values() for seat in seats}
    union: list[Seat] = []
    for roles in sorted(shapes, key=_narrowest_first):
        wanted = max(_inside(roles, seats) for seats in sources.values())
        union += [shapes[roles]] * (wanted - _inside(roles, union))

    served: list[list[str]] = [[] for _ in union]
    for name, seats in sources.items():
        free = list(range(len(union)))
        for seat in sorted(seats, key=lambda seat: len(seat.roles)):
            able = [index for index in free if union[index].roles <= seat.roles]
            widest = max(able, key=lambda index: len(union[index].roles))
            free.remove(widest)
            served[widest].append(name)
    return tuple(replace(seat, sources=tuple(names)) for seat, names in zip(union, served, strict=True))


def _narrowest_first(roles: frozenset[Role]) -> tuple[int, int]:
    return len(roles), min(list(Role).index(role) for role in roles)


def _inside(roles: frozenset[Role], seats: Iterable[Seat]) -> int:
    return sum(seat.roles <= roles for seat in seats)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureFact:
    """A given signature. `roles` are those that count (see `counts`); a signature without any fills nothing."""

    person: str
    roles: frozenset[Role]
    at: datetime
    id: str = ""


@dataclass(frozen=True, slots=True)
class FilledSeat:
    """A seat and the signature that fills it; None while it is open."""

    seat: Seat
    signature: SignatureFact | None


@dataclass(frozen=True, slots=True)
class SeatOffer:
    """What a signature would do: fill `seat`, as the `nth` of `of` approvals."""

    seat: Seat
    nth: int
    of: int

    @property
    def label(self) -> str:
        """`Tech lead, 1 of 2`."""
        return f"{self.seat.label}, {self.nth} of {self.of}"


def fill(seats: Sequence[Seat], signatures: Iterable[SignatureFact]) -> tuple[FilledSeat, ...]:
    """Seat as many distinct people as can be seated (maximum bipartite matching), in the order of `seats`.

    Narrow seats are served first, so which seats stay open never depends on who signed first; who sits where
    follows the order of signing, so that nobody is moved without need.
    """
    signed = sorted(signatures, key=lambda signature: (signature.at, signature.person, signature.id))
    seated: dict[str, tuple[int, SignatureFact]] = {}

    def seat_somebody(index: int, tried: set[str]) -> bool:
        fitting = [signature for signature in signed if signature.roles & seats[index].roles]
        for signature in sorted(fitting, key=lambda signature: signature.person in seated):
            person = signature.person
            if person in tried:
                continue
            tried.add(person)
            if person not in seated or seat_somebody(seated[person][0], tried):
                seated[person] = (index, signature)
                return True
        return False

    for index in sorted(range(len(seats)), key=lambda index: len(seats[index].roles)):
        seat_somebody(index, set())
    by_seat = dict(seated.values())
    return tuple(FilledSeat(seat, by_seat.get(index)) for index, seat in enumerate(seats))


def missing_seats(filled: Iterable[FilledSeat]) -> Decision:
    """One pending reason for each open seat; one pass when none is open."""
    still_open = [_open_seat(item.seat) for item in filled if item.signature is None]
    return decide(*(still_open or [passed("approval.complete", "§5.6", "Every required approval is given.")]))


def _open_seat(seat: Seat) -> Reason:
    return pending(
        "approval.seat_open",
        seat.section,
        f"{seat.label} has not approved ({', '.join(seat.sources)}).",
        f"Ask for the approval of: {', '.join(seat.role_labels)}.",
        seat.role_labels,
        seat=seat.label,
        sources=list(seat.sources),
    )


def seat_for(
    *, person: str, roles: frozenset[Role], seats: Sequence[Seat], signatures: Sequence[SignatureFact]
) -> SeatOffer | None:
    """The seat this person's signature would fill now; None when it would fill no further seat."""
    mine = SignatureFact(person=person, roles=roles, at=datetime.max.replace(tzinfo=UTC))
    after = [item for item in fill(seats, (*signatures, mine)) if item.signature]
    before = [item for item in fill(seats, signatures) if item.signature]
    if len(after) == len(before):
        return None
    return SeatOffer(next(item.seat for item in after if item.signature is mine), len(after), len(seats))


def may_sign(
    *,
    person: str,
    roles: frozenset[Role],
    requester: str,
    editors: frozenset[str],
    seats: Sequence[Seat],
    signatures: Sequence[SignatureFact],
    refused: bool,
) -> Decision:
    """Whether this signature would count. `signatures` are the given ones; `refused` when one refusal stands."""
    return decide(
        _refused(requester) if refused else None,
        _author(person, requester, editors),
        _role_not_asked(roles, seats),
        _free_seat(person, roles, seats, signatures),
    )


def may_refuse(
    *, person: str, roles: frozenset[Role], requester: str, editors: frozenset[str], seats: Sequence[Seat]
) -> Decision:
    """Anyone whose role is asked may stop the change, whether or not a seat is still open."""
    return decide(_author(person, requester, editors), _role_not_asked(roles, seats))


def _asked(roles: frozenset[Role], seats: Sequence[Seat]) -> bool:
    return any(roles & seat.roles for seat in seats)


def _author(person: str, requester: str, editors: frozenset[str]) -> Reason | None:
    if person != requester and person not in editors:
        return None
    did = "requested this change" if person == requester else "edited what is to be approved"
    return failed(
        "approval.author_is_approver",
        "§6.3",
        f"You {did} and cannot sign it.",
        "Ask somebody who neither requested nor edited the change.",
    )


def _role_not_asked(roles: frozenset[Role], seats: Sequence[Seat]) -> Reason | None:
    if _asked(roles, seats):
        return None
    labels = tuple(dict.fromkeys(seat.label for seat in seats))
    return failed(
        "approval.role_not_asked",
        "§5.6",
        "This change asks for no role you hold for the teams of its services.",
        f"It asks for: {', '.join(labels)}." if labels else "It needs no approval.",
        labels,
    )


def _refused(requester: str) -> Reason:
    message = "This change was refused; one refusal stops it."
    return failed("approval.refused", "§6.3", message, "Revise it and submit it again.", (requester,))


def _free_seat(
    person: str, roles: frozenset[Role], seats: Sequence[Seat], signatures: Sequence[SignatureFact]
) -> Reason | None:
    if any(signature.person == person for signature in signatures):
        return failed("approval.already_signed", "§5.6", "You have signed already.", "Withdraw it to sign again.")
    if offer := seat_for(person=person, roles=roles, seats=seats, signatures=signatures):
        return passed("approval.fills_seat", offer.seat.section, f"Approve as {offer.label}.", seat=offer.seat.label)
    if not _asked(roles, seats):
        return None
    taken = "Every seat these roles could fill is filled."
    return failed("approval.seat_taken", "§5.6", taken, "Nothing to do: the seats still open ask for other roles.")


def counts(*, grants: Iterable[GrantFact], teams: frozenset[str], signed_at: datetime) -> frozenset[Role]:
    """The roles by which a signature counts: held for one of `teams` at `signed_at`, not revoked early since.

    A rotation that simply ended takes nothing back; a revocation before the planned end does, whenever it came.
    Empty means that the signature does not count (any more).
    """
    return frozenset(
        grant.role
        for grant in grants
        if grant.covers(teams) and grant.holds(at=signed_at) and not _revoked_early(grant)
    )


def _revoked_early(grant: GrantFact) -> bool:
    return grant.revoked_at is not None and (grant.ends_at is None or grant.revoked_at < grant.ends_at)
