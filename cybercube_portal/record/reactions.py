"""Which of the record's work is worked by whom."""

from __future__ import annotations

from datetime import timedelta

from cybercube_portal.audit.registry import register_intent
from cybercube_portal.record import tasks
from cybercube_portal.record.actions.packs import BUILD, DROP

# The last step writes the whole zip.
LEASE = timedelta(minutes=10)


def register() -> None:
    """Once in every process."""
    register_intent(BUILD, tasks.build_pack, give_up=tasks.give_up_pack, lease=LEASE, tries=4)
    register_intent(DROP, tasks.drop_pack)
