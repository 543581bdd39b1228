"""The record's own verbs: webhooks, and evidence packs made by a worker."""

from __future__ import annotations

from cybercube_portal.record.actions.at_once import pack_of_change, pack_of_period
from cybercube_portal.record.actions.packs import request_pack
from cybercube_portal.record.actions.webhooks import (
    create_webhook,
    edit_webhook,
    end_webhook,
    ping_webhook,
    read_webhook,
    rotate_webhook,
)

__all__ = [
    "create_webhook",
    "edit_webhook",
    "end_webhook",
    "pack_of_change",
    "pack_of_period",
    "ping_webhook",
    "read_webhook",
    "request_pack",
    "rotate_webhook",
]
