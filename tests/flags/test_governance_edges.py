"""Ways around the care a flag is moved under, each of them closed (design/flags.md items 7 to 10, §6.4, §6.5)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from changes.models import ChangeRequest
from cybercube_portal.errors import Invalid, MoveRefused
from flags.actions.carrying import carry_out_due_step
from flags.actions.segments import change_segment, create_segment
from flags.actions.stopping import withdraw_step
from flags.models import FlagEnvironment
from flags.policy.exposure import certain_of, is_small
from flags.selectors.flags import get_served, version_of
from flags.selectors.steps import due_steps
from tests.factories import changes as story
from tests.factories.flags import flag, served
from tests.factories.people import Cast

KEY = "release_new_dashboard"
DAY = timedelta(days=1)
PRO = [[{"attribute": "plan", "operator": "eq", "value": "pro"}]]


@pytest.fixture(autouse=True)
def _company(cast: Cast, now: datetime) -> None:
    story.service()
    flag(now=now)


def production() -> FlagEnvironment:
    return get_served(KEY, "prd")


def carried_out(*, now: datetime) -> None:
    for step in due_steps(now=now):
        carry_out_due_step(step_id=step, now=now)


def test_lower__planned_in_production__needs_its_reason_and_no_freeze_stops_it(now: datetime) -> None:
    served(KEY, "prd", now=now, enabled=True, rollout_percentage=5)
    off: dict[str, Any] = {"now": now, "enabled": False, "scheduled_time": now + DAY}
    with pytest.raises(Invalid, match="Say why"):
        served(KEY, "prd", **off)
    served(KEY, "prd", **off, reason="The campaign is over")
    story.freeze(now=now, starts_at=now, ends_at=now + 3 * DAY)
    carried_out(now=now + DAY)
    assert not production().content["enabled"]


def test_emergency__with_a_time__is_refused_since_it_happens_now(now: datetime) -> None:
    emergency = story.authorised(now=now)
    with pytest.raises(Invalid, match="carried out now"):
        served(
            KEY, "prd", now=now, enabled=True, rollout_percentage=50, change=emergency.number, scheduled_time=now + DAY
        )
    assert not production().content["enabled"]


def test_emergency__in_a_major_event__passes_no_freeze_without_an_exception(now: datetime) -> None:
    emergency = story.authorised(now=now)
    story.freeze(now=now, kind="major_event", title="Black Friday", starts_at=now, ends_at=now + DAY)
    with pytest.raises(MoveRefused, match="Black Friday"):
        served(KEY, "prd", now=now, enabled=True, rollout_percentage=50, change=emergency.number)
    assert not production().content["enabled"]
    assert ChangeRequest.objects.get(number=emergency.number).state == "approved"


def test_emergency__whose_word_is_long_ago__lets_nothing_happen(now: datetime) -> None:
    emergency = story.authorised(now=now)
    with pytest.raises(MoveRefused):
        served(KEY, "prd", now=now + 2 * DAY, enabled=True, rollout_percentage=50, change=emergency.number)


SMALL: list[tuple[dict[str, Any], bool]] = [
    ({"rollout_percentage": 5}, True),
    ({"rollout_percentage": 5.01}, False),
    ({"rollout_percentage": 5, "bucket_by": "country"}, False),
    ({"rollout_percentage": 5, "rollout_variant": "off", "bucket_by": "country"}, True),
    ({"rules": [{"conditions": [{"attribute": "targetingKey", "operator": "percentage", "value": 5}], "variant": "on"}]}, True),
    ({"rules": [{"conditions": [{"attribute": "country", "operator": "percentage", "value": 1}], "variant": "on"}]}, False),
]  # fmt: skip
CERTAIN: list[tuple[dict[str, Any], str | None, float]] = [
    ({"default_variant": "on"}, "off", 100),
    ({"default_variant": "on", "rollout_variant": "off", "rollout_percentage": 30}, "off", 70),
    ({"rollout_percentage": 100}, "off", 100),
    ({"default_variant": "on", "rules": [{"split": [{"variant": "on", "weight": 1}, {"variant": "off", "weight": 1}]}]}, "off", 0),
    ({"default_variant": "on", "rules": [{"split": [{"variant": "on", "weight": 1}, {"variant": "off", "weight": 1}]}]}, None, 100),
    ({"default_variant": "on", "rules": [{"variant": "off"}]}, "off", 0),
]  # fmt: skip


def content(**more: Any) -> dict[str, Any]:
    plain = {"enabled": True, "default_variant": "off", "rollout_percentage": None, "rollout_variant": "on"}
    return {**plain, "bucket_by": "targetingKey", "rules": [], "prerequisites": [], **more}


@pytest.mark.parametrize(("more", "small"), SMALL)
def test_small__is_a_share_of_people_and_of_nothing_else(more: dict[str, Any], small: bool) -> None:
    assert is_small(content(**more), "off") is small


@pytest.mark.parametrize(("more", "safe", "share"), CERTAIN)
def test_certain__is_what_no_rule_and_no_rollout_takes_back(
    more: dict[str, Any], safe: str | None, share: float
) -> None:
    assert certain_of(content(**more), safe) == share


def test_raise__of_five_percent_of_tenants__waits_for_a_normal_change(now: datetime) -> None:
    outcome = served(KEY, "prd", now=now, enabled=True, rollout_percentage=5, bucket_by="tenant.id")
    change = ChangeRequest.objects.get(number=outcome.change)
    assert (change.type, change.state, outcome.version) == ("normal", "in_review", None)


def test_raise__of_a_flag_whose_rules_were_written_while_it_was_off__shows_them_to_who_signs(now: datetime) -> None:
    rule = {"conditions": [{"attribute": "plan", "operator": "eq", "value": "pro"}], "variant": "on"}
    assert served(KEY, "prd", now=now, rules=[rule]).change == ""
    outcome = served(KEY, "prd", now=now, enabled=True)
    (entry,) = ChangeRequest.objects.get(number=outcome.change).parameters["flags"]
    shown = {row["field"].partition(".")[0].partition("[")[0]: row["after"] for row in entry["difference"]}
    assert shown["enabled"] is True
    assert "rules" in shown


def test_segment__that_a_step_in_review_names__is_not_edited_under_its_signatures(now: datetime) -> None:
    alice: dict[str, Any] = {"actor": story.actor("alice"), "now": now}
    create_segment(slug="pro", name="Pro", groups=PRO, **alice)
    rule = {"conditions": [{"operator": "segment", "value": ["pro"]}], "variant": "on"}
    assert served(KEY, "prd", now=now, enabled=True, rules=[rule]).version is None
    wider = [[{"attribute": "plan", "operator": "exists"}]]
    with pytest.raises(MoveRefused, match=f"{KEY} reads pro"):
        change_segment(slug="pro", version=1, groups=wider, **alice)
    withdraw_step(key=KEY, environment="prd", **alice)
    assert change_segment(slug="pro", version=1, groups=wider, **alice).version == 2


def test_segment__read_where_a_freeze_lies__is_not_edited(now: datetime) -> None:
    alice: dict[str, Any] = {"actor": story.actor("alice"), "now": now}
    create_segment(slug="pro", name="Pro", groups=PRO, **alice)
    rule = {"conditions": [{"operator": "segment", "value": ["pro"]}], "variant": "on"}
    served(now=now, enabled=True, rules=[rule])
    story.freeze(now=now, starts_at=now, ends_at=now + DAY, title="Quiet")
    with pytest.raises(MoveRefused, match="Quiet"):
        change_segment(slug="pro", version=1, groups=[[{"attribute": "plan", "operator": "exists"}]], **alice)
    assert change_segment(slug="pro", version=1, name="Professionals", **alice).version == 2


def test_clients__look_only_where_something_else_is_served(now: datetime) -> None:
    before = version_of("prd")
    served(KEY, "prd", now=now, enabled=True, rollout_percentage=50)  # waits for its change
    withdraw_step(key=KEY, environment="prd", actor=story.actor("alice"), now=now)
    served(KEY, "prd", now=now, enabled=False)  # as it is
    assert version_of("prd") == before
    served(KEY, "prd", now=now, enabled=True, rollout_percentage=5)
    assert version_of("prd") == before + 1
