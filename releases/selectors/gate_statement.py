"""The one statement that reads everything the gate judges, and who asks (performance.md section 3).

One round trip instead of a dozen: each table contributes one CTE, the answer is one row of JSON texts, which
`releases.selectors.gate_rows` reads. The readable form of
the same facts is the ORM's, in tests/releases/orm_facts.py, and a test holds the two equal over random data.
"""

from __future__ import annotations

# What covers the artifact and what is near in time is gathered first, and where it applies is looked at after, whatever the planner
# guesses of the places: an index of places holds every change of production. Freezes are gathered in two halves, because an index
# serves both bounds of time only without an OR between them.
# `change_row` says in JSON what `releases.selectors.gate` reads; an entry of `named` is an artifact the change rolls out.
STATEMENT = """
WITH
clock AS (
    SELECT moment.now, COALESCE(%(at)s::timestamptz, moment.now) AS at
    FROM (SELECT COALESCE(%(held)s::timestamptz, clock_timestamp()) AS now) moment
),
asker AS (
    SELECT json_build_object(
        'key', k.id, 'prefix', k.prefix, 'scopes', k.scopes, 'services', k.services, 'used_at', k.last_used_at,
        'id', u.id, 'username', u.username, 'name', u.name, 'kind', u.kind, 'team', t.slug, 'grants', (
            SELECT json_agg(json_build_object('role', g.role, 'team', held_for.slug, 'starts_at', g.starts_at,
                'ends_at', g.ends_at, 'revoked_at', g.revoked_at))
            FROM people_grant g LEFT JOIN people_team held_for ON held_for.id = g.team_id WHERE g.user_id = u.id)) AS found
    FROM people_apikey k
    JOIN people_user u ON u.id = k.user_id AND u.is_active
    LEFT JOIN people_team t ON t.id = u.team_id, clock
    WHERE k.digest = %(key)s::text AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > clock.now)
        AND k.environment = '' AND NOT k.client
),
service AS (
    SELECT s.id, s.slug, s.team_id, t.slug AS team, json_build_object(
        'slug', s.slug, 'name', s.name, 'team', t.slug, 'tier', s.tier, 'minimum_coverage', s.minimum_coverage::text,
        'depends_on', ARRAY(
            SELECT needed.slug FROM catalog_service_depends_on link JOIN catalog_service needed ON needed.id = link.to_service_id
            WHERE link.from_service_id = s.id),
        'dependents', ARRAY(
            SELECT other.slug FROM catalog_service_depends_on link JOIN catalog_service other ON other.id = link.from_service_id
            WHERE link.to_service_id = s.id)) AS found
    FROM catalog_service s JOIN people_team t ON t.id = s.team_id
    WHERE s.slug = %(service)s::text
),
artifact AS (
    SELECT a.digest, a.git_sha, jsonb_build_array(jsonb_build_object('service', service.slug, 'digest', a.digest)) AS named,
        json_build_object(
        'version', a.version, 'digest', a.digest, 'git_sha', a.git_sha, 'git_ref', a.git_ref,
        'is_signed', COALESCE(a.signature, '') <> '', 'has_migrations', a.migrations <> '[]',
        'stages', (
            SELECT json_agg(json_build_object('stage', e.stage, 'status', e.status, 'summary', e.summary,
                'reported_at', e.reported_at, 'reported_by', u.username, 'url', e.url))
            FROM (SELECT DISTINCT ON (stage) * FROM catalog_evidence WHERE artifact_id = a.id ORDER BY stage, id DESC) e
            JOIN people_user u ON u.id = e.reported_by_id)) AS found
    FROM catalog_artifact a JOIN service ON service.id = a.service_id
    WHERE a.version = %(version)s::text
),
-- The digest that is judged; a version that names another commit than it was built from is no artifact (R17).
judged AS (
    SELECT COALESCE((SELECT a.digest FROM artifact a
        WHERE starts_with(a.git_sha, %(commit)s::text) OR starts_with(%(commit)s::text, a.git_sha)), %(digest)s::text) AS digest
),
there AS NOT MATERIALIZED (
    SELECT d.* FROM releases_deployment d
    WHERE d.service_id = (SELECT id FROM service) AND d.environment = %(environment)s::text
),
covering AS MATERIALIZED (
    SELECT c.* FROM changes_changerequest c
    WHERE %(change)s::text = '' AND c.state IN ('in_review', 'approved', 'implementing') AND {covers}
),
candidate AS (
    SELECT c.* FROM changes_changerequest c
    WHERE %(change)s::text <> '' AND c.number = %(change)s::text
    UNION ALL
    (SELECT c.* FROM covering c, clock
    WHERE c.environments @> ARRAY[%(environment)s]::varchar[]
    ORDER BY c.state = 'in_review',
        (c.scheduled_time > clock.at AND c.type <> 'emergency'),
        (c.scheduled_time + c.estimated_duration + interval '60 minutes' <= clock.at AND c.type <> 'emergency'),
        abs(extract(epoch FROM c.scheduled_time - clock.at)),
        c.number
    LIMIT 10)
),
near AS MATERIALIZED (
    SELECT f.* FROM changes_freeze f, clock
    WHERE f.state = 'published' AND f.envelope_ends_at > clock.at AND f.starts_at < clock.at + %(look_ahead)s::interval
    UNION ALL
    SELECT f.* FROM changes_freeze f, clock
    WHERE f.state = 'published' AND f.envelope_ends_at IS NULL AND f.starts_at < clock.at + %(look_ahead)s::interval
),
booked AS MATERIALIZED (
    SELECT other.number, other.services, other.environments, other.scheduled_time, other.estimated_duration, other.state,
        other.title
    FROM changes_changerequest other, (
        SELECT min(scheduled_time) AS since, max(scheduled_time + estimated_duration) + interval '60 minutes' AS until
        FROM candidate) slots
    WHERE other.state IN ('in_review', 'approved', 'implementing', 'verifying')
        AND other.scheduled_time < slots.until AND other.scheduled_time > slots.since - interval '31 days'
        AND other.scheduled_time + other.estimated_duration + interval '60 minutes' > slots.since
),
change_row AS (
    SELECT json_build_object(
        'number', c.number, 'type', c.type, 'state', c.state, 'risk', c.risk_level, 'release', c.release,
        'release_type', c.release_type, 'services', c.services, 'environments', c.environments, 'artifacts', c.artifacts,
        'answers', c.risk_answers, 'starts_at', c.scheduled_time, 'seconds', extract(epoch FROM c.estimated_duration),
        'submitted_at', c.submitted_at, 'requester', requester.username, 'editors', c.editors,
        'has_rollback_plan', btrim(c.rollback_plan) <> '',
        'kinds', (SELECT json_agg(entry->>'kind') FROM jsonb_array_elements(c.migrations) entry),
        'confirm_by', c.confirm_by, 'confirmed_at', c.confirmed_at,
        'teams', (SELECT json_agg(DISTINCT t.slug) FROM catalog_service s JOIN people_team t ON t.id = s.team_id
            WHERE s.slug = ANY (c.services)),
        'named', (SELECT json_agg(json_build_object(
                'kinds', (SELECT json_agg(DISTINCT entry->>'kind') FROM jsonb_array_elements(a.migrations) entry),
                'is_lint_failed', jsonb_path_exists(a.migrations, '$[*].findings[*] ? (@.severity == "error")'),
                'messages', (SELECT json_agg(entry->>'message') FROM jsonb_array_elements(a.commits) entry
                    WHERE entry->>'message' LIKE '%%!:%%' OR entry->>'message' LIKE '%%BREAKING%%')))
            FROM jsonb_array_elements(c.artifacts) named
            JOIN catalog_service s ON s.slug = named->>'service'
            JOIN catalog_artifact a ON a.service_id = s.id AND a.version = named->>'version'),
        'signatures', (SELECT json_agg(json_build_object('id', given.id, 'person', u.username, 'at', given.at, 'grants', (
                SELECT json_agg(json_build_object('role', g.role, 'team', t.slug, 'starts_at', g.starts_at,
                    'ends_at', g.ends_at, 'revoked_at', g.revoked_at))
                FROM people_grant g LEFT JOIN people_team t ON t.id = g.team_id WHERE g.user_id = u.id)))
            FROM (
                SELECT signed.id::text, signed.signer_id, signed.signed_at AS at FROM changes_signature signed
                WHERE signed.change_id = c.id AND signed.state = 'given' AND signed.content_hash = c.content_hash
                UNION ALL
                SELECT '', c.authorised_by_id, (c.authorisation->>'verbal_at')::timestamptz
                WHERE c.type = 'emergency' AND c.authorised_by_id IS NOT NULL
            ) given JOIN people_user u ON u.id = given.signer_id)
    ) AS found
    FROM candidate c JOIN people_user requester ON requester.id = c.requester_id
)
SELECT
    clock.now, clock.at,
    (SELECT found::text FROM asker),
    (SELECT found::text FROM service),
    EXISTS (SELECT FROM catalog_environment WHERE code = %(environment)s::text),
    (SELECT found::text FROM artifact),
    ARRAY(SELECT found::text FROM change_row),
    ARRAY(SELECT json_build_object('reference', f.reference, 'title', f.title, 'kind', f.kind, 'predicate', f.predicate,
            'hard', f.hard, 'services', f.services, 'teams', f.teams, 'environments', f.environments,
            'excluded_services', f.excluded_services, 'excluded_teams', f.excluded_teams, 'starts_at', f.starts_at,
            'ends_at', f.ends_at, 'zone', f.timezone, 'rule', f.rule, 'excluded_dates', f.excluded_dates)::text
        FROM near f
        WHERE (f.services = '{}' OR f.services && ARRAY[%(service)s]::varchar[])
            AND (f.teams = '{}' OR f.teams && ARRAY(SELECT team FROM service)::varchar[])
            AND (f.environments = '{}' OR f.environments && ARRAY[%(environment)s]::varchar[])
        ORDER BY f.id),
    ARRAY(SELECT c.number || ' ' || f.reference
        FROM candidate c JOIN changes_freezeexception granted ON granted.change_id = c.id
        JOIN changes_freeze f ON f.id = granted.freeze_id),
    ARRAY(SELECT json_build_object('reference', w.reference, 'title', w.title, 'services', w.services, 'teams', w.teams,
            'environments', w.environments, 'excluded_services', w.excluded_services, 'excluded_teams', w.excluded_teams,
            'starts_at', w.starts_at, 'ends_at', w.ends_at, 'zone', w.timezone, 'rule', w.rule,
            'excluded_dates', w.excluded_dates)::text
        FROM changes_deploymentwindow w
        WHERE w.removed_at IS NULL AND (w.envelope_ends_at IS NULL OR w.envelope_ends_at > clock.at)
            AND (w.services = '{}' OR w.services && ARRAY[%(service)s]::varchar[])
            AND (w.teams = '{}' OR w.teams && ARRAY(SELECT team FROM service)::varchar[])
            AND (w.environments = '{}' OR w.environments && ARRAY[%(environment)s]::varchar[])
        ORDER BY w.id),
    ARRAY(SELECT c.number FROM changes_changerequest c
        WHERE c.type = 'emergency' AND c.recorded_at IS NULL AND c.record_due_at IS NOT NULL AND c.record_due_at < clock.at
            AND c.services && ARRAY(SELECT s.slug FROM catalog_service s JOIN service ON service.team_id = s.team_id)::varchar[]
        ORDER BY c.number),
    ARRAY(SELECT json_build_object('number', c.number, 'services', c.services, 'environments', c.environments,
            'starts_at', c.scheduled_time, 'seconds', extract(epoch FROM c.estimated_duration), 'state', c.state,
            'title', c.title)::text
        FROM (
            SELECT other.* FROM booked other
            WHERE other.environments @> ARRAY[%(environment)s]::varchar[]
                AND other.services && (SELECT ARRAY[service.slug]::varchar[]
                    || ARRAY(SELECT json_array_elements_text(service.found->'depends_on'))::varchar[]
                    || ARRAY(SELECT json_array_elements_text(service.found->'dependents'))::varchar[] FROM service)
            ORDER BY other.scheduled_time, other.number
            LIMIT 50
        ) c),
    json_build_object(
        'staging', (SELECT d.state FROM releases_deployment d
            WHERE d.service_id = (SELECT id FROM service) AND d.digest = (SELECT digest FROM judged) AND d.environment = 'stg'
            ORDER BY d.id DESC LIMIT 1),
        'running', (SELECT d.reference FROM there d WHERE d.state IN ('pending', 'running', 'verifying')
            ORDER BY d.id DESC LIMIT 1),
        'was_ever_deployed', EXISTS (SELECT FROM there d
            WHERE d.verified_at IS NOT NULL AND d.digest <> (SELECT digest FROM judged)),
        'goes_back_to', (SELECT d.version FROM there d
            WHERE d.state = 'healthy' AND d.digest <> (SELECT digest FROM judged) ORDER BY d.id DESC LIMIT 1),
        'was_healthy_there', EXISTS (SELECT FROM there d
            WHERE d.state = 'healthy' AND d.digest = (SELECT digest FROM judged)),
        'contract_migration_since', EXISTS (SELECT FROM releases_migration m
            WHERE m.service_id = (SELECT id FROM service) AND m.environment = %(environment)s::text AND m.phase = 'contract'
                AND m.state IN ('applied', 'verified') AND m.version <> %(version)s::text
                AND m.applied_at > (SELECT max(d.verified_at) FROM there d
                    WHERE d.state = 'healthy' AND d.digest = (SELECT digest FROM judged))),
        'in_production', (SELECT d.version FROM releases_deployment d
            WHERE d.service_id = (SELECT id FROM service) AND d.environment = 'prd' AND d.state = 'healthy'
            ORDER BY d.id DESC LIMIT 1))::text,
    ARRAY(SELECT c.number || ' ' || spent.reference
        FROM candidate c, LATERAL (
            SELECT d.reference FROM there d
            WHERE d.change = c.number AND d.change <> '' AND d.digest = (SELECT digest FROM judged) AND d.action = 'deploy'
                AND d.state NOT IN ('failed', 'aborted', 'rolled_back', 'rollback_failed')
            ORDER BY d.id DESC LIMIT 1) spent),
    (SELECT json_build_object(
            'reference', r.reference, 'change', r.change, 'change_state', c.state, 'answers', c.risk_answers,
            'has_rollback_plan', btrim(c.rollback_plan) <> '', 'migrations', r.migrations, 'notified_at', r.on_call_notified_at,
            'ticks', (SELECT json_agg(json_build_object('item', t.item, 'note', t.note, 'at', t.at, 'by', u.username))
                FROM releases_checklisttick t JOIN people_user u ON u.id = t.by_id WHERE t.release_id = r.id),
            'artifacts', (SELECT json_agg(json_build_object(
                    'reference', (named->>'service') || ':' || (named->>'version'), 'is_registered', a.id IS NOT NULL,
                    'migrations', (SELECT json_agg(entry->>'filename') FROM jsonb_array_elements(a.migrations) entry),
                    'stages', (
                        SELECT json_agg(json_build_object('stage', e.stage, 'status', e.status, 'summary', e.summary))
                        FROM (SELECT DISTINCT ON (stage) * FROM catalog_evidence WHERE artifact_id = a.id
                            ORDER BY stage, id DESC) e)) ORDER BY place)
                FROM jsonb_array_elements(r.artifacts) WITH ORDINALITY entries(named, place)
                LEFT JOIN catalog_service s ON s.slug = named->>'service'
                LEFT JOIN catalog_artifact a ON a.service_id = s.id AND a.version = named->>'version'),
            'tested', (SELECT json_agg(DISTINCT m.filename)
                FROM releases_migration m JOIN catalog_service s ON s.id = m.service_id
                WHERE m.state NOT IN ('planned', 'aborted')
                    AND s.slug IN (SELECT entry->>'service' FROM jsonb_array_elements(r.artifacts) entry)))::text
        FROM releases_release r LEFT JOIN changes_changerequest c ON c.number = r.change
        WHERE r.artifacts @> %(released)s::jsonb AND r.state NOT IN ('cancelled', 'rolled_back')
        ORDER BY r.id DESC LIMIT 1)
FROM clock
"""

# Digests are compared, never tags (R2); a version that had no digest when it was named stands for the one registered since.
COVERS_ARTIFACT = """(c.artifacts @> COALESCE((SELECT named FROM artifact), %(by_digest)s::jsonb)
            OR c.artifacts @> %(by_version)s::jsonb)"""
COVERS_SERVICE = "c.services @> ARRAY[%(service)s]::varchar[]"

# One text for each kind of action, so that each is prepared with the plan that fits it.
FOR_ARTIFACTS = STATEMENT.replace("{covers}", COVERS_ARTIFACT)
FOR_SERVICES = STATEMENT.replace("{covers}", COVERS_SERVICE)
