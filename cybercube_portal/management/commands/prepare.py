"""The database and the static files as this version needs them."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, connection


class Command(BaseCommand):
    """Migrate, collect static files when asked, and say on the last line whether anybody is in the database."""

    help = "Migrate, collect static files (--collect-static); the last line is `empty` or `kept`."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--collect-static", action="store_true", help="collect static files, dropping older ones")

    def handle(self, *args: Any, collect_static: bool = False, **options: Any) -> None:
        try:
            connection.ensure_connection()
        except OperationalError as error:
            raise CommandError(f"The database cannot be used: {error}") from error
        call_command("migrate", interactive=False, verbosity=0)
        if collect_static:
            call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        self.stdout.write("kept" if get_user_model().objects.exists() else "empty")
