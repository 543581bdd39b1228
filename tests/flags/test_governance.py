"""Who may move what a flag serves, and by which way (design/flags.md items 7 to 10, §6.1, §6.2, §6.5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from changes.actions.approvals import approve_change
from changes.actions.changes import cancel_change
from changes.actions.content import edit_change
from changes.models import ChangeRequest
from cybercube_portal.audit.models import Event
from cybercube_portal.errors import Invalid, MoveRefused, NotPermitted, Stale
from flags.actions.carrying import carry_out_due_step
from flags.actions.serving import Served, change_flag, kill_flag, ramp_flag, restore_flag
from flags.actions.stopping import withdraw_step
from flags.models import FlagEnvironment, FlagVersion, PlannedStep
from flags.policy.ramps import Ramp
from flags.selectors.flags import get_served, version_of
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


def open_to(percentage: float, *, now: datetime, **more: Any) -> Served:
    return served(KEY, "prd", now=now, enabled=True, rollout_percentage=percentage, **more)


def step_of(outcome: Served) -> int:
    assert outcome.step is not None
    return int(outcome.step.pk)


def fully_open(now: datetime) -> datetime:
    """Everybody in production; returns a moment after that."""
    outcome = open_to(100, now=now)
    later = now + DAY
    approve_change(number=outcome.change, actor=story.actor("bob"), now=now + timedelta(hours=1))
    for step in due_steps(now=later):
        carry_out_due_step(step_id=step, now=later)
    assert production().content["rollout_percentage"] == 100
    return later


def test_new_flag__everywhere__is_off_and_kept_as_a_version(now: datetime) -> None:
    rows = FlagEnvironment.objects.filter(flag__key=KEY)
    assert {row.environment: row.content["enabled"] for row in rows} == {"dev": False, "stg": False, "prd": False}
    assert FlagVersion.objects.filter(kind="create").count() == 3


def test_change__in_dev__is_served_at_once(now: datetime) -> None:
    before = version_of("dev")
    outcome = served(now=now, enabled=True, rollout_percentage=50)
    assert outcome.version is not None
    assert (outcome.row.version, outcome.change) == (2, "")
    assert version_of("dev") == before + 1
    assert Event.objects.filter(verb="flag.changed", object_id=KEY).get().data["exposure"] == {"before": 0, "after": 50}


def test_raise__to_five_percent_in_production__goes_by_a_standard_change_at_once(now: datetime) -> None:
    outcome = open_to(5, now=now)
    change = ChangeRequest.objects.get(number=outcome.change)
    assert (change.type, change.state, change.outcome) == ("standard", "closed", "successful")
    assert change.rollback_flag == KEY
    assert production().content["rollout_percentage"] == 5
    assert FlagVersion.objects.get(flag_environment=production(), number=2).change == change.number


def test_raise__beyond_five_percent__waits_for_a_normal_change(now: datetime) -> None:
    outcome = open_to(5.01, now=now)
    change = ChangeRequest.objects.get(number=outcome.change)
    assert (change.type, change.state) == ("normal", "in_review")
    assert outcome.version is None
    assert not production().content["enabled"]
    later = now + DAY
    for step in due_steps(now=later):
        carry_out_due_step(step_id=step, now=later)
    assert not production().content["enabled"]
    assert "in review" in PlannedStep.objects.get().held_up_by


def test_raise__approved_and_its_time_come__is_carried_out_by_the_worker(now: datetime) -> None:
    later = fully_open(now)
    row = production()
    assert (row.version, row.full_since) == (2, later)
    version = row.versions.get(number=2)
    change = ChangeRequest.objects.get(number=version.change)
    assert (change.state, change.implementer) == ("verifying", change.requester)
    assert due_steps(now=later + DAY) == []


def test_raise__by_a_rule__counts_as_raising(now: datetime) -> None:
    rule = {"conditions": [{"attribute": "plan", "operator": "eq", "value": "pro"}], "variant": "on"}
    outcome = served(KEY, "prd", now=now, enabled=True, rules=[rule])
    assert ChangeRequest.objects.get(number=outcome.change).type == "normal"


def test_raise__signed_content_edited_afterwards__is_not_served(now: datetime) -> None:
    outcome = open_to(50, now=now)
    PlannedStep.objects.update(contents=[{**production().content, "enabled": True, "rollout_percentage": 100}])
    approve_change(number=outcome.change, actor=story.actor("bob"), now=now)
    carry_out_due_step(step_id=step_of(outcome), now=now + DAY)
    assert not production().content["enabled"]
    assert "signed for" in PlannedStep.objects.get().held_up_by


def test_raise__parameters_of_the_change_edited__voids_the_signature_and_the_step(now: datetime) -> None:
    outcome = open_to(50, now=now)
    change = ChangeRequest.objects.get(number=outcome.change)
    parameters = {**change.parameters, "flags": [{**change.parameters["flags"][0], "content_sha256": "0" * 64}]}
    edit_change(
        number=change.number,
        version=change.version,
        changes={"parameters": parameters},
        actor=story.actor("alice"),
        now=now,
    )
    approve_change(number=outcome.change, actor=story.actor("bob"), now=now)
    carry_out_due_step(step_id=step_of(outcome), now=now + DAY + timedelta(minutes=1))
    assert not production().content["enabled"]


def test_raise__something_served_meanwhile__conflicts(now: datetime) -> None:
    outcome = open_to(50, now=now)
    approve_change(number=outcome.change, actor=story.actor("bob"), now=now)
    FlagEnvironment.objects.filter(flag__key=KEY, environment="prd").update(version=7)
    carry_out_due_step(step_id=step_of(outcome), now=now + DAY)
    step = PlannedStep.objects.get()
    assert (step.state, production().version) == ("conflicting", 7)
    assert "Version 7" in step.ended_because


def test_raise__its_change_cancelled__ends_with_it(now: datetime) -> None:
    outcome = open_to(50, now=now)
    cancel_change(number=outcome.change, actor=story.actor("alice"), now=now)
    carry_out_due_step(step_id=step_of(outcome), now=now + DAY)
    assert PlannedStep.objects.get().state == "stopped"


def test_raise__second_while_one_is_planned__is_refused(now: datetime) -> None:
    outcome = open_to(50, now=now)
    with pytest.raises(MoveRefused, match=outcome.change):
        open_to(60, now=now)
    withdraw_step(key=KEY, environment="prd", actor=story.actor("alice"), now=now)
    assert open_to(60, now=now).change != outcome.change


@pytest.mark.parametrize("kind", ["holiday", "major_event", "quarter_end"])
def test_raise__under_a_freeze__is_refused_with_the_freeze(now: datetime, kind: str) -> None:
    story.freeze(now=now, kind=kind, title="Black Friday", starts_at=now, ends_at=now + 3 * DAY)
    if kind == "holiday":
        with pytest.raises(MoveRefused, match="Black Friday"):
            open_to(5, now=now)
        assert ChangeRequest.objects.count() == 0
        with pytest.raises(MoveRefused, match="Black Friday"):
            served(now=now, enabled=True, rollout_percentage=5)
    else:
        assert open_to(5, now=now).version is not None
    assert served(KEY, "prd", now=now, enabled=False, reason="Quiet").row.content["enabled"] is False


def test_freeze__over_the_time_of_an_approved_step__holds_it_up(now: datetime) -> None:
    outcome = open_to(50, now=now)
    approve_change(number=outcome.change, actor=story.actor("bob"), now=now)
    story.freeze(now=now, starts_at=now + timedelta(hours=20), ends_at=now + timedelta(hours=25), title="Peak")
    carry_out_due_step(step_id=step_of(outcome), now=now + DAY)
    assert "Peak" in PlannedStep.objects.get().held_up_by
    assert not production().content["enabled"]


def test_kill__under_a_freeze__is_at_once_and_takes_the_change_back(now: datetime) -> None:
    later = fully_open(now)
    story.freeze(now=later, starts_at=later, ends_at=later + DAY)
    outcome = kill_flag(key=KEY, environment="prd", reason="Errors", actor=story.actor("grace"), now=later)
    row = production()
    assert (row.content["enabled"], row.killed_because, row.full_since) == (False, "Errors", None)
    assert row.killed_by is not None
    assert outcome.version is not None
    assert ChangeRequest.objects.get().state == "rolled_back"
    assert Event.objects.filter(verb="flag.killed", object_id=KEY).count() == 1


@pytest.mark.parametrize("who", ["alice", "grace", "heidi", "dan"])
def test_kill__by_whoever_carries_the_pager__needs_nobody(now: datetime, who: str) -> None:
    open_to(5, now=now)
    kill_flag(key=KEY, environment="prd", reason="Errors", actor=story.actor(who), now=now)
    assert not production().content["enabled"]


@pytest.mark.parametrize("who", ["kim", "oscar"])
def test_kill__by_somebody_else__is_not_permitted(now: datetime, who: str) -> None:
    with pytest.raises(NotPermitted):
        kill_flag(key=KEY, environment="prd", reason="Errors", actor=story.actor(who), now=now)


def test_lower__in_production__needs_a_reason_and_nothing_else(now: datetime) -> None:
    fully_open(now)
    later = now + DAY
    with pytest.raises(Invalid, match="Say why"):
        open_to(50, now=later)
    assert open_to(50, now=later, reason="Slow").change == ""


def test_lower__default_that_is_the_safe_variant_on__is_raising_when_it_is_taken_away(now: datetime) -> None:
    flag("ops_rate_limit_strict", now=now, safe_variant="on")
    row = get_served("ops_rate_limit_strict", "prd")
    assert row.content["default_variant"] == "on"
    outcome = served("ops_rate_limit_strict", "prd", now=now, enabled=True, default_variant="off")
    assert ChangeRequest.objects.get(number=outcome.change).state == "in_review"


def test_restore__after_a_kill__raises_and_needs_its_change_again(now: datetime) -> None:
    later = fully_open(now)
    kill_flag(key=KEY, environment="prd", reason="Errors", actor=story.actor("grace"), now=later)
    outcome = restore_flag(key=KEY, environment="prd", actor=story.actor("alice"), now=later)
    assert ChangeRequest.objects.get(number=outcome.change).state == "in_review"
    open_to_dev = served(now=later, enabled=True, rollout_percentage=50)
    served(now=later, enabled=False)
    again = restore_flag(
        key=KEY, environment="dev", version=open_to_dev.row.version, actor=story.actor("alice"), now=later
    )
    assert again.row.content == open_to_dev.row.content
    assert again.row.version == 4


def test_ramp__in_production__is_one_change_and_one_version_for_each_step(now: datetime) -> None:
    ramp = Ramp(percentages=(1, 25, 100), holds=(600, 900))
    outcome = ramp_flag(key=KEY, environment="prd", version=1, ramp=ramp, actor=story.actor("alice"), now=now)
    assert ChangeRequest.objects.get().type == "normal"
    approve_change(number=outcome.change, actor=story.actor("bob"), now=now)
    moment, seen = now + DAY, []
    for seconds in (0, 599, 1, 899, 1):
        moment += timedelta(seconds=seconds)
        for step in due_steps(now=moment):
            carry_out_due_step(step_id=step, now=moment)
        seen.append(production().content["rollout_percentage"])
    assert seen == [1, 1, 25, 25, 100]
    assert (PlannedStep.objects.get().state, ChangeRequest.objects.get().state) == ("applied", "verifying")


def test_ramp__frozen_or_killed_between_steps__goes_no_further(now: datetime) -> None:
    ramp = Ramp(percentages=(1, 25, 100), holds=(600, 900))
    outcome = ramp_flag(key=KEY, environment="prd", version=1, ramp=ramp, actor=story.actor("alice"), now=now)
    approve_change(number=outcome.change, actor=story.actor("bob"), now=now)
    later = now + DAY
    carry_out_due_step(step_id=step_of(outcome), now=later)
    frozen = story.freeze(now=later, starts_at=later + timedelta(minutes=5), ends_at=later + timedelta(minutes=30))
    carry_out_due_step(step_id=step_of(outcome), now=later + timedelta(minutes=10))
    assert production().content["rollout_percentage"] == 1
    assert frozen.title in PlannedStep.objects.get().held_up_by
    carry_out_due_step(step_id=step_of(outcome), now=later + timedelta(minutes=30))
    assert production().content["rollout_percentage"] == 25
    kill_flag(
        key=KEY, environment="prd", reason="Errors", actor=story.actor("grace"), now=later + timedelta(minutes=31)
    )
    assert due_steps(now=later + DAY) == []
    assert (PlannedStep.objects.get().state, ChangeRequest.objects.get().state) == ("stopped", "rolled_back")


def test_ramp__up_to_five_percent__starts_at_once(now: datetime) -> None:
    ramp = Ramp(percentages=(1, 5), holds=(600,))
    outcome = ramp_flag(key=KEY, environment="prd", version=1, ramp=ramp, actor=story.actor("alice"), now=now)
    assert ChangeRequest.objects.get().state == "implementing"
    assert production().content["rollout_percentage"] == 1
    carry_out_due_step(step_id=step_of(outcome), now=now + timedelta(minutes=10))
    assert (production().content["rollout_percentage"], ChangeRequest.objects.get().state) == (5, "closed")


def test_emergency__authorised__lets_it_happen_at_once(now: datetime) -> None:
    with pytest.raises(MoveRefused, match="not an authorised emergency"):
        open_to(100, now=now, change=story.approved(now=now).number)
    emergency = story.authorised(now=now)
    outcome = open_to(100, now=now, change=emergency.number)
    assert outcome.version is not None
    assert ChangeRequest.objects.get(number=emergency.number).state == "implementing"


def test_scheduled__in_dev__waits_for_its_time_alone(now: datetime) -> None:
    outcome = served(now=now, enabled=True, rollout_percentage=50, scheduled_time=now + DAY)
    assert (outcome.version, outcome.change) == (None, "")
    carry_out_due_step(step_id=step_of(outcome), now=now)
    assert not get_served(KEY, "dev").content["enabled"]
    carry_out_due_step(step_id=step_of(outcome), now=now + DAY)
    assert get_served(KEY, "dev").content["enabled"]


def test_change__from_an_old_version__is_stale(now: datetime) -> None:
    served(now=now, enabled=True)
    with pytest.raises(Stale):
        change_flag(
            key=KEY, environment="dev", version=1, changes={"enabled": False}, actor=story.actor("alice"), now=now
        )


def test_rest__raise_in_production__answers_202_with_the_change(api: Callable[..., APIClient]) -> None:
    client = api("alice", scopes=["flags"])
    answer = client.patch(
        f"/api/v1/flags/{KEY}/environments/prd/", {"version": 1, "enabled": True, "rollout_percentage": 25}
    )
    assert answer.status_code == 202, answer.content
    assert answer.json()["change"].startswith("CR-")
    assert (answer.json()["state"], answer.json()["step"]["percentages"]) == ("in_review", [25])
    small = client.post(f"/api/v1/flags/{KEY}/withdraw/", {"environment": "prd"})
    assert small.json()["step"] is None
    answer = client.patch(
        f"/api/v1/flags/{KEY}/environments/prd/", {"version": 1, "enabled": True, "rollout_percentage": 5}
    )
    assert (answer.status_code, answer.json()["state"], answer.json()["exposure"]) == (200, "applied", 5)
    killed = client.post(f"/api/v1/flags/{KEY}/kill/", {"environment": "prd", "reason": "Errors"})
    assert killed.json()["killed"]["reason"] == "Errors"
    versions = client.get(f"/api/v1/flags/{KEY}/versions/?environment=prd").json()["results"]
    assert [row["kind"] for row in versions] == ["kill", "edit", "create"]
    assert versions[0]["difference"] == [{"field": "enabled", "before": True, "after": False}]
