"""`manage.py audit_verify`: walk the chain in the database and name the first row that does not fit."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cybercube_portal.audit.selectors.events import verify_chain


class Command(BaseCommand):
    """Exit 0 when the chain holds, 1 when it does not."""

    help = "Check every link of the audit chain and every signed checkpoint."

    def handle(self, *args: Any, **options: Any) -> None:
        verdict = verify_chain()
        if verdict.broken is not None:
            raise CommandError(f"The chain is broken at {verdict.broken}")
        self.stdout.write(
            f"The chain holds: {verdict.size} events, {verdict.checkpoints} checkpoints, head {verdict.head}"
        )
