"""Telling people of a migration, once for each of them."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db import transaction

from changes.selectors.recipients import holders_of
from cybercube_portal.notices.actions import tell
from cybercube_portal.notices.kinds import Kind
from cybercube_portal.people.roles import Role
from releases import release_messages as messages
from releases.selectors.migrations import get_migration
from releases.states import MigrationState


@transaction.atomic
def remind_of_migration(*, reference: str, now: datetime) -> int:
    """The 30 minutes are over: it waits to be verified (§9.4). Returns how many were told; none once it was verified or taken back."""
    migration = get_migration(reference)
    if migration.state != MigrationState.APPLIED:
        return 0
    team = migration.service.team.slug
    return tell(
        Kind.MIGRATION_WATCHED,
        about=reference,
        occasion="watched",
        to={migration.created_by_id, *holders_of((Role.DBA,), teams=[team], now=now)},
        teams=[team],
        write=partial(messages.migration_watched, migration),
        now=now,
    )
