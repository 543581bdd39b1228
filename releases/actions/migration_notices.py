"""Telling people of a migration by mail, once for each of them."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string

from changes.selectors.recipients import addresses_of
from cybercube_portal.audit.actions import queue_mail
from cybercube_portal.people.roles import Role
from releases.selectors.migrations import get_migration
from releases.states import MigrationState


@transaction.atomic
def remind_of_migration(*, reference: str, now: datetime) -> int:
    """The 30 minutes are over: it waits to be verified (§9.4). Returns how many were told; none once it was verified or taken back."""
    migration = get_migration(reference)
    if migration.state != MigrationState.APPLIED:
        return 0
    team = migration.service.team.slug
    to = {migration.created_by.email, *addresses_of((Role.DBA,), teams=[team], now=now)}
    url = f"{settings.BASE_URL}/migrations/{reference}/"
    words = render_to_string("emails/migration_watched.txt", {"migration": migration, "url": url})
    subject, _, body = words.partition("\n")
    mails = queue_mail(
        to=sorted(filter(None, to)),
        subject=subject,
        body=f"{body.strip()}\n",
        at=now,
        about=reference,
        dedupe_key=f"migration_watched:{reference}",
    )
    return len(mails)
