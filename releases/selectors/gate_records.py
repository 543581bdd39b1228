"""What the gate's statement says of deployments and releases, as frozen facts; the same care as in `gate_rows`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from json import loads
from typing import Any

from changes.policy.risk import answers_of
from cybercube_portal.catalog.states import Stage, StageStatus
from cybercube_portal.catalog.versions import Bump, bump, parse_version
from releases.policy.content_facts import ArtifactContent, ContentFacts, Tick
from releases.policy.contents import open_items
from releases.policy.gate.facts import DeploymentFacts, ReleaseFacts
from releases.selectors.releases import APPROVED

Row = Mapping[str, Any]


@lru_cache(maxsize=4096)
def deployment_facts(text: str) -> tuple[DeploymentFacts, str | None]:
    """What was deployed of it, but for who spent the change, and the last healthy version in production."""
    row = loads(text)
    in_production = row.pop("in_production")
    return DeploymentFacts(**row), in_production


def release_facts(text: str | None, *, version: str, in_production: str | None) -> ReleaseFacts:
    """The release of the version, None where there is none, and the step that the version is."""
    step = _bump(in_production, version)
    if text is None:
        return ReleaseFacts(bump=step)
    reference, is_approved, items = _release(text)
    return ReleaseFacts(bump=step, reference=reference, is_approved=is_approved, open_items=items)


@lru_cache(maxsize=1024)
def _release(text: str) -> tuple[str, bool, tuple[str, ...]]:
    row = loads(text)
    is_approved = row["change_state"] in APPROVED
    return row["reference"], is_approved, open_items(_content(row, is_approved=is_approved))


def _content(row: Row, *, is_approved: bool) -> ContentFacts:
    """What the first two parts of §5.3 are decided by. Slot and freezes have rules of their own at the gate."""
    artifacts = row["artifacts"] or ()
    carried = {name for artifact in artifacts for name in artifact["migrations"] or ()}
    tested = frozenset(row["tested"] or ())
    return ContentFacts(
        artifacts=tuple(map(_artifact, artifacts)),
        migrations={name: name in tested for name in sorted({*row["migrations"], *carried})},
        change=row["change"],
        has_rollback_plan=bool(row["has_rollback_plan"]),
        is_risk_assessed=all(answer is not None for _, answer in answers_of(row["answers"] or {})),
        is_approved=is_approved,
        has_slot=True,
        on_call_notified_at=datetime.fromisoformat(row["notified_at"]) if row["notified_at"] else None,
        ticks=dict(_ticks(row["ticks"] or ())),
    )


def _artifact(row: Row) -> ArtifactContent:
    reports = {Stage(report["stage"]): report for report in row["stages"] or ()}
    scan = reports[Stage.SCAN]["summary"] if Stage.SCAN in reports else {}
    return ArtifactContent(
        reference=row["reference"],
        is_registered=row["is_registered"],
        stages={stage: StageStatus(report["status"]) for stage, report in reports.items()},
        critical=scan.get("critical"),
        high=scan.get("high"),
    )


def _ticks(rows: Iterable[Row]) -> Iterator[tuple[str, Tick]]:
    for row in rows:
        yield row["item"], Tick(by=row["by"], at=datetime.fromisoformat(row["at"]), note=row["note"])


def _bump(before: str | None, version: str) -> Bump | None:
    """None as well for what is no version: its own rule refuses it."""
    try:
        return bump(parse_version(before) if before else None, parse_version(version))
    except ValueError:
        return None
