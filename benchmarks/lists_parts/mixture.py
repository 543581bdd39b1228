"""The company of the gate's benchmark, mixed as lists meet it: many requesters, words, types, risks, states, outcomes and answers of the gate."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from benchmarks.gate_parts import company
from cybercube_portal.catalog.models import Service
from cybercube_portal.catalog.states import EnvironmentCode
from cybercube_portal.people.models import Team, User
from flags.models import Flag, FlagEnvironment
from flags.policy.serving import first_content

FLAGS = 400


def fill(*, changes: int, seed: int, now: datetime) -> None:
    """Fill an empty database with `changes`, a deployment and a decision of the gate for each that is over, and what belongs to them."""
    company.fill(changes=changes, freezes=10, seed=seed, now=now)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in (MIXED, REFUSED, ANSWERED, INCIDENTS, RELEASES, MIGRATIONS, CARRIED):
            cursor.execute(statement, {"now": now, "people": 40})
        _flags(now)


def _flags(now: datetime) -> None:
    services, teams, people = list(Service.objects.all()), list(Team.objects.all()), list(User.objects.all())
    common: dict[str, Any] = {"variants": [{"name": "on", "value": True}, {"name": "off", "value": False}]}
    flags = Flag.objects.bulk_create(
        Flag(
            key=f"release_feature_{number:03}",
            name=f"Feature {number}",
            type=("release", "ops", "experiment", "permission")[number % 4],
            service=services[number % len(services)],
            team=teams[number % len(teams)],
            owner=people[number % len(people)],
            created_by=people[0],
            created_at=now - timedelta(days=number),
            expires_at=now + timedelta(days=number % 90 - 10),
            archived_at=now if number % 3 == 0 else None,
            **common,
        )
        for number in range(FLAGS)
    )
    FlagEnvironment.objects.bulk_create(
        FlagEnvironment(
            flag=flag,
            environment=environment,
            content={**first_content(flag.facts), "enabled": flag.pk % 3 == 0},
            changed_at=now,
            killed_at=now if flag.pk % 50 == 0 else None,
        )
        for flag in flags
        for environment in EnvironmentCode
    )


# One in a thousand critical, one in twenty high; a third standard, one in a hundred an emergency; words as people write them.
MIXED = """
UPDATE changes_changerequest c SET
    title = (ARRAY['Deploy', 'Roll out', 'Release', 'Update', 'Fix', 'Rotate', 'Scale', 'Migrate'])[1 + c.id %% 8] || ' ' || c.services[1] || ' '
        || (ARRAY['certificate', 'tax calculation', 'index', 'session store', 'payment callback', 'search ranking', 'log level'])[1 + c.id %% 7]
        || ' v1.' || c.id %% 90 || '.' || c.id %% 13 || CASE WHEN c.id %% 997 = 0 THEN ' quarterly audit' ELSE '' END,
    risk_level = CASE WHEN c.id %% 1000 = 0 THEN 'critical' WHEN c.id %% 20 = 0 THEN 'high' WHEN c.id %% 4 = 0 THEN 'medium' ELSE 'low' END,
    type = CASE WHEN c.id %% 100 = 7 THEN 'emergency' WHEN c.id %% 3 = 0 THEN 'standard' ELSE 'normal' END,
    recorded_at = c.scheduled_time,
    closed_at = CASE WHEN c.state = 'closed' THEN c.scheduled_time + interval '1 hour' END,
    outcome = CASE WHEN c.state <> 'closed' THEN '' WHEN c.id %% 500 = 3 THEN 'failed' WHEN c.id %% 50 = 3 THEN 'rolled_back' ELSE 'successful' END,
    updated_at = c.scheduled_time + interval '1 hour',
    environments = CASE WHEN c.id %% 300 = 0 THEN ARRAY['dev'] WHEN c.id %% 10 = 0 THEN ARRAY['stg'] ELSE ARRAY['stg', 'prd'] END,
    services = CASE WHEN c.id %% 40 = 0 THEN c.services || 'service-11'::varchar ELSE c.services END,
    -- Few file much, many file little.
    requester_id = (SELECT min(id) FROM people_user) + floor(%(people)s * power((c.id * 7919 %% 10007) / 10007.0, 3))::int
"""
# What never came to anything, two months of drafts among it.
REFUSED = """
UPDATE changes_changerequest SET closed_at = NULL, outcome = '', state = CASE
    WHEN id %% 61 = 0 AND state = 'closed' THEN 'cancelled' WHEN id %% 67 = 0 AND state = 'closed' THEN 'rejected'
    WHEN id %% 3 = 0 THEN 'draft' WHEN id %% 11 = 0 THEN 'verifying' ELSE state END
WHERE (state = 'closed' AND (id %% 61 = 0 OR id %% 67 = 0)) OR (state IN ('approved', 'in_review') AND (id %% 3 = 0 OR id %% 11 = 0))
"""
ANSWERED = """
INSERT INTO releases_gateevaluation (decision_id, outcome, reasons, digest, change, release, decided_at, valid_until, inputs)
SELECT d.id, CASE WHEN abs(hashtext(d.id::text)) %% 5 = 0 THEN 'deny' WHEN abs(hashtext(d.id::text)) %% 2000 = 1 THEN 'wait' ELSE 'allow' END,
    '[{"code": "change.approved", "outcome": "pass", "section": "§6.3", "message": "The change is approved.", "remedy": "", "who": [], "data": {}}]',
    d.digest, coalesce(p.change, ''), '', d.asked_at, d.asked_at + interval '15 minutes', repeat('0', 64)
FROM releases_gatedecision d LEFT JOIN releases_deployment p ON p.decision_id = d.id
"""
INCIDENTS = """
INSERT INTO releases_incident (reference, service_id, environment, title, severity, source, external_id, url, deployment, state, detected_at, resolved_at)
SELECT 'INC-' || id, service_id, 'prd', 'Errors of ' || version, 'SEV-' || 1 + id %% 4, 'person', '', '', reference,
    CASE WHEN id %% 2000 = 0 THEN 'open' ELSE 'resolved' END, verified_at + interval '1 hour', verified_at + interval '3 hours'
FROM releases_deployment WHERE id %% 10 = 0
"""
RELEASES = """
INSERT INTO releases_release (reference, service_id, version, type, state, row_version, change, changes, artifacts, migrations, changelog, notes,
    created_at, created_by_id, updated_at)
SELECT 'REL-' || id, service_id, version || '.' || id, (ARRAY['minor', 'patch', 'patch', 'hotfix'])[1 + id %% 4],
    CASE WHEN id %% 700 = 0 THEN 'in_review' WHEN id %% 90 = 0 THEN 'rolled_back' ELSE 'released' END, 1, change, '{}', '[]', '{}', '', '',
    created_at, (SELECT min(id) FROM people_user), created_at
FROM releases_deployment WHERE id %% 3 = 0 AND change <> ''
"""
MIGRATIONS = """
INSERT INTO releases_migration (reference, service_id, version, environment, filename, kind, phase, state, change, release, lock_impact, rollback_tested, backup, note,
    created_at, created_by_id)
SELECT 'MIG-' || id, service_id, version, environment, to_char(created_at, 'YYYYMMDDHH24MISS') || '_add_column_' || id || '.sql',
    CASE WHEN id %% 40 = 0 THEN 'data' ELSE 'schema' END, (ARRAY['expand', 'expand', 'backfill', 'contract'])[1 + id / 10 %% 4],
    CASE WHEN id %% 900 = 0 THEN 'planned' WHEN id %% 700 = 0 THEN 'applied' WHEN id %% 110 = 0 THEN 'aborted' ELSE 'verified' END, change, release,
    CASE WHEN id %% 30 = 0 THEN 'ACCESS EXCLUSIVE for a moment, stops readers and writers (line 1)' ELSE '' END, true, '', '',
    created_at, (SELECT min(id) FROM people_user) + id %% 40
FROM releases_deployment WHERE id %% 10 = 0
"""
# Artifacts with their files: most clean, some with a warning, few with an error; one in seven files is carried by none.
CARRIED = """
UPDATE catalog_artifact a SET migrations = m.files
FROM (
    SELECT service_id, version, jsonb_agg(jsonb_build_object('filename', filename, 'kind', kind, 'phase', phase, 'sql', repeat('-- ' || md5(filename), 60), 'locks', '[]'::jsonb,
        'findings', CASE WHEN id %% 500 = 0 THEN '[{"severity": "error"}]' WHEN id %% 60 = 0 THEN '[{"severity": "warning"}]' ELSE '[]' END::jsonb)) files
    FROM releases_migration WHERE id %% 7 > 0 GROUP BY service_id, version
) m
WHERE a.service_id = m.service_id AND a.version = m.version
"""
