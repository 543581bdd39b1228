"""What services put into production lately, counted by PostgreSQL: half a year of it is too much to read one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from changes.policy.scope import Action
from cybercube_portal.catalog.states import EnvironmentCode
from releases.policy.compliance import Shipped
from releases.states import DeploymentState

# What got as far as being healthy once, whatever became of it.
ARRIVED = (DeploymentState.HEALTHY, DeploymentState.ROLLING_BACK, DeploymentState.ROLLED_BACK)
STATEMENT = """
WITH arrived AS (
    SELECT service.slug, deployment.environment = %(production)s AS is_production, deployment.action = %(rollback)s AS is_rollback,
           deployment.digest, deployment.change <> '' AS has_change, deployment.state = %(healthy)s AS is_healthy,
           deployment.created_at, coalesce(deployment.verified_at, deployment.created_at) AS at
    FROM releases_deployment deployment JOIN catalog_service service ON service.id = deployment.service_id
    WHERE service.slug = ANY (%(services)s::text[]) AND deployment.environment IN (%(staging)s, %(production)s)
      AND deployment.state = ANY (%(arrived)s::text[]) AND deployment.created_at >= %(since)s
), staged AS (
    SELECT slug, digest, min(at) AS at FROM arrived WHERE NOT is_production AND NOT is_rollback GROUP BY slug, digest
), counted AS (
    SELECT arrived.*, staged.at AS staged_at, is_production AND NOT is_rollback AS is_shipped,
           floor(extract(epoch FROM %(now)s::timestamptz - created_at) / 604800)::int AS weeks_ago
    FROM arrived LEFT JOIN staged USING (slug, digest)
)
SELECT slug, count(*) FILTER (WHERE is_shipped), count(*) FILTER (WHERE is_shipped AND has_change),
       count(*) FILTER (WHERE is_shipped AND staged_at <= created_at),
       coalesce(array_agg(DISTINCT weeks_ago) FILTER (WHERE is_shipped), '{}'),
       max(at) FILTER (WHERE is_rollback AND is_healthy)
FROM counted GROUP BY slug"""


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
        "arrived": [state.value for state in ARRIVED],
    }
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, asked)
        return {
            slug: History(
                Shipped(count=count, with_change=with_change, promoted=promoted, weeks_ago=frozenset(weeks)), back_at
            )
            for slug, count, with_change, promoted, weeks, back_at in cursor.fetchall()
        }
