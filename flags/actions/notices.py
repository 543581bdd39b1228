"""Telling the owner that a flag expires (§7.6): 14, 7, 1 and 0 days before, and every week after."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string

from changes.selectors.recipients import addresses_of
from cybercube_portal.audit.actions import queue_mail
from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.people.roles import Role
from flags.actions.recording import record_flag
from flags.events import FlagEvent
from flags.models import Flag
from flags.policy.lifecycle import TWO_WEEKS, cleanup, notice_due
from flags.selectors.facts import life_facts
from flags.selectors.flags import get_flag, lock_flag


@transaction.atomic
def notice_expiry(*, key: str, now: datetime) -> bool:
    """Tell the owner when a notice is due and was not given; True when it was now. Two weeks after, the tech leads of the team too.

    Raises NotFound.
    """
    flag = lock_flag(key)
    if flag.archived_at is not None or flag.expires_at is None:
        return False
    if not notice_due(flag.expires_at, flag.noticed_at, now=now):
        return False
    flag.noticed_at = now
    flag.save(update_fields=["noticed_at"])
    record_flag(FlagEvent.EXPIRY_NOTICED, flag, actor=SYSTEM, at=now, expires_at=flag.expires_at)
    to = _recipients(flag, now=now)
    facts = life_facts([get_flag(key)])[key]
    context = {
        "flag": flag,
        "title": " ".join(flag.name.split()),
        "expired": flag.expires_at <= now,
        "open": [item.message for item in cleanup(facts, now=now) if item.outcome == "fail"],
        "url": f"{settings.BASE_URL}/flags/{key}/",
    }
    subject, _, body = render_to_string("emails/flag_expires.txt", context).partition("\n")
    text = f"{body.strip()}\n"
    queue_mail(to=to, subject=subject, body=text, at=now, about=key, dedupe_key=f"flag_expires:{key}:{now:%Y-%m-%d}")
    return True


def _recipients(flag: Flag, *, now: datetime) -> list[str]:
    owner = flag.owner or flag.created_by
    to = {owner.email} if owner is not None and owner.email else set()
    is_long_over = flag.expires_at is not None and now - flag.expires_at >= TWO_WEEKS
    if not to or is_long_over:
        to |= set(addresses_of((Role.TECH_LEAD,), teams=[flag.team.slug], now=now))
    return sorted(to)
