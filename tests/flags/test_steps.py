"""Planned steps to their end: ramps that wait for a word, conflicts, and changes that end with what they were filed for (§7.5, items 7 to 9)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from changes.actions.approvals import approve_change
from changes.actions.changes import cancel_change, reschedule_change
from changes.models import ChangeRequest
from cybercube_portal.audit.models import Event
from cybercube_portal.errors import Invalid, MoveRefused, NotPermitted
from flags.actions.approving import approve_ramp
from flags.actions.carrying import carry_out_due_step, follow_change
from flags.actions.flags import archive_flag
from flags.actions.reshuffling import reshuffle_flag
from flags.actions.serving import Served, change_flag, kill_flag, ramp_flag, restore_flag
from flags.actions.stopping import withdraw_step
from flags.evaluation import Environment
from flags.models import FlagEnvironment, PlannedStep
from flags.policy.ramps import Ramp
from flags.selectors.flags import definitions, get_served, version_of
from flags.selectors.steps import due_steps
from tests.factories import changes as story
from tests.factories.flags import flag, served
from tests.factories.people import Cast

KEY = "release_new_dashboard"
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _company(cast: Cast, now: datetime) -> None:
    story.service()
    flag(now=now)


def production() -> FlagEnvironment:
    return get_served(KEY, "prd")


def ramped(*percentages: float, holds: tuple[int | None, ...], now: datetime, environment: str = "prd") -> Served:
    return ramp_flag(
        key=KEY,
        environment=environment,
        version=get_served(KEY, environment).version,
        ramp=Ramp(percentages=percentages, holds=holds),
        actor=story.actor("alice"),
        now=now,
    )


def carried_out(*, now: datetime) -> None:
    for step in due_steps(now=now):
        carry_out_due_step(step_id=step, now=now)


def state_of(outcome: Served) -> str:
    return str(ChangeRequest.objects.get(number=outcome.change).state)


def approve(who: str, *, now: datetime, environment: str = "prd") -> Any:
    return approve_ramp(key=KEY, environment=environment, actor=story.actor(who), now=now)


def test_ramp__step_that_waits_for_approval__goes_on_by_somebody_elses_word_alone(now: datetime) -> None:
    outcome = ramped(1, 25, 100, holds=(None, 900), now=now)
    approve_change(number=outcome.change, actor=story.actor("bob"), now=now)
    later = now + DAY
    carried_out(now=later)
    step = PlannedStep.objects.get()
    assert (production().content["rollout_percentage"], step.awaits_approval) == (1, True)
    carried_out(now=later + 5 * DAY)
    assert production().content["rollout_percentage"] == 1
    with pytest.raises(MoveRefused, match="somebody else"):
        approve("alice", now=later)
    for who in ("kim", "oscar"):
        with pytest.raises(NotPermitted):
            approve(who, now=later)
    assert approve("bob", now=later).version.content["rollout_percentage"] == 25
    assert Event.objects.get(verb="flag.ramp_approved").data["percentage"] == 25
    with pytest.raises(MoveRefused, match="waits for anybody"):
        approve("bob", now=later)
    carried_out(now=later + timedelta(seconds=900))
    assert (production().content["rollout_percentage"], state_of(outcome)) == (100, "verifying")


def test_ramp__approved_under_a_freeze__keeps_waiting_for_the_word(now: datetime) -> None:
    outcome = ramped(1, 25, holds=(None,), now=now)
    approve_change(number=outcome.change, actor=story.actor("bob"), now=now)
    later = now + DAY
    carried_out(now=later)
    story.freeze(now=later, starts_at=later, ends_at=later + DAY, title="Peak")
    with pytest.raises(MoveRefused, match="Peak"):
        approve("bob", now=later)
    assert PlannedStep.objects.get().awaits_approval
    assert approve("bob", now=later + DAY).version.content["rollout_percentage"] == 25


def test_ramp__in_dev__may_be_approved_by_its_planner(now: datetime) -> None:
    ramped(10, 100, holds=(None,), now=now, environment="dev")
    assert approve("alice", now=now, environment="dev").version.content["rollout_percentage"] == 100


def test_ramp__its_holds_edited_after_the_signature__goes_nowhere(now: datetime) -> None:
    outcome = ramped(1, 25, holds=(None,), now=now)
    approve_change(number=outcome.change, actor=story.actor("bob"), now=now)
    PlannedStep.objects.update(holds=[1])
    carried_out(now=now + DAY)
    assert "signed for" in PlannedStep.objects.get().held_up_by


def test_step__held_up__makes_no_client_look(now: datetime) -> None:
    served(KEY, "prd", now=now, enabled=True, rollout_percentage=50)
    before = version_of("prd")
    carried_out(now=now + DAY)
    assert PlannedStep.objects.get().held_up_by
    assert version_of("prd") == before


def test_withdraw__before_anything_was_served__cancels_the_change(now: datetime) -> None:
    outcome = served(KEY, "prd", now=now, enabled=True, rollout_percentage=50)
    withdraw_step(key=KEY, environment="prd", actor=story.actor("alice"), now=now, reason="Not yet")
    assert state_of(outcome) == "cancelled"
    assert Event.objects.get(verb="change.cancelled").data["reason"] == "Not yet"


def test_withdraw__a_ramp_half_way__ends_its_change_as_far_as_it_came(now: datetime) -> None:
    big = ramped(1, 25, 100, holds=(600, 600), now=now)
    approve_change(number=big.change, actor=story.actor("bob"), now=now)
    carried_out(now=now + DAY)
    withdraw_step(key=KEY, environment="prd", actor=story.actor("alice"), now=now + DAY)
    assert (state_of(big), production().content["rollout_percentage"]) == ("verifying", 1)
    small = ramped(2, 5, holds=(600,), now=now + DAY)
    assert state_of(small) == "implementing"
    withdraw_step(key=KEY, environment="prd", actor=story.actor("alice"), now=now + DAY)
    change = ChangeRequest.objects.get(number=small.change)
    assert (change.state, change.outcome) == ("closed", "successful_with_issues")


def test_lower_kill_or_archive__while_a_step_waits__cancels_its_change(now: datetime) -> None:
    served(KEY, "prd", now=now, enabled=True, rollout_percentage=5)
    first = served(KEY, "prd", now=now, rollout_percentage=50)
    served(KEY, "prd", now=now, rollout_percentage=4, reason="Slow")
    second = served(KEY, "prd", now=now, rollout_percentage=50)
    kill_flag(key=KEY, environment="prd", reason="Errors", actor=story.actor("grace"), now=now)
    third = served(KEY, "prd", now=now, enabled=True, rollout_percentage=50)
    archive_flag(key=KEY, reason="Not wanted", actor=story.actor("alice"), now=now)
    assert [state_of(outcome) for outcome in (first, second, third)] == ["cancelled"] * 3
    assert not PlannedStep.objects.exclude(state="stopped").exclude(state="applied").exists()


def test_conflict__cancels_the_change_and_is_told_until_somebody_writes_it_anew(now: datetime) -> None:
    outcome = served(KEY, "prd", now=now, enabled=True, rollout_percentage=50)
    approve_change(number=outcome.change, actor=story.actor("bob"), now=now)
    FlagEnvironment.objects.filter(flag__key=KEY, environment="prd").update(version=7)
    carried_out(now=now + DAY)
    assert (PlannedStep.objects.get().state, state_of(outcome)) == ("conflicting", "cancelled")
    served(KEY, "prd", now=now + DAY, enabled=True, rollout_percentage=5)
    assert PlannedStep.objects.filter(state="conflicting").count() == 0


def test_change__rescheduled_or_cancelled__takes_its_step_along(now: datetime) -> None:
    outcome = served(KEY, "prd", now=now, enabled=True, rollout_percentage=50)
    approve_change(number=outcome.change, actor=story.actor("bob"), now=now)
    reschedule_change(
        number=outcome.change, scheduled_time=now + 3 * DAY, actor=story.actor("alice"), now=now + timedelta(hours=1)
    )
    follow_change(number=outcome.change, now=now)
    assert PlannedStep.objects.get().due_at == now + 3 * DAY
    cancel_change(number=outcome.change, actor=story.actor("alice"), now=now)
    follow_change(number=outcome.change, now=now)
    assert PlannedStep.objects.get().state == "stopped"


def test_reshuffle__in_dev__puts_others_into_the_same_share(now: datetime) -> None:
    served(now=now, enabled=True, rollout_percentage=50)
    people = [f"user-{number}" for number in range(400)]

    def inside() -> set[str]:
        environment = Environment(definitions("dev"))
        return {who for who in people if environment.evaluate(KEY, {"targetingKey": who}).value}

    before = inside()
    alice: dict[str, Any] = {"key": KEY, "environment": "dev", "actor": story.actor("alice"), "now": now}
    with pytest.raises(Invalid, match="Say why"):
        reshuffle_flag(**alice, version=2, reason=" ")
    outcome = reshuffle_flag(**alice, version=2, reason="The same people always see it first.")
    assert outcome.version is not None
    assert outcome.version.kind == "reshuffle"
    assert before != inside()
    assert abs(len(before) - len(inside())) < 60
    assert Event.objects.filter(verb="flag.reshuffled", object_id=KEY).count() == 1
    restore_flag(**alice, version=2)
    assert inside() == before
    restore_flag(**alice, version=1)
    assert get_served(KEY, "dev").content["salt"] == KEY


def test_reshuffle__in_production__is_governed_like_a_raise(now: datetime) -> None:
    alice: dict[str, Any] = {"key": KEY, "environment": "prd", "actor": story.actor("alice"), "now": now}
    with pytest.raises(MoveRefused, match="shared out by no percentage"):
        reshuffle_flag(**alice, version=1, reason="Why not")
    served(KEY, "prd", now=now, enabled=True, rollout_percentage=5)
    small = reshuffle_flag(**alice, version=2, reason="Others first")
    assert ChangeRequest.objects.get(number=small.change).type == "standard"
    opened = served(KEY, "prd", now=now, rollout_percentage=50)
    approve_change(number=opened.change, actor=story.actor("bob"), now=now)
    carried_out(now=now + DAY)
    large = reshuffle_flag(**{**alice, "now": now + DAY}, version=production().version, reason="Others first")
    assert (large.version, state_of(large)) == (None, "in_review")
    assert "shared out anew" in ChangeRequest.objects.get(number=large.change).title


def test_rest__a_ramp_by_approvals_and_a_reshuffle__are_said_in_the_answer(
    api: Callable[..., APIClient], now: datetime
) -> None:
    client, path = api("alice", scopes=["flags"]), f"/api/v1/flags/{KEY}/"
    both = client.post(
        f"{path}ramp/",
        {
            "environment": "dev",
            "version": 1,
            "steps": [{"percentage": 5, "hold": 60, "approval": True}, {"percentage": 50}],
        },
    )
    assert (both.status_code, both.json()["errors"][0]["pointer"]) == (400, "/steps/0")
    steps = [{"percentage": 5, "approval": True}, {"percentage": 50}]
    ramp = client.post(f"{path}ramp/", {"environment": "dev", "version": 1, "steps": steps}).json()
    assert (ramp["state"], ramp["step"]["awaits_approval"], ramp["step"]["holds"]) == ("running", True, [None])
    done = client.post(f"{path}approve/", {"environment": "dev"}).json()
    assert (done["rollout_percentage"], done["step"]) == (50, None)
    again = client.post(
        f"{path}reshuffle/", {"environment": "dev", "version": done["version"], "reason": "Others first"}
    )
    assert again.json()["salt"] == f"{KEY}:{done['version'] + 1}"


def test_change__to_the_same_content__plans_nothing(now: datetime) -> None:
    row = production()
    outcome = change_flag(
        key=KEY, environment="prd", version=row.version, changes={}, actor=story.actor("alice"), now=now
    )
    assert (outcome.version, outcome.step) == (None, None)
