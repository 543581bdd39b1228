"""Lanes of versions: what stood where, what production runs, what came after it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cybercube_portal.pages.lanes import LEFT, WIDTH, Stage, lanes

NOW = datetime(2026, 1, 14, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PLACES = ("dev", "stg", "prd")


def drawn(*rows: tuple[str, str, int]) -> list[tuple[str, str, str, float, float]]:
    """Given (place, version, days ago): (place, version, stage, from, to), in days before now as the chart draws them."""
    given = sorted(((where, version, NOW - days * DAY) for where, version, days in rows), key=lambda row: row[2])
    found = lanes(given, places=PLACES, now=NOW, span=90 * DAY, production="prd")
    per_day = (WIDTH - LEFT) / 90
    return [
        (
            box.stay.environment,
            box.stay.version,
            box.stage,
            round(90 - (box.x - LEFT) / per_day),
            round(90 - (box.x + box.width - LEFT) / per_day),
        )
        for box in found.boxes
    ]


def test_lanes__promotion__marks_what_production_runs_and_what_came_after_it() -> None:
    assert drawn(("stg", "v1", 200), ("prd", "v1", 199), ("stg", "v2", 30), ("prd", "v2", 20), ("stg", "v3", 10)) == [
        ("stg", "v1", Stage.PAST, 90, 30),
        ("stg", "v2", Stage.PRODUCTION, 30, 10),
        ("stg", "v3", Stage.AHEAD, 10, 0),
        ("prd", "v1", Stage.PAST, 90, 20),
        ("prd", "v2", Stage.PRODUCTION, 20, 0),
    ]


def test_lanes__a_way_back__is_the_old_version_again_and_the_same_twice_is_one_stay() -> None:
    assert drawn(("prd", "v1", 60), ("prd", "v2", 40), ("prd", "v1", 39), ("prd", "v1", 20)) == [
        ("prd", "v1", Stage.PRODUCTION, 60, 40),
        ("prd", "v2", Stage.AHEAD, 40, 39),
        ("prd", "v1", Stage.PRODUCTION, 39, 0),
    ]


def test_lanes__nothing_in_production__everything_is_ahead_and_what_ended_before_is_not_drawn() -> None:
    assert drawn(("dev", "v1", 120), ("dev", "v2", 100), ("dev", "v3", 0)) == [
        ("dev", "v2", Stage.AHEAD, 90, 0),
        ("dev", "v3", Stage.AHEAD, 0, 0),
    ]
    assert drawn() == []


def test_lanes__everything__stays_within_the_picture_and_is_a_row_of_the_table() -> None:
    rows = [("stg", f"v{number}.0.0", NOW - number * timedelta(hours=2)) for number in range(60, 0, -1)]
    found = lanes(rows, places=PLACES, now=NOW, span=90 * DAY, production="prd")
    assert all(box.x >= LEFT - 2 and box.x + box.width <= WIDTH + 0.01 for box in found.boxes)
    assert len(found.stays) == len(found.boxes) == 60
    assert found.stays[0].version == "v1.0.0"
    assert {box.label for box in found.boxes} == {""}
