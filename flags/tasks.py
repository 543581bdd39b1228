"""The worker's edge of flags: ids in, one action out. The clock is read here and nowhere below."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog
from celery import shared_task

from cybercube_portal import clock
from cybercube_portal.audit.registry import Task
from flags.actions import carrying, facts
from flags.actions.notices import digest_team, notice_expiry
from flags.policy.lifecycle import NOTICES
from flags.selectors.facts import flags_to_clean
from flags.selectors.flags import expiring
from flags.selectors.steps import due_steps

log = structlog.get_logger(__name__)
MONDAY, MORNING = 1, 7
LONGEST_AHEAD = timedelta(days=max(NOTICES), seconds=1)

BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "flags.carry_out_steps": {"task": "flags.carry_out_steps", "schedule": 10.0, "options": {"expires": 10.0}},
    "flags.notice_expiries": {"task": "flags.notice_expiries", "schedule": 3600.0, "options": {"expires": 3600.0}},
    "flags.forget_facts": {"task": "flags.forget_facts", "schedule": 86400.0, "options": {"expires": 86400.0}},
    "flags.digest_teams": {"task": "flags.digest_teams", "schedule": 3600.0, "options": {"expires": 3600.0}},
}


@shared_task(name="flags.carry_out_steps")
def carry_out_steps() -> None:
    """Carry out planned steps whose time has come; two beats at once are harmless, each step is judged again under its lock."""
    now = clock.now()
    for step_id in due_steps(now=now):
        try:
            carrying.carry_out_due_step(step_id=step_id, now=now)
        except Exception:
            log.exception("step_failed", id=step_id)


@shared_task(name="flags.notice_expiries")
def notice_expiries() -> None:
    """Tell owners of flags that expire; a notice is given once, however often this runs."""
    now = clock.now()
    for key in expiring(until=now + LONGEST_AHEAD):
        try:
            notice_expiry(key=key, now=now)
        except Exception:
            log.exception("expiry_not_noticed", key=key)


@shared_task(name="flags.digest_teams")
def digest_teams() -> None:
    """Tell each team what it has to clean up, on Monday mornings; who was told this week is told nothing again."""
    now = clock.now()
    if now.isoweekday() != MONDAY or now.hour < MORNING:
        return
    for team in flags_to_clean(now=now):
        try:
            digest_team(team=team, now=now)
        except Exception:
            log.exception("team_not_told", team=team)


@shared_task(name="flags.forget_facts")
def forget_facts() -> None:
    """Forget what was asked more than a year ago, and keys nobody asks for any more."""
    facts.forget_facts(now=clock.now())


def follow_change(task: Task, now: datetime) -> None:
    """The change `task.subject` was given another time, or will not happen."""
    carrying.follow_change(number=task.subject, now=now)
