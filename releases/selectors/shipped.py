"""What services put into production lately, counted by PostgreSQL: half a year of it is too much to read one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from changes.policy.scope import Action
from cybercube_portal.catalog.states import EnvironmentCode
from releases.policy.compliance import Shipped
from releases.states import DeploymentState, VerificationState

# A release of §3.2: no pre-release, build metadata allowed.
RELEASED = r"^v(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(\+.+)?$"
# Healthy is what was verified once, whatever became of it; what failed and was rolled back never was.
STATEMENT = """
WITH reached AS (
    SELECT deployment.*, service.slug, deployment.action = %(rollback)s AS is_rollback,
           deployment.environment = %(production)s AS is_production, verified_at IS NOT NULL AS was_healthy
    FROM releases_deployment deployment JOIN catalog_service service ON service.id = deployment.service_id
    WHERE service.slug = ANY (%(services)s::text[]) AND deployment.environment IN (%(staging)s, %(production)s)
      AND deployment.created_at >= %(since)s
), staged AS (
    SELECT service_id, digest, min(verified_at) AS at FROM releases_deployment
    WHERE environment = %(staging)s AND action <> %(rollback)s AND verified_at IS NOT NULL
      AND digest IN (SELECT digest FROM reached WHERE is_production AND was_healthy AND NOT is_rollback)
    GROUP BY service_id, digest
), counted AS (
    SELECT reached.slug, reached.id, reference, is_production AND was_healthy AND NOT is_rollback AS is_shipped, is_rollback, was_healthy, verified_at,
           state = %(healthy)s AS is_healthy, is_production, change <> '' AS has_change, staged.at <= created_at AS was_promoted,
           version ~ %(released)s AS is_released, floor(extract(epoch FROM %(now)s::timestamptz - created_at) / 604800)::int AS weeks_ago,
           is_production AND NOT is_rollback AND finished_at IS NOT NULL AND state <> %(verifying)s AS is_carried_out,
           was_healthy OR EXISTS (
               SELECT FROM releases_verification checks WHERE checks.deployment_id = reached.id AND checks.state = %(failed)s
           ) AS is_judged,
           is_production AND was_healthy AND NOT is_rollback AND watch_until <= %(now)s AS is_to_watch,
           ended_at <= watch_until OR watched_at IS NOT NULL AND EXISTS (
               SELECT FROM releases_watchsample sample
               WHERE sample.deployment_id = reached.id AND (sample.is_healthy IS NOT NULL OR sample.error_rate IS NOT NULL)
           ) AS is_watched,
           is_production AND is_rollback AND was_healthy AS is_way_back, told.noticed_at IS NOT NULL AS is_told
    FROM reached LEFT JOIN staged USING (service_id, digest) LEFT JOIN releases_rollback told ON told.by_id = reached.id
)
SELECT slug, max(verified_at) FILTER (WHERE is_rollback AND is_healthy),
       coalesce(array_agg(DISTINCT weeks_ago) FILTER (WHERE is_shipped), '{}'),
       {figures}
FROM counted GROUP BY slug"""
# (name, of which rows, how many of them): what a figure counts, and the last one that lacks it.
FIGURES = (
    ("with_change", "is_shipped", "has_change"),
    ("promoted", "is_shipped", "was_promoted"),
    ("released", "is_shipped", "is_released"),
    ("judged", "is_carried_out", "is_judged"),
    ("watched", "is_to_watch", "is_watched"),
    ("told", "is_way_back", "is_told"),
)
TOTALS = (("count", "is_shipped"), ("carried_out", "is_carried_out"), ("to_watch", "is_to_watch"), ("rolled_back", "is_way_back"))  # fmt: skip
SELECTED = (
    *(f"count(*) FILTER (WHERE {of_all})" for _, of_all in TOTALS),
    *(f"count(*) FILTER (WHERE {of_all} AND {met})" for _, of_all, met in FIGURES),
    *(f"(array_agg(reference ORDER BY id DESC) FILTER (WHERE {of_all} AND ({met}) IS NOT TRUE))[1]" for _, of_all, met in FIGURES),
)  # fmt: skip


class History(NamedTuple):
    """What was shipped, and when a rollback turned healthy last."""

    shipped: Shipped = Shipped()
    rolled_back_at: datetime | None = None


def shipped_of(slugs: Iterable[str], *, since: datetime, now: datetime) -> Mapping[str, History]:
    """By slug, those that deployed to staging or production since then. One query."""
    asked: dict[str, Any] = {
        "services": list(slugs),
        "since": since,
        "now": now,
        "staging": EnvironmentCode.STG.value,
        "production": EnvironmentCode.PRD.value,
        "rollback": Action.ROLLBACK.value,
        "healthy": DeploymentState.HEALTHY.value,
        "verifying": DeploymentState.VERIFYING.value,
        "failed": VerificationState.FAILED.value,
        "released": RELEASED,
    }
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT.replace("{figures}", ", ".join(SELECTED)), asked)
        return {slug: _history(back_at, weeks, found) for slug, back_at, weeks, *found in cursor.fetchall()}


def _history(back_at: datetime | None, weeks: list[int], found: list[Any]) -> History:
    names = [name for name, *_ in (*TOTALS, *FIGURES)]
    counts, lacking = found[: len(names)], found[len(names) :]
    last = {name: reference for (name, *_), reference in zip(FIGURES, lacking, strict=True) if reference}
    shipped = Shipped(weeks_ago=frozenset(weeks), lacking=last, **dict(zip(names, counts, strict=True)))
    return History(shipped, back_at)
