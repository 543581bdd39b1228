"""The one statement behind DORA's figures: what `policy/dora.py` counts, deployment by deployment.

Every fact is looked up by an index for each deployment, so it costs as much as there are deployments asked for: a day, or a page of a list.
"""

from __future__ import annotations

# The states in which a deployment has reached its end there.
ENDED = "('healthy', 'failed', 'rolling_back', 'rolled_back', 'rollback_failed')"
HARMED = "releases_incident.deployment <> '' AND releases_incident.deployment"

# {chosen}: which deployments; {wanted}: which of them, by what was found. A failing one is over when its incidents are, or without any when
# the next one there is verified, a rollback too. The one before it may be as old as it likes.
COUNTED = f"""
WITH counted AS (
    SELECT deployment.id, deployment.service_id, deployment.version, deployment.created_at, deployment.verified_at,
           deployment.lead_times,
           coalesce(deployment.finished_at, deployment.started_at, deployment.created_at) AS rolled_out_at,
           deployment.state <> 'healthy' OR harm.incidents > 0 AS is_failing, harm.incidents, harm.is_open, harm.resolved_at,
           coalesce(before.is_failing OR change.type = 'emergency' OR change.release_type = 'hotfix', false) AS is_rework,
           change.id AS change_id, coalesce(change.risk_level, '') AS risk
    FROM {{chosen}}
    CROSS JOIN LATERAL (
        SELECT count(*) AS incidents, bool_or(resolved_at IS NULL) AS is_open, max(resolved_at) AS resolved_at
        FROM releases_incident WHERE {HARMED} = deployment.reference
    ) AS harm
    LEFT JOIN LATERAL (
        SELECT earlier.state <> 'healthy'
               OR EXISTS (SELECT FROM releases_incident WHERE {HARMED} = earlier.reference) AS is_failing
        FROM releases_deployment earlier
        WHERE earlier.service_id = deployment.service_id AND earlier.environment = 'prd' AND earlier.action = 'deploy'
          AND earlier.state IN {ENDED} AND earlier.id < deployment.id
        ORDER BY earlier.id DESC LIMIT 1
    ) AS before ON true
    LEFT JOIN changes_changerequest change ON change.number = deployment.change AND deployment.change <> ''
    WHERE deployment.environment = 'prd' AND deployment.action = 'deploy' AND deployment.state IN {ENDED}
      AND (%(services)s::bigint[] IS NULL OR deployment.service_id = ANY (%(services)s::bigint[]))
      AND {{within}}
)
SELECT counted.id, counted.service_id AS service, (created_at AT TIME ZONE 'UTC')::date AS day, created_at, rolled_out_at,
       verified_at IS NOT NULL AS is_verified, is_failing, is_rework, coalesce(artifact.patch > 0, false) AS is_patch,
       coalesce(artifact.patch > 0 AND verified_at <= artifact.registered_at + interval '1 day', false) AS is_patch_in_time,
       lead_times,
       CASE WHEN NOT is_failing THEN NULL
            WHEN incidents > 0 THEN CASE WHEN NOT is_open THEN resolved_at END
            ELSE (SELECT later.verified_at FROM releases_deployment later
                  WHERE later.service_id = counted.service_id AND later.environment = 'prd' AND later.id > counted.id
                    AND later.verified_at IS NOT NULL
                  ORDER BY later.id LIMIT 1) END AS restored_at,
       risk,
       ARRAY(SELECT DISTINCT seat FROM changes_signature signature
             WHERE signature.change_id = counted.change_id AND seat <> '' AND signed_at < counted.created_at) AS seats
FROM counted LEFT JOIN catalog_artifact artifact
     ON artifact.service_id = counted.service_id AND artifact.version = counted.version"""  # noqa: S608 - our own text

# One span of time at the beginning of a period and one at its end.
WITHIN_SPANS = COUNTED.format(
    chosen="releases_deployment deployment",
    within="""(deployment.created_at >= %(start)s AND deployment.created_at < %(until)s
        OR deployment.created_at >= %(since)s AND deployment.created_at < %(end)s)""",
)
# Days of services, and what lies inside the period of them.
IN_PLACES = COUNTED.format(
    chosen="""unnest(%(places)s::bigint[], %(days)s::timestamptz[]) AS place (service_id, begins_at)
    JOIN releases_deployment deployment
         ON deployment.service_id = place.service_id AND deployment.created_at >= place.begins_at
        AND deployment.created_at < place.begins_at + interval '1 day'""",
    within="deployment.created_at >= %(start)s AND deployment.created_at < %(end)s",
)

# Signatures that were waited for, also those that were superseded later: somebody waited.
SIGNED = """
SELECT signature.id, (signature.signed_at AT TIME ZONE 'UTC')::date, signature.seat, signature.risk,
       extract(epoch FROM signature.waited)::float8, change.services
FROM changes_signature signature JOIN changes_changerequest change ON change.id = signature.change_id
WHERE signature.waited IS NOT NULL
  AND (signature.signed_at >= %(start)s AND signature.signed_at < %(until)s
       OR signature.signed_at >= %(since)s AND signature.signed_at < %(end)s)
  AND (%(slugs)s::text[] IS NULL OR change.services && %(slugs)s::varchar[])"""
