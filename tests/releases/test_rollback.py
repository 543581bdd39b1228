"""Going back (§8): what it takes, what it moves, and what the gate says of it (R7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from changes.models import Freeze
from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.audit.models import Event, Intent
from cybercube_portal.errors import Invalid, MoveRefused, NotPermitted
from cybercube_portal.people.actors import KeyFact
from releases.actions.driving import note_report
from releases.actions.outcomes import fail_deployment, pass_deployment
from releases.actions.rollback import DRIVE, start_rollback
from releases.drivers import Progress, Report
from releases.models import Deployment, GateDecision
from releases.states import DeploymentState, RollbackMethod, Trigger
from tests.factories.changes import actor
from tests.factories.deployments import HOUR, applied, deployed

OLD, BAD = "v2.3.0", "v2.3.1"


@pytest.fixture
def bad(held: datetime) -> Deployment:
    """v2.3.1 runs in production, v2.3.0 ran there before."""
    deployed(OLD, at=held - 24 * HOUR)
    return deployed(BAD, at=held - HOUR)


def roll_back(deployment: Deployment, *, now: datetime, by: str = "grace", **options: Any) -> Deployment:
    given = {"trigger": Trigger.FUNCTIONALITY, "reason": "Checkout is broken", "actor": actor(by), **options}
    return start_rollback(reference=deployment.reference, now=now, **given)


def state_of(deployment: Deployment) -> str:
    return str(Deployment.objects.get(pk=deployment.pk).state)


def codes(error: pytest.ExceptionInfo[MoveRefused]) -> set[str]:
    return {reason.code for reason in error.value.decision.blockers}


def test_start_rollback__by_on_call__runs_the_last_healthy_version_and_takes_the_bad_one_back(
    bad: Deployment, held: datetime
) -> None:
    rollback = roll_back(bad, now=held)

    assert (rollback.version, rollback.state, rollback.is_rollback) == (OLD, DeploymentState.RUNNING, True)
    assert rollback.rolls_back == bad
    assert (rollback.rollback.method, rollback.rollback.driver) == (RollbackMethod.REDEPLOY, "manual")
    assert state_of(bad) == DeploymentState.ROLLING_BACK
    assert Intent.objects.filter(kind=DRIVE, subject=rollback.reference).count() == 1


def test_start_rollback__kept_in_the_gates_log__as_an_allow_of_its_own(bad: Deployment, held: datetime) -> None:
    decision = roll_back(bad, now=held).decision

    assert decision is not None
    assert (decision.action, decision.version, decision.asked_by) == ("rollback", OLD, "grace")
    assert [row.outcome for row in decision.evaluations.all()] == ["allow"]


def test_start_rollback__by_the_system__asked_by_the_portal_and_recorded_as_the_system(
    bad: Deployment, held: datetime
) -> None:
    rollback = roll_back(bad, now=held, actor=SYSTEM, trigger=Trigger.ERROR_RATE)

    assert rollback.rollback.is_automatic
    assert rollback.decision is not None
    assert (rollback.started_by, rollback.decision.asked_by) == (None, "portal")
    event = Event.objects.get(verb="deployment.rollback_started")
    assert event.actor["kind"] == "system"


@pytest.mark.parametrize("trigger", [Trigger.LATENCY, Trigger.VERIFICATION, Trigger.DATA_CORRUPTION])
def test_start_rollback__by_the_system_for_what_people_decide__refused(
    bad: Deployment, held: datetime, trigger: Trigger
) -> None:
    with pytest.raises(MoveRefused) as refused:
        roll_back(bad, now=held, actor=SYSTEM, trigger=trigger)
    assert "rollback.not_automatic" in codes(refused)


def test_start_rollback__verified__restores_and_the_bad_one_ends_rolled_back(bad: Deployment, held: datetime) -> None:
    rollback = roll_back(bad, now=held)

    note_report(reference=rollback.reference, report=Report(Progress.DONE, "Done."), now=held)
    assert state_of(rollback) == DeploymentState.VERIFYING
    pass_deployment(reference=rollback.reference, observed_version=OLD, now=held)

    assert (state_of(rollback), state_of(bad)) == (DeploymentState.HEALTHY, DeploymentState.ROLLED_BACK)


def test_start_rollback__refused_by_its_driver__leaves_the_bad_one_to_on_call_who_may_try_again(
    bad: Deployment, held: datetime
) -> None:
    rollback = roll_back(bad, now=held)
    note_report(reference=rollback.reference, report=Report(Progress.REFUSED, "No such image."), now=held)
    assert (state_of(rollback), state_of(bad)) == (DeploymentState.FAILED, DeploymentState.ROLLBACK_FAILED)

    again = roll_back(rollback, now=held)

    assert (again.version, again.state) == (OLD, DeploymentState.RUNNING)


def test_start_rollback__during_a_freeze__allowed(
    bad: Deployment, held: datetime, freeze_from: Callable[..., Freeze]
) -> None:
    freeze_from(held - timedelta(minutes=5), hours=48)

    assert roll_back(bad, now=held).state == DeploymentState.RUNNING


def test_start_rollback__contract_migration_since__refused_with_a_remedy_and_kept_in_the_log(
    bad: Deployment, held: datetime
) -> None:
    applied(bad, phase="contract", at=held - timedelta(minutes=30))

    with pytest.raises(MoveRefused) as refused:
        roll_back(bad, now=held)

    (reason,) = refused.value.decision.blockers
    assert (reason.code, reason.remedy) == ("rollback.contract_since", "Fix forward.")
    assert state_of(bad) == DeploymentState.HEALTHY
    decision = GateDecision.objects.get(action="rollback")
    assert [row.outcome for row in decision.evaluations.all()] == ["deny"]


def test_start_rollback__expanding_migration_since__allowed(bad: Deployment, held: datetime) -> None:
    applied(bad, phase="expand", at=held - timedelta(minutes=30))

    assert roll_back(bad, now=held).state == DeploymentState.RUNNING


def test_start_rollback__of_a_deployment_still_running__takes_over(held: datetime) -> None:
    deployed(OLD, at=held - 24 * HOUR)
    running = deployed(BAD, at=held - HOUR, state=DeploymentState.RUNNING)

    assert roll_back(running, now=held).rolls_back == running


def test_start_rollback__nothing_healthy_there_before__refused(held: datetime) -> None:
    deployed(OLD, at=held - 2 * HOUR, state=DeploymentState.FAILED)
    first = deployed(BAD, at=held - HOUR, state=DeploymentState.FAILED)

    with pytest.raises(MoveRefused) as refused:
        roll_back(first, now=held)
    assert codes(refused) == {"rollback.no_target"}
    assert not GateDecision.objects.filter(action="rollback").exists()


def test_start_rollback__to_a_version_never_healthy_there__refused(bad: Deployment, held: datetime) -> None:
    deployed("v2.2.9", at=held, environment="stg")

    with pytest.raises(MoveRefused) as refused:
        roll_back(bad, now=held, to_version="v2.2.9")
    assert codes(refused) == {"rollback.target_not_proved"}


def test_start_rollback__to_an_older_healthy_version__runs_that(held: datetime, bad: Deployment) -> None:
    older = deployed("v2.2.0", at=held, state=DeploymentState.HEALTHY)
    newest = deployed("v2.4.0", at=held)
    assert older.state == DeploymentState.HEALTHY

    assert roll_back(newest, now=held, to_version=OLD).version == OLD


def test_start_rollback__of_what_no_longer_runs__refused(bad: Deployment, held: datetime) -> None:
    deployed("v2.4.0", at=held)

    with pytest.raises(MoveRefused) as refused:
        roll_back(bad, now=held)
    assert codes(refused) == {"rollback.not_standing"}


def test_start_rollback__a_second_time__refused(bad: Deployment, held: datetime) -> None:
    rollback = roll_back(bad, now=held)

    with pytest.raises(MoveRefused):
        roll_back(bad, now=held)
    with pytest.raises(MoveRefused) as refused:
        roll_back(rollback, now=held)
    assert "rollback.under_way" in codes(refused)


@pytest.mark.parametrize("who", ["alice", "bob", "grace", "heidi", "dan"])
def test_start_rollback__by_the_team_or_whoever_carries_the_pager__allowed(
    bad: Deployment, held: datetime, who: str
) -> None:
    started_by = roll_back(bad, now=held, by=who).started_by

    assert started_by is not None
    assert started_by.username == who


@pytest.mark.parametrize("who", ["oscar", "sybil", "kim", "carol", "ci-search"])
def test_start_rollback__by_another_team_or_without_a_role__not_permitted(
    bad: Deployment, held: datetime, who: str
) -> None:
    with pytest.raises(NotPermitted):
        roll_back(bad, now=held, by=who)
    assert state_of(bad) == DeploymentState.HEALTHY


def test_start_rollback__by_a_key_without_the_scope__not_permitted(bad: Deployment, held: datetime, cast: Any) -> None:
    key = KeyFact(prefix="cck_x", scopes=frozenset({"gate"}))

    with pytest.raises(NotPermitted) as refused:
        roll_back(bad, now=held, actor=cast.actor("ci-payments", key=key))
    assert refused.value.code == "key.scope_missing"


@pytest.mark.parametrize(("who", "allowed"), [("heidi", True), ("grace", False), ("alice", False)])
def test_start_rollback__of_corrupted_data__for_the_incident_commander(
    bad: Deployment, held: datetime, who: str, allowed: bool
) -> None:
    if allowed:
        rollback = roll_back(bad, now=held, by=who, trigger=Trigger.DATA_CORRUPTION)
        assert rollback.rollback.method == RollbackMethod.DATABASE_RESTORE
        return
    with pytest.raises(NotPermitted):
        roll_back(bad, now=held, by=who, trigger=Trigger.DATA_CORRUPTION)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 10_001])
def test_start_rollback__without_a_reason_or_with_too_long_a_one__invalid(
    bad: Deployment, held: datetime, reason: str
) -> None:
    with pytest.raises(Invalid):
        roll_back(bad, now=held, reason=reason)


def test_fail_deployment__of_a_rollback__both_ends_are_final(bad: Deployment, held: datetime) -> None:
    rollback = roll_back(bad, now=held)

    fail_deployment(reference=rollback.reference, reason="Still sick", now=held)

    assert (state_of(rollback), state_of(bad)) == (DeploymentState.FAILED, DeploymentState.ROLLBACK_FAILED)
