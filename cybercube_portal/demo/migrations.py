"""Migrations on their way (§9): a column that is expanded, one whose lint fails, one that production just ran and watches."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from changes.policy.scope import Action
from cybercube_portal import clock
from cybercube_portal.catalog.states import EnvironmentCode
from cybercube_portal.demo.lives import Company
from releases.actions import migrations as moves
from releases.actions.gate import Asked, decide_gate
from releases.models import Migration
from releases.policy.gate import Question

STG, PRD = EnvironmentCode.STG, EnvironmentCode.PRD
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TAKES = 42

# §9.3 "Adding a column", phase 1.
REGION = {
    "filename": "20260112093000_add_region_to_addresses.sql",
    "sql": "SET lock_timeout = '5s';\nALTER TABLE addresses ADD COLUMN region VARCHAR(80);\n",
}
# §9.3 "Renaming a column" and "Adding an index", as they are unsafe: the lint fails, and the change's risk rises.
RENAMED = {
    "filename": "20260114110000_rename_rank_of_documents.sql",
    "sql": (
        "-- The new name is the one of the API.\n"
        "ALTER TABLE documents RENAME COLUMN rank TO score;\n"
        "CREATE INDEX documents_score ON documents (score);\n"
    ),
}
USERS = {
    "filename": "20260115080000_add_index_users_email.sql",
    "sql": "SET lock_timeout = '5s';\nCREATE INDEX CONCURRENTLY idx_users_email ON users (email);\n",
}


def announce(
    company: Company, service: str, version: str, file: Mapping[str, str], *, at: datetime, where: str = STG
) -> Migration:
    """Planned, no more."""
    plan = moves.MigrationPlan(service=service, version=version, environment=where, filename=file["filename"])
    return moves.plan_migration(plan=plan, actor=company.author(service), now=at)


def rehearse(company: Company, service: str, version: str, file: Mapping[str, str], *, at: datetime) -> None:
    """Tested, run and verified in staging within an hour."""
    reference, by = announce(company, service, version, file, at=at).reference, company.author(service)
    _try(company, service, reference, backup="nightly of staging", at=at + 10 * MINUTE)
    moves.run_migration(reference=reference, actor=by, now=at + 20 * MINUTE)
    moves.apply_migration(reference=reference, actor=by, now=at + 20 * MINUTE + timedelta(seconds=TAKES))
    moves.verify_migration(reference=reference, actor=by, now=at + 52 * MINUTE, note="Schema as expected, no errors.")


def carry_out(
    company: Company, service: str, version: str, file: Mapping[str, str], *, change: str, at: datetime
) -> None:
    """Run in production on an allow of the gate; its 30 minutes begin at `at`."""
    ci = company.ci(service)
    # Never before the hour, at which its change begins.
    started = max(at - timedelta(seconds=TAKES), at.replace(minute=0, second=0, microsecond=0))
    reference = announce(company, service, version, file, at=at - 3 * HOUR, where=PRD).reference
    _try(company, service, reference, backup="nightly of production, restored and counted", at=at - 2 * HOUR)
    question = Question(service=service, version=version, environment=PRD, action=Action.MIGRATE, change=change)
    with clock.fixed_at(started):
        answer = decide_gate(asked=Asked(question=question, version=version), actor=ci)
        spent = moves.Spent(decision=answer.decision.pk)
        moves.run_migration(reference=reference, actor=ci, now=started, spent=spent)
    moves.apply_migration(reference=reference, actor=ci, now=at, note="It waited for no lock.")


def _try(company: Company, service: str, reference: str, *, backup: str, at: datetime) -> None:
    trial = moves.Trial(estimated_seconds=TAKES, rollback_tested=True, backup=backup)
    moves.test_migration(reference=reference, trial=trial, actor=company.author(service), now=at)
