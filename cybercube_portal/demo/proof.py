"""What an auditor finds on the first day: the chain sealed and signed, and the evidence of a month ready to take along."""

from __future__ import annotations

from datetime import datetime, timedelta

from cybercube_portal.audit.actions.sealing import seal_all, write_checkpoint
from cybercube_portal.demo.lives import Company
from cybercube_portal.record.actions import request_pack
from cybercube_portal.record.actions.packs import build_pack
from cybercube_portal.record.selectors import get_pack
from cybercube_portal.record.states import PackState

AUDITOR = "kim"
PERIOD = timedelta(days=30)


def keep(company: Company, *, now: datetime) -> None:
    """As the workers do every few seconds, every hour, and step by step."""
    seal_all(now=lambda: now)
    write_checkpoint(now=now)
    end = now.replace(hour=0, minute=0, second=0, microsecond=0)
    asked = request_pack(start=end - PERIOD, end=end, service=None, actor=company.actor(AUDITOR), now=now)
    while get_pack(asked.pk).state is PackState.BEING_MADE:
        build_pack(pack_id=asked.pk, now=now)
