"""What the portal was told by its environment, and what it was told in vain."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cybercube_portal.settings import variables


class Command(BaseCommand):
    """Print each variable with where its value comes from; fail on names that nobody reads and values nobody understands."""

    help = "Print every CYBERCUBE_* variable and its source; exit 1 when one is unknown or not valid."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        problems = []
        width = max(len(row.name) for row in variables.VARIABLES)
        for row in variables.VARIABLES:
            try:
                text, source = row.find(os.environ)
                row.read()
            except variables.VariableError as error:
                problems.append(str(error))
                continue
            shown = "[hidden]" if row.secret and source not in {"default", "running stack"} else text or "(empty)"
            self.stdout.write(f"{row.name:<{width}}  {shown}  ({source})  {row.help}")
        for name, nearest in variables.unknown(os.environ):
            problems.append(f"{name} is not read by anybody" + (f"; did you mean {nearest}?" if nearest else "."))
        if problems:
            raise CommandError("\n".join(problems), returncode=1)
