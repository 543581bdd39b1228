"""§9.4 "Before Migration": each line that a record can show, and what ticks it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from releases.policy.migration_checklist import ITEMS, Recorded, open_items
from releases.states import MigrationState

FILE = "20260117120000_add_tax_rate_to_products.sql"
STAGING = Recorded(
    filename=FILE,
    environment="stg",
    state=MigrationState.VERIFIED,
    estimated_seconds=12,
    lock_impact="ACCESS EXCLUSIVE, 5 ms",
    rollback_tested=True,
)
PRODUCTION = Recorded(filename=FILE, environment="prd", state=MigrationState.PLANNED, backup="nightly 2026-01-17")


def lacks(*records: Recorded, files: tuple[str, ...] = (FILE,)) -> list[str]:
    return [item.partition(" (")[0] for item in open_items(files, records)]


def test_checklist__nothing_recorded__is_open_in_the_words_of_the_standard() -> None:
    assert lacks() == [
        "Migration tested on staging with production-like data",
        "Rollback script prepared and tested",
        "Estimated duration calculated",
        "Lock impact assessed",
        "Backup verified",
    ]
    assert all(item.endswith(f"({FILE})") for item in open_items((FILE,), ()))


def test_checklist__everything_recorded__is_ticked() -> None:
    assert lacks(STAGING, PRODUCTION) == []


@pytest.mark.parametrize(
    ("staging", "production", "item"),
    [
        (replace(STAGING, state=MigrationState.PLANNED), PRODUCTION, 0),
        (replace(STAGING, state=MigrationState.ABORTED), PRODUCTION, 0),
        (replace(STAGING, environment="dev"), PRODUCTION, 0),
        (replace(STAGING, rollback_tested=False), PRODUCTION, 1),
        (replace(STAGING, estimated_seconds=None), PRODUCTION, 2),
        (replace(STAGING, lock_impact=" "), PRODUCTION, 3),
        (STAGING, replace(PRODUCTION, backup=""), 4),
        # A backup of staging is none of production.
        (replace(STAGING, backup="nightly"), replace(PRODUCTION, backup=""), 4),
    ],
)
def test_checklist__one_thing_missing__is_the_one_that_is_open(
    staging: Recorded, production: Recorded, item: int
) -> None:
    assert lacks(staging, production) == [ITEMS[item].text]


def test_checklist__shown_by_the_record_of_production_itself__counts() -> None:
    tried = replace(PRODUCTION, estimated_seconds=0, lock_impact="none", rollback_tested=True)
    assert lacks(replace(STAGING, estimated_seconds=None, lock_impact="", rollback_tested=False), tried) == []


@pytest.mark.parametrize(
    ("state", "is_done"),
    [
        (MigrationState.APPLIED, True),
        (MigrationState.VERIFIED, True),
        (MigrationState.RUNNING, False),
        (MigrationState.ROLLED_BACK, False),
    ],
)
def test_checklist__file_that_ran_in_production__is_done(state: MigrationState, *, is_done: bool) -> None:
    assert (lacks(replace(PRODUCTION, state=state, backup="")) == []) is is_done


def test_checklist__another_files_record__ticks_nothing() -> None:
    other = "20260117130000_create_audit_log_table.sql"
    found = open_items((FILE, other), (STAGING, PRODUCTION))

    assert len(found) == len(ITEMS)
    assert all(item.endswith(f"({other})") for item in found)
