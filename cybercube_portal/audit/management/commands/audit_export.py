"""`manage.py audit_export`: the record as JSON lines, for `cybercube audit verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cybercube_portal import clock
from cybercube_portal.audit.actions.sealing import seal_all
from cybercube_portal.audit.selectors.export import export_lines


class Command(BaseCommand):
    """Writes to stdout, or to a file that must not exist yet."""

    help = "Seal what is unsealed and export the audit chain as JSON lines with its signed end."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--output", type=Path, help="a new file; default: stdout")
        parser.add_argument(
            "--first", type=int, default=1, help="lowest sequence; the file starts at a checkpoint before it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        seal_all(now=clock.now)
        lines = export_lines(now=clock.now(), first=options["first"])
        if options["output"] is None:
            self.stdout.writelines(line.decode() for line in lines)
            return
        try:
            with options["output"].open("xb") as file:
                file.writelines(lines)
        except OSError as error:
            raise CommandError(f"{options['output']}: {error.strerror}") from error
