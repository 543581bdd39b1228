"""What a proposal would meet, before anything is written: its risk, its seats, what stands around its time, and the first time it could have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from changes.models import ChangeRequest, FreezeException, Template
from changes.policy import risk
from changes.policy.approvals import SeatPlan
from changes.policy.conflicts import Booking, conflicts_of
from changes.policy.follows import PRODUCTION, Follow, what_follows
from changes.policy.free_slot import HORIZON, FreeSlot, first_free, not_before
from changes.policy.risk import OPEN_QUESTION, QUESTIONS, RiskAssessment
from changes.policy.schedule import nobody_on_call
from changes.policy.spans import Span
from changes.proposals import Proposal, write_onto
from changes.selectors.changes import booking_of
from changes.selectors.moves import prepared, told_once
from changes.selectors.readiness import surroundings
from changes.selectors.situation import Situation
from changes.states import ChangeState, ChangeType
from cybercube_portal.decisions import Decision, Reason
from cybercube_portal.people.roles import Role
from cybercube_portal.people.selectors import teams_with

# What is about the time alone: said beside its fields.
OF_THE_TIME = ("schedule.", "window.", "freeze.", "conflict.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """`assessment` and `plan` as they would be, `unanswered` keys of the questions that nobody answered; `written` is what submitting would still ask for, `around` the slot's rules.

    `earliest`: the first time it could have within two months, None where there is none or no service is chosen (`is_placed`).
    `unattended`: that nobody is known to be on call then.
    """

    assessment: RiskAssessment
    unanswered: tuple[str, ...]
    plan: SeatPlan
    follows: tuple[Follow, ...]
    written: Decision
    around: Decision
    is_placed: bool = False
    starts_at: datetime
    earliest: FreeSlot | None = None
    unattended: Reason | None = None

    @property
    def at_its_time(self) -> tuple[Reason, ...]:
        """What its time meets, and that nobody may be there. That the slot lies ahead is no hindrance to somebody who plans it."""
        found = tuple(reason for reason in self._blockers if reason.code.startswith(OF_THE_TIME))
        return (*found, self.unattended) if self.unattended else found

    @property
    def hindrances(self) -> tuple[Reason, ...]:
        """What else stands in the way."""
        return tuple(reason for reason in self._blockers if not reason.code.startswith(OF_THE_TIME))

    @property
    def missing(self) -> tuple[Reason, ...]:
        """What submitting would still ask for, the open questions aside."""
        told = {(reason.code, reason.message) for reason in self.around.blockers}
        return tuple(
            reason
            for reason in self.written.blockers
            if (reason.code, reason.message) not in told and reason.code != OPEN_QUESTION
        )

    @property
    def answered(self) -> int:
        """How many of the seven somebody answered."""
        return len(QUESTIONS) - len(self.unanswered)

    @property
    def is_earliest(self) -> bool:
        """Whether the time that is chosen is the first there is, or lies before it and nothing is against it."""
        return self.earliest is not None and (
            self.starts_at == self.earliest.start or (self.starts_at < self.earliest.start and not self.at_its_time)
        )

    @property
    def _blockers(self) -> tuple[Reason, ...]:
        return tuple(reason for reason in self.around.blockers if reason.code != "schedule.slot_not_open")


def outlook_of(proposal: Proposal, *, now: datetime, number: str = "") -> Outlook:
    """Judge a proposal that may be half written. `number`: the change it edits. What is not known is left out."""
    change = ChangeRequest(number=number)
    template = Template.objects.filter(slug=proposal.template).first() if proposal.template else None
    write_onto(change, proposal, template=template)
    situation = Situation(change, now=now)
    situation.passed_freezes = frozenset(
        FreezeException.objects.filter(change__number=number).values_list("freeze_id", flat=True) if number else ()
    )
    change.services = [slug for slug in proposal.services if slug in situation.team_of]
    assessment = risk.assess(situation.risk_facts)
    change.risk_level, change.risk_factors = assessment.level, list(assessment.factors)
    situation.around_slot = situation.slots(until=now + HORIZON)
    return Outlook(
        assessment=assessment,
        unanswered=tuple(key for key in QUESTIONS if proposal.answers.get(key) is None),
        plan=situation.plan,
        follows=what_follows(
            change_type=ChangeType(proposal.type),
            risk=assessment.level,
            deploys=bool(change.artifacts),
            environments=change.environments,
        ),
        written=told_once(Decision() if proposal.type == ChangeType.EMERGENCY else prepared(situation)),
        around=told_once(surroundings(situation)),
        is_placed=bool(situation.subjects),
        starts_at=change.scheduled_time,
        earliest=_earliest(situation) if situation.subjects else None,
        unattended=_unattended(situation),
    )


def _earliest(situation: Situation) -> FreeSlot | None:
    change, facts = situation.change, situation.around_slot
    start, end = not_before(ChangeType(change.type), situation.now), situation.now + HORIZON
    own = booking_of(change)
    whole = Booking(
        number=own.number,
        services=own.services,
        environments=own.environments,
        span=Span(start, end),
        state=ChangeState.DRAFT,
        title="",
    )
    others = conflicts_of(whole, facts.bookings, situation.around.depends_on)
    return first_free(
        subjects=situation.subjects,
        duration=change.estimated_duration,
        freezes=facts.freezes,
        windows=facts.windows,
        booked=[(one.number, one.span) for one in others],
        start=start,
        end=end,
    )


def _unattended(situation: Situation) -> Reason | None:
    """Only production is looked after by people on call."""
    if PRODUCTION not in situation.change.environments or not situation.teams:
        return None
    attended = teams_with(Role.ON_CALL, teams=situation.teams, at=situation.change.scheduled_time)
    return nobody_on_call(situation.teams - attended)
