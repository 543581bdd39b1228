"""./portal bench dashboards: how long DORA's figures take over 100,000 deployments in 400 days.

Goal (performance.md): p95 < 300 ms.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import django
from django.db import connection, transaction

from cybercube_portal.settings.choice import choose_settings

choose_settings()
django.setup()

from benchmarks.gate_parts import company  # noqa: E402 - models need the settings
from cybercube_portal import clock  # noqa: E402
from releases.policy.dora import LONGEST_PERIOD, USUAL_PERIOD  # noqa: E402
from releases.selectors.approvals import approval_waits  # noqa: E402
from releases.selectors.dora import cadences, deployments_behind, measure, period_of  # noqa: E402

# One in forty had an incident, one in twenty was taken back, each brought three commits.
DEPLOYMENTS = """
WITH services AS MATERIALIZED (
    SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM catalog_service
), changes AS MATERIALIZED (
    SELECT number, row_number() OVER (ORDER BY id) - 1 AS place FROM changes_changerequest
), counters AS MATERIALIZED (
    SELECT counter, counter %% (SELECT count(*) FROM services) AS service, counter %% (SELECT count(*) FROM changes) AS change
    FROM generate_series(1, %(count)s) AS counter
), made AS MATERIALIZED (
    SELECT counter AS number, gen_random_uuid() AS decision, services.id AS service, changes.number AS change,
           %(now)s - (%(count)s - counter) * interval '400 days' / %(count)s AS at
    FROM counters JOIN services ON services.place = counters.service JOIN changes ON changes.place = counters.change
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
FROM made"""
INCIDENTS = """
INSERT INTO releases_incident (reference, service_id, environment, title, severity, source, external_id, url, deployment, state,
                               detected_at, resolved_at)
SELECT 'INC-' || id, service_id, 'prd', 'It fails', '', 'person', '', '', reference, 'resolved',
       verified_at + interval '1 hour', verified_at + interval '3 hours'
FROM releases_deployment WHERE id %% %(of)s = 0"""


def main() -> int:
    """Print every figure with what it was measured on."""
    options = _options()
    now = clock.now()
    began = time.perf_counter()
    company.build(changes=options.changes, freezes=10, seed=1, now=now)
    _fill(options.deployments, now)
    print(
        f"dashboards: {options.deployments:,} deployments in 400 days, {options.changes:,} changes; Python {platform.python_version()}, "
        f"Django {django.get_version()}, {os.cpu_count()} CPUs; loaded in {time.perf_counter() - began:.0f} s"
    )
    for words, length in (("90 days", USUAL_PERIOD), ("400 days", LONGEST_PERIOD)):
        period = period_of(start=now - length, end=now)
        _time(f"five figures, {words}", lambda period=period: measure(period), options.rounds)  # type: ignore[misc]
        _time(f"cadence, {words}", lambda period=period: cadences(period), options.rounds)  # type: ignore[misc]
        _time(f"waiting for signatures, {words}", lambda period=period: approval_waits(period), options.rounds)  # type: ignore[misc]
        _time(
            f"list behind a figure, {words}",
            lambda period=period: deployments_behind("change_fail_rate", period, most=50),  # type: ignore[misc]
            options.rounds,
        )
    return 0


def _fill(count: int, now: datetime) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(DEPLOYMENTS, {"now": now - timedelta(minutes=1), "count": count})
        cursor.execute(INCIDENTS, {"of": 40})
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _time(words: str, act: Callable[[], object], rounds: int) -> None:
    act()
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - began)
    p95 = statistics.quantiles(seconds, n=20)[-1]
    print(f"{words}: median {statistics.median(seconds) * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms of {rounds}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deployments", type=int, default=100_000)
    parser.add_argument("--changes", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=20)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
