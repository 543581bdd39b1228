"""A change may name a flag as its way back: it is switched off first, and the version before deployed only if that does not help (§8.2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from changes.actions.changes import start_change
from changes.models import ChangeRequest
from cybercube_portal import clock
from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.audit.models import Event
from cybercube_portal.demo.rollouts import seen
from cybercube_portal.errors import MoveRefused
from flags.actions.flags import archive_flag
from flags.selectors.flags import get_served
from releases.actions.driving import finish_rollback
from releases.actions.rollback import start_rollback
from releases.actions.verification import conclude_verification
from releases.actions.watch import take_sample
from releases.models import Deployment, GateDecision, Incident
from releases.reactions import FALL_BACK, FOLLOW_FLAG, KILL_FLAG, PAGE_ON_CALL, SEND_NOTICE
from releases.states import DeploymentState, RollbackMethod, Trigger
from tests.factories import changes as story
from tests.factories.deployments import HOUR, deployed
from tests.factories.flags import flag, served
from tests.releases.working import work

KEY = "release_tax_v2"
OLD, NEW = "v2.3.0", "v2.3.1"


@pytest.fixture
def bad(held: datetime) -> Deployment:
    """A deployment whose change names a flag that is open to 5 % in production."""
    deployed(OLD, at=held - 24 * HOUR)
    bad = deployed(NEW, at=held)
    flag(KEY, now=held)
    served(KEY, "prd", now=held, enabled=True, rollout_percentage=5)
    change = story.approved(now=held - 26 * HOUR, artifacts=(), rollback_flag=KEY)
    start_change(number=change.number, actor=story.actor("alice"), now=held)
    Deployment.objects.filter(pk=bad.pk).update(change=change.number)
    bad.change = change.number
    return bad


def roll_back(bad: Deployment, *, now: datetime, **options: Any) -> Deployment:
    given = {"reason": "Errors", "actor": story.actor("grace"), **options}
    return start_rollback(reference=bad.reference, now=now, **given)


def state_of(deployment: Deployment) -> str:
    return str(Deployment.objects.get(pk=deployment.pk).state)


def verified(rollback: Deployment, *, errors: float, now: datetime) -> None:
    """Its checks are made, the error rate is this, and whatever follows from that is done."""
    conclude_verification(reference=rollback.reference, number=1, checked=seen(NEW, errors=errors), now=now)
    with clock.fixed_at(now):
        work(FALL_BACK, SEND_NOTICE, PAGE_ON_CALL)


def test_roll_back__change_names_a_flag_that_is_on__switches_it_off_and_deploys_nothing(
    bad: Deployment, held: datetime
) -> None:
    decisions = GateDecision.objects.count()
    rollback = roll_back(bad, now=held)
    row = get_served(KEY, "prd")
    assert not row.content["enabled"]
    assert bad.reference in row.killed_because
    assert row.killed_by is not None
    assert (rollback.version, rollback.state, rollback.decision) == (NEW, DeploymentState.VERIFYING, None)
    assert (rollback.rollback.method, rollback.rollback.flag) == (RollbackMethod.FLAG, KEY)
    assert GateDecision.objects.count() == decisions
    verified(rollback, errors=0.001, now=held + HOUR)
    assert (state_of(bad), state_of(rollback)) == ("rolled_back", "healthy")
    assert ChangeRequest.objects.get(number=bad.change).state == "rolled_back"
    notice = Deployment.objects.get(pk=rollback.pk).rollback.notice
    assert f"**Rolled back to:** {NEW} with {KEY} switched off" in notice


def test_roll_back__under_a_freeze_and_with_nothing_to_go_back_to__still_works_by_its_flag(
    bad: Deployment, held: datetime
) -> None:
    Deployment.objects.exclude(pk=bad.pk).update(service=story.service("search-api", team="search"))
    story.freeze(now=held, starts_at=held - HOUR, ends_at=held + HOUR)
    assert roll_back(bad, now=held).rollback.method == RollbackMethod.FLAG


def test_roll_back__by_the_system__falls_back_to_the_version_before_when_the_figures_stay_bad(
    bad: Deployment, held: datetime
) -> None:
    take_sample(reference=bad.reference, checked=seen(NEW, errors=0.08), now=held)
    by_flag = Deployment.objects.get(rolls_back=bad)
    assert (by_flag.rollback.method, by_flag.rollback.is_automatic) == (RollbackMethod.FLAG, True)
    verified(by_flag, errors=0.08, now=held + HOUR)
    assert state_of(bad) == "rolling_back"
    again = Deployment.objects.get(rolls_back=by_flag)
    assert (again.version, again.rollback.method, again.state) == (OLD, RollbackMethod.REDEPLOY, "running")
    assert KEY in again.rollback.reason
    finish_rollback(Deployment.objects.get(pk=again.pk), said="done", now=held + HOUR)
    conclude_verification(reference=again.reference, number=1, checked=seen(OLD, errors=0.001), now=held + 2 * HOUR)
    with clock.fixed_at(held + 2 * HOUR):
        work(SEND_NOTICE)
    assert [state_of(row) for row in (again, by_flag, bad)] == ["healthy", "rolled_back", "rolled_back"]
    assert ChangeRequest.objects.get(number=bad.change).state == "rolled_back"
    assert OLD in Deployment.objects.get(pk=again.pk).rollback.notice


def test_roll_back__by_the_system_with_no_version_before__ends_with_on_call(bad: Deployment, held: datetime) -> None:
    Deployment.objects.exclude(pk=bad.pk).update(service=story.service("search-api", team="search"))
    by_flag = roll_back(bad, now=held, actor=SYSTEM, trigger=Trigger.ERROR_RATE)
    verified(by_flag, errors=0.08, now=held + HOUR)
    assert (state_of(by_flag), state_of(bad)) == ("failed", "rollback_failed")
    assert Event.objects.filter(verb="deployment.rollback_failed").count() == 1


def test_roll_back__by_a_person__that_does_not_help_is_left_to_people(bad: Deployment, held: datetime) -> None:
    by_flag = roll_back(bad, now=held)
    verified(by_flag, errors=0.08, now=held + HOUR)
    assert state_of(bad) == "rollback_failed"
    again = roll_back(by_flag, now=held + HOUR)
    assert (again.version, again.rollback.method) == (OLD, RollbackMethod.REDEPLOY)


def test_watch__after_a_flag_was_switched_off__goes_on_to_the_version_before(bad: Deployment, held: datetime) -> None:
    by_flag = roll_back(bad, now=held, actor=SYSTEM, trigger=Trigger.ERROR_RATE)
    later = held + HOUR
    verified(by_flag, errors=0.001, now=later)
    take_sample(reference=by_flag.reference, checked=seen(NEW, errors=0.08), now=later)
    again = Deployment.objects.get(rolls_back=by_flag)
    assert (again.version, again.rollback.method) == (OLD, RollbackMethod.REDEPLOY)


def test_roll_back__another_method_is_asked_for__kills_the_flag_as_well(bad: Deployment, held: datetime) -> None:
    rollback = roll_back(bad, now=held, method=RollbackMethod.REDEPLOY)
    work(KILL_FLAG)
    assert rollback.version == OLD
    assert not get_served(KEY, "prd").content["enabled"]


def test_roll_back__its_flag_is_gone__deploys_the_version_before(bad: Deployment, held: datetime) -> None:
    archive_flag(key=KEY, reason="Gone", actor=story.actor("alice"), now=held)
    rollback = roll_back(bad, now=held)
    work(KILL_FLAG)
    assert (rollback.version, rollback.state) == (OLD, DeploymentState.RUNNING)
    with pytest.raises(MoveRefused, match="does not work"):
        roll_back(deployed("v2.3.2", at=held), now=held, method=RollbackMethod.FLAG)


def test_page__of_a_way_back_by_a_flag__is_one_button(
    bad: Deployment, browser_session: Callable[[str], Client]
) -> None:
    grace = browser_session("grace")
    assert f"Roll back by {KEY}" in grace.get(f"/deployments/{bad.reference}/").content.decode()
    page = f"/deployments/{bad.reference}/roll_back/"
    text = grace.get(page).content.decode()
    assert f"Switch {KEY} off" in text
    sent = {"reason": "Errors", "to_version": OLD, "method": "flag", "trigger": "functionality"}
    assert grace.post(page, sent).status_code == 302
    assert f"with {KEY} switched off" in grace.get(page).content.decode()
    rollback = Deployment.objects.get(rolls_back=bad)
    assert grace.get(f"/deployments/{rollback.reference}/").status_code == 200


def test_change__that_names_a_flag__shows_it_with_the_switch(
    bad: Deployment, held: datetime, browser_session: Callable[[str], Client]
) -> None:
    deployed("v2.3.2", at=held)  # What the change brought stands there no longer: the flag alone is left.
    text = browser_session("grace").get(f"/changes/{bad.change}/").content.decode()
    assert f"/flags/{KEY}/kill/" in text
    assert f"/flags/{KEY}/kill/" not in browser_session("kim").get(f"/changes/{bad.change}/").content.decode()


def test_change__whose_deployment_stands__is_taken_back_by_the_switch_on_its_page(
    bad: Deployment, held: datetime, browser_session: Callable[[str], Client], django_assert_max_num_queries: Any
) -> None:
    grace, page = browser_session("grace"), f"/changes/{bad.change}/"
    way = f"/deployments/{bad.reference}/roll_back/"
    grace.get(page)
    with django_assert_max_num_queries(12):
        text = grace.get(page).content.decode()
    assert f'action="{way}"' in text
    assert f"/flags/{KEY}/kill/" not in text
    assert f'action="{way}"' not in browser_session("kim").get(page).content.decode()
    form = text.partition(f'action="{way}"')[2].partition("</form>")[0]
    sent = dict(re.findall(r'<input type="hidden" name="(method|trigger)" value="(\w+)"', form))
    assert sent == {"method": "flag", "trigger": "functionality"}
    assert grace.post(way, {**sent, "reason": ""}).status_code == 422
    assert grace.post(way, {**sent, "reason": "Errors"}).status_code == 302
    rollback = Deployment.objects.get(rolls_back=bad)
    assert (rollback.rollback.method, rollback.rollback.flag) == (RollbackMethod.FLAG, KEY)
    assert not get_served(KEY, "prd").content["enabled"]
    verified(rollback, errors=0.001, now=held + HOUR)
    assert state_of(bad) == "rolled_back"
    assert ChangeRequest.objects.get(number=bad.change).state == "rolled_back"
    assert KEY in Deployment.objects.get(pk=rollback.pk).rollback.notice
    after = grace.get(page).content.decode()
    assert f'action="{way}"' not in after
    assert f"/flags/{KEY}/kill/" not in after


@pytest.fixture
def beside(bad: Deployment, held: datetime) -> Deployment:
    """Another service's deployment under the same change, behind the same flag."""
    story.service("search-api", team="search")
    deployed(OLD, at=held - 24 * HOUR, service="search-api")
    beside = deployed(NEW, at=held, service="search-api")
    Deployment.objects.filter(pk=beside.pk).update(change=bad.change)
    beside.change = bad.change
    return beside


def test_roll_back__of_one_of_two_services__takes_both_back_and_each_is_verified_and_told_by_itself(
    bad: Deployment, beside: Deployment, held: datetime
) -> None:
    first = roll_back(bad, now=held)
    work(FOLLOW_FLAG, KILL_FLAG)
    then = Deployment.objects.get(rolls_back=beside)
    assert (then.version, then.state, then.decision) == (NEW, "verifying", None)
    row = then.rollback
    assert (row.method, row.flag, row.is_automatic, row.trigger) == (
        RollbackMethod.FLAG,
        KEY,
        False,
        first.rollback.trigger,
    )
    assert bad.reference in row.reason
    assert "already" in row.driver_said
    assert then.started_by == first.started_by
    assert Event.objects.filter(verb="flag.killed").count() == 1
    for rollback in (first, then):
        verified(rollback, errors=0.001, now=held + HOUR)
    assert [state_of(bad), state_of(beside)] == ["rolled_back", "rolled_back"]
    assert ChangeRequest.objects.get(number=bad.change).state == "rolled_back"
    for rollback in (first, then):
        assert f"with {KEY} switched off" in Deployment.objects.get(pk=rollback.pk).rollback.notice
    told = Event.objects.filter(verb="deployment.rolled_back").values_list("object_id", flat=True)
    assert set(told) == {bad.reference, beside.reference}
    incidents = Incident.objects.values_list("deployment", "state")
    assert set(incidents) == {(bad.reference, "resolved"), (beside.reference, "resolved")}


def test_roll_back__by_the_system_of_one_of_two__falls_back_only_where_the_flag_did_not_help(
    bad: Deployment, beside: Deployment, held: datetime
) -> None:
    first = roll_back(bad, now=held, actor=SYSTEM, trigger=Trigger.ERROR_RATE)
    work(FOLLOW_FLAG)
    then = Deployment.objects.get(rolls_back=beside)
    verified(first, errors=0.001, now=held + HOUR)
    verified(then, errors=0.08, now=held + HOUR)
    assert (state_of(bad), state_of(beside)) == ("rolled_back", "rolling_back")
    again = Deployment.objects.get(rolls_back=then)
    assert (again.version, again.rollback.method) == (OLD, RollbackMethod.REDEPLOY)


def test_roll_back__of_the_other_before_a_worker_came__is_by_the_flag_that_is_off_and_deploys_nothing(
    bad: Deployment, beside: Deployment, held: datetime, browser_session: Callable[[str], Client]
) -> None:
    text = browser_session("grace").get(f"/changes/{bad.change}/").content.decode()
    assert text.count("Kill and roll back") == 1, "one switch for both"
    assert beside.reference in browser_session("grace").get(f"/deployments/{bad.reference}/roll_back/").content.decode()
    roll_back(bad, now=held)
    page = browser_session("grace").get(f"/deployments/{beside.reference}/roll_back/").content.decode()
    assert "Count it as rolled back" in page
    assert roll_back(beside, now=held).rollback.method == RollbackMethod.FLAG
    work(FOLLOW_FLAG)
    assert Deployment.objects.filter(action="rollback").count() == 2, "what was taken back is not taken back again"


def test_roll_back__of_what_was_deployed_after_the_flag_went_off__deploys_the_version_before(
    bad: Deployment, held: datetime
) -> None:
    roll_back(bad, now=held)
    story.service("search-api", team="search")
    deployed(OLD, at=held - HOUR, service="search-api")
    later = deployed(NEW, at=held + HOUR, service="search-api")
    Deployment.objects.filter(pk=later.pk).update(change=bad.change)
    assert roll_back(later, now=held + HOUR).rollback.method == RollbackMethod.REDEPLOY
