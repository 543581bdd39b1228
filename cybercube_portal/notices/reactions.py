"""What follows from a notice that waits, and where a post to a chat goes."""

from __future__ import annotations

from cybercube_portal.audit.registry import register_intent
from cybercube_portal.audit.signing import register_addresses
from cybercube_portal.notices import tasks
from cybercube_portal.notices.actions.carrying import CARRY
from cybercube_portal.notices.actions.channels import address_of_channel, end_gone_channel


def register() -> None:
    """Once in every process."""
    register_intent(CARRY, tasks.carry)
    register_addresses("channel", address_of_channel, gone=end_gone_channel)
