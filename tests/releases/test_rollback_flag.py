"""A change may name a flag as its way back: whoever rolls its deployment back, the flag is killed first (§8.2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client

from flags.actions.flags import archive_flag
from flags.selectors.flags import get_served
from releases.actions.rollback import start_rollback
from releases.models import Deployment
from releases.reactions import KILL_FLAG
from releases.states import DeploymentState
from tests.factories import changes as story
from tests.factories.deployments import HOUR, deployed
from tests.factories.flags import flag, served
from tests.releases.working import work

KEY = "release_tax_v2"


@pytest.fixture
def bad(held: datetime) -> Deployment:
    """A deployment whose change names a flag that is open to 5 % in production."""
    deployed("v2.3.0", at=held - 24 * HOUR)
    bad = deployed("v2.3.1", at=held - HOUR)
    flag(KEY, now=held)
    served(KEY, "prd", now=held, enabled=True, rollout_percentage=5)
    change = story.approved(now=held - 2 * HOUR, artifacts=(), rollback_flag=KEY)
    Deployment.objects.filter(pk=bad.pk).update(change=change.number)
    bad.change = change.number
    return bad


def test_roll_back__change_names_a_flag__it_is_killed_where_the_deployment_ran(bad: Deployment, held: datetime) -> None:
    start_rollback(reference=bad.reference, reason="Errors", actor=story.actor("grace"), now=held)
    work(KILL_FLAG)
    row = get_served(KEY, "prd")
    assert not row.content["enabled"]
    assert bad.reference in row.killed_because


def test_roll_back__its_flag_is_gone__goes_on_without_it(bad: Deployment, held: datetime) -> None:
    archive_flag(key=KEY, reason="Gone", actor=story.actor("alice"), now=held)
    rollback = start_rollback(reference=bad.reference, reason="Errors", actor=story.actor("grace"), now=held)
    work(KILL_FLAG)
    assert rollback.state == DeploymentState.RUNNING


def test_change__that_names_a_flag__shows_it_with_the_switch(
    bad: Deployment, browser_session: Callable[[str], Client]
) -> None:
    text = browser_session("grace").get(f"/changes/{bad.change}/").content.decode()
    assert f"/flags/{KEY}/kill/" in text
    assert f"/flags/{KEY}/kill/" not in browser_session("kim").get(f"/changes/{bad.change}/").content.decode()
