"""The place in the audit chain that a pack stands for."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from cybercube_portal.audit.actions.sealing import seal_all
from cybercube_portal.audit.selectors.events import chain_end
from cybercube_portal.record.manifest import Cut


@transaction.atomic
def take_cut(*, now: datetime) -> Cut:
    """The chain as it stands, with all that was recorded so far: what waits for the sealer, which comes every few seconds, is sealed first."""
    seal_all(now=lambda: now)
    sequence, head = chain_end()
    return Cut(at=now, sequence=sequence, head=head)
