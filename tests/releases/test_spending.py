"""An allow is spent once, by whoever asked, for exactly what was asked, while it still holds (reliability.md section 3)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from changes.models import ChangeRequest, Freeze
from changes.policy.scope import Action
from cybercube_portal import clock
from cybercube_portal.audit.keys import sign_jws
from cybercube_portal.catalog.actions.evidence import report_evidence
from cybercube_portal.catalog.models import Artifact
from cybercube_portal.catalog.states import Stage, StageStatus
from cybercube_portal.errors import Invalid, MoveRefused, NotPermitted
from cybercube_portal.people.actions import revoke_grant
from cybercube_portal.people.models import Grant
from releases.actions.deployments import Start, start_deployment
from releases.actions.gate_tokens import TYPE, read_token
from releases.actions.outcomes import fail_deployment
from releases.models import Deployment
from releases.selectors.gate_log import Answer
from releases.states import DeploymentState, Method
from tests.factories import changes as story
from tests.factories import releases as lives

Hold = Callable[[datetime], datetime]
RUN = {"provider": "github", "id": "10001", "attempt": 1}
PAYMENTS = "ci-payments"


@pytest.fixture
def allow(approved: ChangeRequest, slot: datetime, clock_at: Hold) -> Answer:
    """An allow for production, asked at `slot`, where the clock is held."""
    clock_at(slot)
    return lives.allowed(at=slot, run=RUN)


def start(answer: Answer, *, at: datetime, by: str = PAYMENTS, **how: Any) -> Deployment:
    with clock.fixed_at(at):
        return start_deployment(start=Start(decision=answer.decision.pk, **how), actor=story.actor(by), now=at)


def refused(answer: Answer, *, at: datetime, **how: Any) -> set[str]:
    """The codes that stand in the way; nothing was started."""
    before = Deployment.objects.count()
    with pytest.raises(MoveRefused) as error:
        start(answer, at=at, **how)
    assert Deployment.objects.count() == before
    return {reason.code for reason in error.value.decision.blockers}


def test_start__in_production__moves_the_change_that_spoke_for_it(
    allow: Answer, approved: ChangeRequest, slot: datetime
) -> None:
    deployment = start(allow, at=slot, run=RUN)
    assert (deployment.state, deployment.change, deployment.run) == ("running", approved.number, RUN)
    approved.refresh_from_db()
    assert approved.state == "implementing"


def test_start__the_same_decision_again__is_spent(allow: Answer, slot: datetime) -> None:
    first = start(allow, at=slot)
    assert "decision.spent" in refused(allow, at=slot)
    fail_deployment(reference=first.reference, reason="5xx", now=slot)
    assert refused(allow, at=slot) == {"decision.spent"}, "a retry asks the gate again"


def test_start__at_the_moment_it_ends__is_expired(allow: Answer, slot: datetime) -> None:
    ends = allow.judgement.valid_until
    assert "decision.expired" in refused(allow, at=ends)
    assert start(allow, at=ends - timedelta(microseconds=1)).state == DeploymentState.RUNNING


def test_start__by_somebody_else__is_refused(allow: Answer, slot: datetime) -> None:
    assert refused(allow, at=slot, by="bob") == {"decision.other_caller"}
    with pytest.raises(NotPermitted):
        start(allow, at=slot, by="ci-search")


@pytest.mark.parametrize("run", [{**RUN, "id": "10002"}, {**RUN, "attempt": 2}, {**RUN, "provider": "gitlab"}])
def test_start__by_another_run__is_refused(allow: Answer, slot: datetime, run: dict[str, Any]) -> None:
    assert refused(allow, at=slot, run=run) == {"decision.other_run"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("digest", "sha256:" + "f" * 64),
        ("service", "search-api"),
        ("version", "v9.9.9"),
        ("environment", "dev"),
        ("change", "CR-2026-0101-001"),
        ("action", "rollback"),
        ("run", None),
    ],
)
def test_start__a_token_of_ours_that_says_something_else__is_refused(
    allow: Answer, slot: datetime, name: str, value: Any
) -> None:
    claims = read_token(sign_jws({**read_token(allow.token), name: value}, typ=TYPE))
    assert refused(allow, at=slot, claims=claims) == {"decision.token_differs"}
    assert start(allow, at=slot, claims=read_token(allow.token)).state == DeploymentState.RUNNING


def test_start__a_freeze_opened_in_between__is_refused(
    allow: Answer, slot: datetime, freeze_from: Callable[..., Freeze]
) -> None:
    freeze_from(slot + timedelta(minutes=1))
    assert refused(allow, at=slot + timedelta(minutes=1)) == {"freeze.covers_window"}


def test_start__a_signer_lost_their_role_in_between__is_refused(allow: Answer, slot: datetime) -> None:
    grant = Grant.objects.get(user__username="bob")
    revoke_grant(grant_id=grant.pk, actor=story.actor("admin"), now=slot, reason="Left")
    assert refused(allow, at=slot + timedelta(minutes=1)) & {"approval.seat_open", "change.in_review"}


def test_start__end_to_end_tests_failed_in_between__is_refused(allow: Answer, slot: datetime) -> None:
    report_evidence(
        service=lives.SERVICE,
        version=lives.VERSION,
        stage=Stage.E2E,
        status=StageStatus.FAILED,
        summary={},
        actor=story.actor(PAYMENTS),
        now=slot,
    )
    assert refused(allow, at=slot) == {"promotion.e2e"}


@pytest.mark.usefixtures("approved")
def test_start__no_allow__is_refused(held: datetime) -> None:
    assert "decision.not_allowed" in refused(lives.asked(at=held), at=held)


@pytest.mark.usefixtures("approved")
def test_start__of_what_deploys_nothing__is_refused(held: datetime) -> None:
    scaling = lives.allowed("stg", at=held, action=Action.SCALE)
    assert "decision.other_action" in refused(scaling, at=held)


def test_start__recreate__is_for_dev_alone(allow: Answer, artifact: Artifact, slot: datetime) -> None:
    assert refused(allow, at=slot, method=Method.RECREATE) == {"deployment.recreate_outside_dev"}
    assert lives.started("dev", at=slot, method=Method.RECREATE).state == DeploymentState.RUNNING


@pytest.mark.parametrize(
    ("method", "steps"),
    [
        (Method.ROLLING, ((5, 0), (100, 0))),
        (Method.CANARY, ((5, 0), (50, 0))),
        (Method.CANARY, ((50, 0), (5, 0), (100, 0))),
        (Method.CANARY, ((0, 0), (100, 0))),
        (Method.CANARY, ((5, -1), (100, 0))),
        (Method.CANARY, tuple((weight, 0) for weight in range(80, 101))),
    ],
)
def test_start__steps_that_mean_nothing__are_wrong(
    allow: Answer, slot: datetime, method: Method, steps: tuple[tuple[int, int], ...]
) -> None:
    told = tuple({"weight": weight, "pause_seconds": pause} for weight, pause in steps)
    with pytest.raises(Invalid):
        start(allow, at=slot, method=method, steps=told)
    assert not Deployment.objects.filter(environment="prd").exists()


def test_start__a_rollback__takes_over_what_stands_and_never_itself(
    approved: ChangeRequest, slot: datetime, artifact: Artifact
) -> None:
    first = lives.healthy(at=slot)
    again = lives.allowed(at=slot + timedelta(minutes=20), action=Action.ROLLBACK)
    assert refused(again, at=slot + timedelta(minutes=20)) == {"rollback.already_there"}
    first.refresh_from_db()
    assert first.state == DeploymentState.HEALTHY


@pytest.mark.django_db(transaction=True)
def test_start__one_decision_by_eight_at_once__exactly_one_wins(allow: Answer, slot: datetime) -> None:
    outcomes = _at_once([allow] * 8, at=slot)
    assert min(outcomes) == "DEP"
    assert outcomes.count("DEP") == 1
    assert all("decision.spent" in outcome for outcome in outcomes if outcome != "DEP")
    assert Deployment.objects.filter(environment="prd").count() == 1


@pytest.mark.django_db(transaction=True)
def test_start__eight_decisions_for_one_place_at_once__exactly_one_runs(allow: Answer, slot: datetime) -> None:
    allows = [allow, *(lives.allowed(at=slot) for _ in range(7))]
    outcomes = _at_once(allows, at=slot)
    assert outcomes.count("DEP") == 1
    assert all("deployment.running" in outcome for outcome in outcomes if outcome != "DEP")
    assert Deployment.objects.filter(environment="prd").count() == 1


def _at_once(answers: list[Answer], *, at: datetime) -> list[str]:
    """Start all of them in threads of their own: DEP for what started, the codes for what was refused."""
    actor = story.actor(PAYMENTS)

    def one(answer: Answer) -> str:
        try:
            start_deployment(start=Start(decision=answer.decision.pk), actor=replace(actor), now=at)
        except MoveRefused as error:
            return " ".join(sorted(reason.code for reason in error.decision.blockers))
        finally:
            connection.close()
        return "DEP"

    with ThreadPoolExecutor(len(answers)) as pool:
        return list(pool.map(one, answers))
