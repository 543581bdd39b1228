"""The statements behind DORA's figures. `policy/dora.py` says what each figure means; here it stands in SQL, once for page, list and REST."""

from __future__ import annotations

# Every deployment to production of the period that reached its end, with what the figures ask of it. The one before a deployment may lie
# before the period: two weeks more are read for it. An emergency or a hotfix is deployed soon after it was filed.
COUNTED = """
WITH bounds AS MATERIALIZED (
    SELECT %(start)s::timestamptz AS starts_at, %(end)s::timestamptz AS ends_at
), harmed AS MATERIALIZED (
    SELECT incident.deployment AS reference, max(incident.resolved_at) AS resolved_at,
           bool_or(incident.resolved_at IS NULL) AS is_open
    FROM releases_incident incident, bounds
    WHERE incident.deployment <> '' AND incident.detected_at >= bounds.starts_at - interval '14 days'
    GROUP BY incident.deployment
), ended AS MATERIALIZED (
    SELECT deployment.id, deployment.service_id, deployment.version, deployment.change, deployment.created_at,
           deployment.verified_at, cardinality(deployment.lead_times) AS commits,
           coalesce(deployment.finished_at, deployment.started_at, deployment.created_at) AS rolled_out_at,
           harmed.reference IS NOT NULL AS has_incident, harmed.resolved_at, harmed.is_open,
           deployment.state <> 'healthy' OR harmed.reference IS NOT NULL AS is_failing
    FROM releases_deployment deployment CROSS JOIN bounds
    LEFT JOIN harmed ON harmed.reference = deployment.reference
    WHERE deployment.environment = 'prd' AND deployment.action = 'deploy'
      AND deployment.state IN ('healthy', 'failed', 'rolling_back', 'rolled_back', 'rollback_failed')
      AND deployment.created_at >= bounds.starts_at - interval '14 days' AND deployment.created_at < bounds.ends_at
      AND (%(services)s::bigint[] IS NULL OR deployment.service_id = ANY (%(services)s::bigint[]))
), troubled AS MATERIALIZED (
    SELECT ended.id,
           (SELECT next.id FROM releases_deployment next
            WHERE next.service_id = ended.service_id AND next.environment = 'prd' AND next.action = 'deploy'
              AND next.state IN ('healthy', 'failed', 'rolling_back', 'rolled_back', 'rollback_failed')
              AND next.id > ended.id
            ORDER BY next.id LIMIT 1) AS follower,
           CASE WHEN has_incident THEN CASE WHEN NOT is_open THEN resolved_at END
                ELSE (SELECT later.verified_at FROM releases_deployment later
                      WHERE later.service_id = ended.service_id AND later.environment = 'prd'
                        AND later.id > ended.id AND later.verified_at IS NOT NULL
                      ORDER BY later.id LIMIT 1) END AS restored_at
    FROM ended WHERE is_failing
), urgent AS MATERIALIZED (
    SELECT number FROM changes_changerequest, bounds
    WHERE created_at >= bounds.starts_at - interval '90 days' AND (type = 'emergency' OR release_type = 'hotfix')
), counted AS (
    SELECT ended.*, troubled.restored_at, followers.id IS NOT NULL OR urgent.number IS NOT NULL AS is_rework
    FROM ended CROSS JOIN bounds
    LEFT JOIN troubled ON troubled.id = ended.id
    LEFT JOIN (SELECT DISTINCT follower AS id FROM troubled) AS followers ON followers.id = ended.id
    LEFT JOIN urgent ON urgent.number = ended.change
    WHERE ended.created_at >= bounds.starts_at
)"""

# One row for each day with a deployment; `recoveries` are seconds.
DAYS = f"""{COUNTED}
SELECT (created_at AT TIME ZONE 'UTC')::date, count(*), count(verified_at), count(*) FILTER (WHERE is_failing),
       count(*) FILTER (WHERE is_rework),
       coalesce(array_agg(extract(epoch FROM restored_at - rolled_out_at)::float8) FILTER (WHERE restored_at > rolled_out_at), '{{}}')
FROM counted GROUP BY 1"""  # noqa: S608 - our own text

# One row for the period (no week) and one for each week, of commits: each reached production once, with the first deployment of its version. Only what was verified has any.
LEADS = """
WITH waited AS (
    SELECT date_trunc('week', created_at AT TIME ZONE 'UTC')::date AS week, lead
    FROM releases_deployment, unnest(lead_times) AS lead
    WHERE environment = 'prd' AND action = 'deploy' AND created_at >= %(start)s AND created_at < %(end)s
      AND (%(services)s::bigint[] IS NULL OR service_id = ANY (%(services)s::bigint[])) AND lead > 0
)
SELECT week, count(*), percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY lead)
FROM waited GROUP BY GROUPING SETS ((), (week))"""

# One row for each service that shipped: weeks with something in production, and patches.
CADENCE = f"""{COUNTED}
SELECT counted.service_id,
       count(DISTINCT date_trunc('week', counted.created_at AT TIME ZONE 'UTC'))
           FILTER (WHERE counted.created_at >= %(first_week)s AND counted.created_at < %(last_week)s),
       count(*) FILTER (WHERE artifact.patch > 0),
       count(*) FILTER (WHERE artifact.patch > 0 AND counted.verified_at <= artifact.registered_at + interval '1 day')
FROM counted LEFT JOIN catalog_artifact artifact
     ON artifact.service_id = counted.service_id AND artifact.version = counted.version
WHERE counted.verified_at IS NOT NULL
GROUP BY counted.service_id"""  # noqa: S608 - our own text

# What stands behind a figure, the newest first.
LISTS: dict[str, str] = {
    "deployment_frequency": "verified_at IS NOT NULL",
    "lead_time_for_changes": "commits > 0",
    "change_fail_rate": "is_failing",
    "failed_deployment_recovery_time": "is_failing",
    "rework_rate": "is_rework",
    "deployments": "true",
}


def list_statement(name: str) -> str:
    """The ids of the deployments behind a figure, after the id `before`. Raises KeyError for a figure that does not exist."""
    wanted = f"{LISTS[name]} AND id < %(before)s ORDER BY id DESC LIMIT %(most)s"
    return f"{COUNTED} SELECT id, restored_at - rolled_out_at FROM counted WHERE {wanted}"  # noqa: S608 - our own text
