"""What a proposal would meet, before anything is written: its risk, its seats, and what stands around its time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from changes.models import ChangeRequest, FreezeException, Template
from changes.policy import risk
from changes.policy.approvals import SeatPlan
from changes.policy.risk import RiskAssessment
from changes.proposals import Proposal, write_onto
from changes.selectors.moves import prepared, told_once
from changes.selectors.readiness import surroundings
from changes.selectors.situation import Situation
from changes.states import ChangeType
from cybercube_portal.decisions import Decision, Reason

OPEN_QUESTION = "risk.question_open"


@dataclass(frozen=True, slots=True)
class Outlook:
    """`assessment` and `plan` as they would be; `written` is what submitting would still ask for, `around` the slot's rules."""

    assessment: RiskAssessment
    plan: SeatPlan
    written: Decision
    around: Decision

    @property
    def hindrances(self) -> tuple[Reason, ...]:
        """What stands in its slot. That the slot lies ahead is no hindrance to somebody who plans it."""
        return tuple(reason for reason in self.around.blockers if reason.code != "schedule.slot_not_open")

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
    def open_questions(self) -> int:
        """How many of the seven nobody answered."""
        return sum(reason.code == OPEN_QUESTION for reason in self.written.blockers)


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
    written = Decision() if proposal.type == ChangeType.EMERGENCY else prepared(situation)
    return Outlook(assessment, situation.plan, told_once(written), told_once(surroundings(situation)))
