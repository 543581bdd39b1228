"""`manage.py trust_identity NAME`: let a pipeline prove itself with its platform's token instead of a key."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cybercube_portal import clock
from cybercube_portal.catalog.actions import distrust_identity, trust_identity
from cybercube_portal.catalog.actions.trust import DEFAULT_SCOPES
from cybercube_portal.errors import Invalid, PortalError
from cybercube_portal.people.actors import OPERATOR


def claim(text: str) -> tuple[str, str]:
    """`name=value`. Raises ArgumentTypeError."""
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise ArgumentTypeError("a claim is name=value, such as repository_id=4711")
    return name, value


class Command(BaseCommand):
    """Trust, or with --revoke no longer trust, as the operator at the console."""

    help = "Let tokens of a CI platform with exactly these claims act as a service account."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What the token has to say, and what it may then do."""
        parser.add_argument("name")
        parser.add_argument("--revoke", action="store_true", help="stop trusting it at once")
        parser.add_argument("--issuer", default="https://token.actions.githubusercontent.com")
        parser.add_argument("--audience", default=settings.BASE_URL, help="what the pipeline asks its token for")
        parser.add_argument("--claim", action="append", type=claim, default=[], dest="claims", metavar="NAME=VALUE")
        parser.add_argument("--account", default="", help="the service account it acts as")
        parser.add_argument("--service", action="append", default=[], dest="services", metavar="SLUG")
        parser.add_argument("--scope", action="append", default=[], dest="scopes")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what was done, or why not."""
        name, now = options["name"], clock.now()
        try:
            if options["revoke"]:
                distrust_identity(name=name, actor=OPERATOR, now=now)
                self.stdout.write(f"{name} is no longer trusted.")
                return
            identity = trust_identity(
                name=name,
                issuer=options["issuer"],
                audience=options["audience"],
                claims=dict(options["claims"]),
                account=options["account"],
                services=options["services"],
                scopes=options["scopes"] or DEFAULT_SCOPES,
                actor=OPERATOR,
                now=now,
            )
        except Invalid as error:
            raise CommandError("\n".join(f"{wrong.pointer}: {wrong.message}" for wrong in error.errors)) from error
        except PortalError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{name} acts as {options['account']} for {', '.join(identity.services)}.")
