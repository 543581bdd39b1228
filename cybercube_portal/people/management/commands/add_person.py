"""`manage.py add_person USERNAME`: how the first people of a portal come in."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from cybercube_portal import clock
from cybercube_portal.errors import PortalError
from cybercube_portal.people.actions import add_person, add_team, grant_role
from cybercube_portal.people.actors import OPERATOR, Kind
from cybercube_portal.people.roles import Role
from cybercube_portal.people.selectors import team_slugs


class Command(BaseCommand):
    """Add a person or a service account as the operator at the console."""

    help = "Add a person (prints their first password, once) or, with --service, a service account."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who, where and what they hold."""
        parser.add_argument("username")
        parser.add_argument("--name", default="")
        parser.add_argument("--email", default="")
        parser.add_argument("--team", help="home team; made when it does not exist")
        parser.add_argument("--role", action="append", default=[], choices=list(Role), help="held everywhere")
        parser.add_argument("--service", action="store_true", help="a service account: it calls, and never signs in")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it and print the password."""
        now = clock.now()
        service, team = options["service"], options["team"]
        password = None if service else secrets.token_urlsafe(18)
        try:
            with transaction.atomic():
                if team and team not in team_slugs():
                    add_team(slug=team, name=team, actor=OPERATOR, now=now)
                add_person(
                    username=options["username"],
                    name=options["name"],
                    email=options["email"],
                    team=team,
                    kind=Kind.SERVICE if service else Kind.PERSON,
                    password=password,
                    actor=OPERATOR,
                    now=now,
                )
                for role in options["role"]:
                    grant_role(username=options["username"], role=Role(role), team=None, actor=OPERATOR, now=now)
        except PortalError as error:
            raise CommandError(str(error)) from error
        if password:
            self.stdout.write(password)
