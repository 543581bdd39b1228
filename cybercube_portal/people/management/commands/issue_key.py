"""`manage.py issue_key USERNAME`: print one API key, alone, on stdout (api.md)."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cybercube_portal import clock
from cybercube_portal.errors import PortalError
from cybercube_portal.people.actions import issue_key
from cybercube_portal.people.actors import OPERATOR

_EXPIRES = re.compile(r"(\d{1,5})([dh])")


def lifetime(text: str) -> timedelta:
    """`90d` or `12h`. Raises CommandError."""
    match = _EXPIRES.fullmatch(text)
    if match is None or int(match[1]) == 0:
        raise CommandError("--expires takes days or hours, such as 90d or 12h.")
    amount = int(match[1])
    return timedelta(days=amount) if match[2] == "d" else timedelta(hours=amount)


class Command(BaseCommand):
    """Issue a key as the operator at the console."""

    help = "Print a new API key for a user. It is shown once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options of api.md."""
        parser.add_argument("username")
        parser.add_argument("--scope", action="append", default=[], dest="scopes")
        parser.add_argument("--service", action="append", default=[], dest="services")
        parser.add_argument("--environment", default="", choices=["", "dev", "stg", "prd"])
        parser.add_argument("--client", action="store_true")
        parser.add_argument("--expires", type=lifetime)
        parser.add_argument("--name", default="issued at the console")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the key, or say why not."""
        now = clock.now()
        try:
            _, text = issue_key(
                username=options["username"],
                actor=OPERATOR,
                now=now,
                name=options["name"],
                scopes=options["scopes"],
                services=options["services"],
                environment=options["environment"],
                client=options["client"],
                expires_at=now + options["expires"] if options["expires"] else None,
            )
        except PortalError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(text)
