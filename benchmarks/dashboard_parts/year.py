"""What 400 days of a company leave behind, written by PostgreSQL itself: deployments, incidents, signatures."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction

# Of four teams, beside the twelve services that `gate_parts.company` makes.
SERVICES = """
INSERT INTO catalog_service ({columns})
SELECT {values} FROM generate_series(1, %(count)s) AS counter, (SELECT * FROM catalog_service ORDER BY id LIMIT 1) AS first"""
OWN = {
    "slug": "'more-' || counter",
    "name": "'More ' || counter",
    "team_id": "(SELECT id FROM people_team ORDER BY id OFFSET counter %% 4 LIMIT 1)",
}
# One in twenty was taken back, each brought three commits.
DEPLOYMENTS = """
WITH services AS MATERIALIZED (
    SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM catalog_service
), changes AS MATERIALIZED (
    SELECT number, row_number() OVER (ORDER BY id) - 1 AS place FROM changes_changerequest
), counters AS MATERIALIZED (
    SELECT counter, hashint8(counter)::bigint & 2147483647 AS dice,
           counter %% (SELECT count(*) FROM changes) AS change
    FROM generate_series(1, %(count)s) AS counter
), made AS MATERIALIZED (
    SELECT counter AS number, dice, gen_random_uuid() AS decision, services.id AS service, changes.number AS change,
           %(now)s - (%(count)s - counter) * interval '400 days' / %(count)s AS at
    FROM counters
    JOIN services ON services.place = dice %% (SELECT count(*) FROM services)
    JOIN changes ON changes.place = counters.change
), decided AS (
    INSERT INTO releases_gatedecision (id, service, version, digest, environment, action, change_named, run, actor, asked_by,
                                       key_prefix, asked_at, request_id, idempotency_key, question_hash)
    SELECT decision, 'x', 'v1.0.0', '', 'prd', 'deploy', '', '{}', '', 'ci', '', at, '', '', '' FROM made
)
INSERT INTO releases_deployment (id, reference, service_id, version, digest, environment, action, method, steps, step, step_judgements,
                                 state, decision_id, change, release, run, previous_version, observed_version, baseline, note,
                                 created_at, started_at, finished_at, verified_at, deadline_at, lead_times)
SELECT number, 'DEP-' || number, service, 'v1.0.' || number %% 60, 'sha256:' || repeat('1', 64), 'prd', 'deploy', 'rolling', '[]', 0,
       '[]', CASE WHEN number %% 20 = 0 THEN 'rolled_back' ELSE 'healthy' END, decision, change, '', '{}', '', '', '{}', '',
       at, at, at + interval '5 minutes', at + interval '10 minutes', at + interval '1 hour',
       ARRAY[random() * 1e6, random() * 1e6, random() * 1e6]
FROM made ORDER BY number"""
# One deployment in forty had one.
INCIDENTS = """
INSERT INTO releases_incident (reference, service_id, environment, title, severity, source, external_id, url, deployment, state,
                               detected_at, resolved_at)
SELECT 'INC-' || id, service_id, 'prd', 'It fails', '', 'person', '', '', reference, 'resolved',
       verified_at + interval '1 hour', verified_at + interval '3 hours'
FROM releases_deployment WHERE id %% 40 = 0"""
# Each change belongs to what it shipped, and was handed in some hours before.
CHANGES = """
UPDATE changes_changerequest change
SET submitted_at = shipped.created_at - interval '30 hours', services = ARRAY[service.slug],
    risk_level = (ARRAY['low', 'low', 'medium', 'high'])[1 + shipped.id %% 4]
FROM releases_deployment shipped JOIN catalog_service service ON service.id = shipped.service_id
WHERE shipped.change = change.number"""
# Two seats, and a third for one change in four.
SIGNATURES = """
INSERT INTO changes_signature (change_id, signer_id, state, content_hash, seat, comment, via, meeting, signed_at, waited, risk, ended_because)
SELECT change.id, signer.id, 'given', change.content_hash, seat.name, '', 'page', '', change.submitted_at + late.wait, late.wait, change.risk_level, ''
FROM changes_changerequest change
CROSS JOIN LATERAL (SELECT random() * interval '20 hours' AS wait, change.id) AS late
CROSS JOIN (VALUES (1, 'Tech lead'), (2, 'Engineer'), (3, 'Product')) AS seat (number, name)
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS number FROM people_user WHERE kind = 'person') AS signer ON signer.number = seat.number
WHERE change.submitted_at IS NOT NULL AND (seat.number < 3 OR change.id %% 4 = 0)"""


def fill(*, deployments: int, services: int, now: datetime) -> None:
    """After `company.fill(deployed=False)`: so many deployments to production in the 400 days before `now`, of so many services more."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(_services(), {"count": services})
        cursor.execute(DEPLOYMENTS, {"now": now - timedelta(minutes=1), "count": deployments})
        cursor.execute(INCIDENTS, {})
        cursor.execute(CHANGES, {})
        cursor.execute("DELETE FROM changes_signature")
        cursor.execute(SIGNATURES, {})


def _services() -> str:
    with connection.cursor() as cursor:
        described = connection.introspection.get_table_description(cursor, "catalog_service")
    columns = [column.name for column in described if column.name != "id"]
    values = ", ".join(OWN.get(column, f"first.{column}") for column in columns)
    return SERVICES.format(columns=", ".join(columns), values=values)
