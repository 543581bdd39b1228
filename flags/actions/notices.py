"""Telling the owner that a flag expires (§7.6): 14, 7, 1 and 0 days before, and every week after; and each team what is left, on Mondays."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db import transaction

from changes.selectors.recipients import holders_of, members_and_holders
from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.decisions import Outcome
from cybercube_portal.notices.actions import tell
from cybercube_portal.notices.kinds import Kind
from cybercube_portal.people.roles import Role
from flags import messages
from flags.actions.recording import record_flag
from flags.events import FlagEvent
from flags.models import Flag
from flags.policy.lifecycle import TWO_WEEKS, cleanup, notice_due
from flags.selectors.facts import flags_to_clean, life_facts
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
    facts = life_facts([get_flag(key)])[key]
    still_open = [item.message for item in cleanup(facts, now=now) if item.outcome is not Outcome.PASS]
    tell(
        Kind.FLAG_EXPIRES,
        about=key,
        occasion=f"{now:%Y-%m-%d}",
        to=_recipients(flag, now=now),
        teams=[flag.team.slug],
        write=partial(messages.flag_expires, flag, is_over=flag.expires_at <= now, still_open=still_open),
        now=now,
    )
    return True


@transaction.atomic
def digest_team(*, team: str, now: datetime) -> int:
    """Tell a team once a week which of its flags are to be cleaned up; returns how many people were told. None to clean: nobody."""
    flags = flags_to_clean(now=now).get(team, [])
    if not flags:
        return 0
    return tell(
        Kind.FLAGS_TO_CLEAN,
        about=f"team:{team}",
        occasion=f"{now:%G-W%V}",
        to=members_and_holders(frozenset({team}), now=now),
        teams=[team],
        write=partial(messages.flags_to_clean, flags[0].team.name, flags, now=now),
        now=now,
    )


def _recipients(flag: Flag, *, now: datetime) -> set[int]:
    owner = flag.owner or flag.created_by
    to = {owner.pk} if owner is not None and owner.is_active and owner.email else set()
    is_long_over = flag.expires_at is not None and now - flag.expires_at >= TWO_WEEKS
    if not to or is_long_over:
        to |= holders_of((Role.TECH_LEAD,), teams=[flag.team.slug], now=now)
    return to
