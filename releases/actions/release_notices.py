"""Telling people of a release by mail: a row in the transaction of what it tells of, once for each person."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from changes.selectors.recipients import addresses_of, members_and_holders
from cybercube_portal.audit.actions import queue_mail
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.people.roles import Role
from releases.models import Release


def notify_on_call(release: Release, *, now: datetime) -> None:
    """§5.3 "On-call engineer notified": a mail to whoever is on call for the services; `release` is locked and saved by the caller."""
    teams = catalog.teams_of(entry["service"] for entry in release.artifacts)
    to = addresses_of((Role.ON_CALL, Role.ON_CALL_LEAD), teams=teams, now=now)
    if to:
        _mail("release_planned", to, release, now=now)
        release.on_call_notified_at = now


def announce_notes(release: Release, *, now: datetime) -> int:
    """§5.2 "Announce": a mail to the people of the services' teams and to whoever holds a role for them. Returns how many."""
    teams = catalog.teams_of(entry["service"] for entry in release.artifacts)
    to = members_and_holders(teams, now=now)
    _mail("notes_published", to, release, now=now, notes_url=f"{settings.BASE_URL}/releases/{release.reference}/notes/")
    return len(to)


def _mail(template: str, to: Iterable[str], release: Release, *, now: datetime, **context: Any) -> None:
    """`emails/<template>.txt`: its first line is the subject."""
    words = {"release": release, "url": f"{settings.BASE_URL}/releases/{release.reference}/", **context}
    subject, _, body = render_to_string(f"emails/{template}.txt", words).partition("\n")
    queue_mail(
        to=to,
        subject=subject,
        body=f"{body.strip()}\n",
        at=now,
        about=release.reference,
        dedupe_key=f"{template}:{release.reference}",
    )
