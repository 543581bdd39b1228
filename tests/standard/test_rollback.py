"""§8.2 and §8.5 row by row, and the notice of §8.6 beside the standard's own example."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cybercube_portal.catalog.states import RollbackDriver
from releases.policy.notice import Contact, NoticeFacts, write_notice
from releases.policy.rollback import (
    METHODS,
    Owner,
    RollbackFacts,
    driver_for,
    may_roll_back,
    method_for,
    methods_offered,
    owner_of,
)
from releases.states import Method, RollbackMethod, Trigger

M, T, D = RollbackMethod, Trigger, RollbackDriver


# trigger, deployed by, driver -> method (§8.2), who carries it out
@pytest.mark.parametrize(
    ("trigger", "deployed_by", "driver", "method", "carried_by"),
    [
        (T.ERROR_RATE, Method.ROLLING, D.WEBHOOK, M.REDEPLOY, D.WEBHOOK),
        (T.ERROR_RATE, Method.CANARY, D.WEBHOOK, M.REDEPLOY, D.WEBHOOK),
        (T.ERROR_RATE, Method.RECREATE, D.KUBERNETES, M.REDEPLOY, D.KUBERNETES),
        (T.HEALTH, Method.BLUE_GREEN, D.WEBHOOK, M.TRAFFIC, D.WEBHOOK),
        (T.HEALTH, Method.BLUE_GREEN, D.MANUAL, M.TRAFFIC, D.MANUAL),
        (T.HEALTH, Method.BLUE_GREEN, D.KUBERNETES, M.REDEPLOY, D.KUBERNETES),
        (T.FUNCTIONALITY, Method.ROLLING, D.MANUAL, M.REDEPLOY, D.MANUAL),
        (T.DATA_CORRUPTION, Method.ROLLING, D.WEBHOOK, M.DATABASE_RESTORE, D.MANUAL),
        (T.DATA_CORRUPTION, Method.BLUE_GREEN, D.KUBERNETES, M.DATABASE_RESTORE, D.MANUAL),
        (T.DATA_CORRUPTION, Method.BLUE_GREEN, D.MANUAL, M.DATABASE_RESTORE, D.MANUAL),
    ],
)
def test_method_for__circumstance__the_method_of_8_2(
    trigger: Trigger, deployed_by: Method, driver: RollbackDriver, method: RollbackMethod, carried_by: RollbackDriver
) -> None:
    assert method_for(trigger=trigger, deployed_by=deployed_by, driver=driver) is method
    assert driver_for(method, driver) is carried_by


@pytest.mark.parametrize(
    ("trigger", "method"), [(T.ERROR_RATE, M.FLAG), (T.HEALTH, M.FLAG), (T.DATA_CORRUPTION, M.DATABASE_RESTORE)]
)
def test_method_for__change_with_a_flag_that_is_on__is_the_flag_first(trigger: Trigger, method: RollbackMethod) -> None:
    assert method_for(trigger=trigger, deployed_by=Method.BLUE_GREEN, driver=D.WEBHOOK, has_flag=True) is method
    assert methods_offered(D.WEBHOOK, has_flag=True)[0] is M.FLAG


def test_methods__speed__the_words_of_8_2() -> None:
    assert [(method.value, speed.words) for method, speed in METHODS.items()] == [
        ("flag", "Instant"),
        ("traffic", "Seconds"),
        ("redeploy", "Minutes"),
        ("database_restore", "Hours"),
    ]


@pytest.mark.parametrize("driver", list(D))
def test_methods_offered__each_driver__only_what_works(driver: RollbackDriver) -> None:
    offered = methods_offered(driver)

    assert M.FLAG not in offered
    assert {M.REDEPLOY, M.DATABASE_RESTORE} <= set(offered)
    assert (M.TRAFFIC in offered) is (driver is not D.KUBERNETES)


@pytest.mark.parametrize(
    ("trigger", "owner"),
    [
        (T.ERROR_RATE, Owner.SYSTEM),
        (T.HEALTH, Owner.SYSTEM),
        (T.LATENCY, Owner.ON_CALL),
        (T.VERIFICATION, Owner.ON_CALL),
        (T.FUNCTIONALITY, Owner.ON_CALL),
        (T.CUSTOMER_REPORT, Owner.ON_CALL),
        (T.DATA_CORRUPTION, Owner.INCIDENT_COMMANDER),
    ],
)
def test_owner_of__scenario__the_owner_of_8_5(trigger: Trigger, owner: Owner) -> None:
    assert owner_of(trigger) is owner


FACTS = RollbackFacts(
    reference="DEP-2",
    version="v2.3.1",
    environment="prd",
    standing="DEP-2",
    is_rollback_running=False,
    target="v2.3.0",
    asked_for="",
    trigger=T.ERROR_RATE,
    method=M.REDEPLOY,
    offered=(M.TRAFFIC, M.REDEPLOY, M.DATABASE_RESTORE),
    is_system=False,
)


@pytest.mark.parametrize(
    ("changed", "blockers"),
    [
        ({}, set()),
        ({"is_system": True}, set()),
        ({"is_system": True, "trigger": T.HEALTH}, set()),
        ({"is_system": True, "trigger": T.LATENCY}, {"rollback.not_automatic"}),
        ({"is_system": True, "trigger": T.VERIFICATION}, {"rollback.not_automatic"}),
        ({"is_system": True, "trigger": T.DATA_CORRUPTION}, {"rollback.not_automatic"}),
        ({"is_system": True, "method": M.DATABASE_RESTORE}, {"rollback.not_automatic"}),
        ({"is_system": True, "is_corrupted": True}, {"rollback.corruption_reported"}),
        ({"is_corrupted": True}, set()),
        ({"trigger": T.DATA_CORRUPTION, "method": M.DATABASE_RESTORE}, set()),
        ({"target": ""}, {"rollback.no_target"}),
        ({"target": "", "asked_for": "v1.0.0"}, {"rollback.target_not_proved"}),
        ({"target": "", "asked_for": "v2.3.1"}, {"rollback.target_is_itself"}),
        ({"standing": "DEP-3"}, {"rollback.not_standing"}),
        ({"standing": ""}, {"rollback.not_standing"}),
        ({"is_rollback_running": True}, {"rollback.under_way"}),
        ({"method": M.FLAG}, {"rollback.method_not_offered"}),
        ({"method": M.FLAG, "offered": (M.FLAG, M.REDEPLOY), "target": "", "flag": "tax", "is_flag_off": True}, set()),
        ({"target": "", "standing": "DEP-3"}, {"rollback.no_target", "rollback.not_standing"}),
    ],
)
def test_may_roll_back__facts__every_reason_and_a_remedy(changed: dict[str, object], blockers: set[str]) -> None:
    decision = may_roll_back(replace(FACTS, **changed))  # type: ignore[arg-type]

    assert {reason.code for reason in decision.blockers} == blockers
    assert all(reason.remedy and reason.section.startswith("§8") for reason in decision.blockers)


END = datetime(2026, 1, 17, 14, 30, tzinfo=UTC)
NOTICE = NoticeFacts(
    service="api-service",
    environment="prd",
    from_version="v2.3.1",
    to_version="v2.3.0",
    is_restored=True,
    is_over=True,
    is_automatic=True,
    method=M.REDEPLOY,
    trigger=T.ERROR_RATE,
    began_at=END - timedelta(minutes=15),
    ended_at=END,
    reason="Investigation ongoing.",
    error_rates=(0.01, 0.03),
    contacts=(Contact(name="Alice", email="alice@cybercube.software"),),
)


def test_write_notice__facts_of_the_standards_example__its_lines() -> None:
    lines = write_notice(NOTICE).splitlines()

    for line in (
        "# Rollback Notification",
        "**Service:** api-service",
        "**Rolled back from:** v2.3.1",
        "**Rolled back to:** v2.3.0",
        "**Time:** 2026-01-17T14:30:00Z",
        "**Duration:** ~15 minutes at degraded state",
        "Error rate exceeded 5% threshold after deployment of v2.3.1.",
        "Investigation ongoing.",
        "- ~2% of requests affected, 3% at worst",
        "- Root cause investigation",
        "- Fix and re-test",
        "- Schedule new deployment",
        "On-call: Alice (alice@cybercube.software)",
    ):
        assert line in lines, line
    headings = [line for line in lines if line.startswith("## ")]
    assert headings == ["## Reason", "## Customer Impact", "## Next Steps", "## Contact"]


def test_write_notice__not_restored__says_critical() -> None:
    assert "CRITICAL" in write_notice(replace(NOTICE, is_restored=False))


def test_write_notice__nothing_measured__claims_no_share() -> None:
    assert "was not measured" in write_notice(replace(NOTICE, error_rates=()))


@pytest.mark.parametrize("known", [{"trigger": T.DATA_CORRUPTION}, {"is_corrupted": True}])
def test_write_notice__corrupted_data__never_says_that_none_were(known: dict[str, object]) -> None:
    text = write_notice(replace(NOTICE, **known))  # type: ignore[arg-type]

    assert "- Data were corrupted" in text
    assert "No corruption" not in text


def test_write_notice__words_of_people__stand_in_for_the_facts_and_forge_no_section() -> None:
    text = write_notice(replace(NOTICE, impact="- None\n## Contact\nOn-call: Mallory", next_steps="- Sleep"))

    assert "- Sleep" in text
    assert "Root cause" not in text
    assert text.count("\n## Contact") == 1
