"""`manage.py demo`: the cast and a believable company, through the real actions (api.md)."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from contextlib import nullcontext
from datetime import datetime, timedelta
from functools import partial
from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from cybercube_portal import clock
from cybercube_portal.catalog.actions.services import register_service
from cybercube_portal.demo import (
    cab,
    flags,
    frozen,
    history,
    inherited,
    isolation,
    notices,
    proof,
    releases,
    repositories,
    sightings,
    views,
)
from cybercube_portal.demo import company as data
from cybercube_portal.demo.diary import Diary, Entry
from cybercube_portal.demo.lives import Company
from cybercube_portal.people.actions import add_person, add_team, grant_role
from cybercube_portal.people.actors import OPERATOR, Kind
from cybercube_portal.people.models import User
from releases.actions.compliance import keep_compliance
from releases.actions.figures import close_days

SEEDING = ("cybercube_portal.catalog.migrations.0002_environments", "changes.migrations.0002_standard_templates")
KEPT_WEEKS = 13
KEPT = {"django_migrations", "django_content_type", "auth_permission"}


class Command(BaseCommand):
    """Load the demo, all or nothing."""

    help = "Load the demo company into an empty portal (--reset empties it first) and print the cast's password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Two switches and a moment."""
        parser.add_argument("--reset", action="store_true", help="delete everything first")
        parser.add_argument("--at", type=_moment, help="the moment to call now, such as 2026-11-10T09:10Z")
        parser.add_argument("--people-only", action="store_true", help="the cast and its teams, nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it in one transaction."""
        if settings.SETTINGS_MODULE.endswith(".prod"):
            raise CommandError("The demo is refused in production settings: it makes people with a known password.")
        now = options["at"] or clock.now()
        with clock.fixed_at(now) if options["at"] else nullcontext(), transaction.atomic():
            if options["reset"]:
                _empty()
            if User.objects.exists():
                raise CommandError("There are people in this portal already. Use --reset to delete everything first.")
            _people(now - timedelta(weeks=history.WEEKS + 2))
            if not options["people_only"]:
                _history(now)
        self.stdout.write(data.PASSWORD)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ArgumentTypeError("name its zone, such as Z")
    return moment


def _history(now: datetime) -> None:
    _services(now - timedelta(weeks=history.WEEKS + 1))
    company = Company()
    diary = Diary()
    diary.add([*isolation.words(company, now=now), *repositories.reports(company, now=now)])
    # As the worker does every day; a week apart is enough to show where it goes.
    looks = [now - timedelta(weeks=ago) for ago in range(1, KEPT_WEEKS)]
    diary.add(Entry(at, partial(keep_compliance, now=at)) for at in looks)
    history.past_year(company, diary, now=now)
    inherited.join(company, now=now)
    frozen.look_back(company, now=now)
    frozen.hold_back(company, now=now)
    history.this_week(company, now=now)
    notices.lately(company, now=now)
    cab.next_meeting(company, now=now)
    releases.going_on(company, now=now)
    flags.load(now=now)
    views.save(company, now=now)
    history.right_now(company, now=now)
    sightings.look_around(now=now)
    keep_compliance(now=now)
    close_days(now=now)
    proof.keep(company, now=now)


def _people(hired: datetime) -> None:
    for slug, name in data.TEAMS.items():
        add_team(slug=slug, name=name, actor=OPERATOR, now=hired)
    for person in (*data.CAST, *data.COLLEAGUES):
        add_person(
            username=person.username,
            name=person.name,
            email=f"{person.username}@cybercube.example",
            team=person.team,
            timezone=person.timezone,
            actor=OPERATOR,
            now=hired,
        )
        grant_role(username=person.username, role=person.role, team=person.scope, actor=OPERATOR, now=hired)
    # One password for all of them, so hashed once: Argon2 is slow on purpose.
    everybody = [person.username for person in (*data.CAST, *data.COLLEAGUES)]
    User.objects.filter(username__in=everybody).update(password=make_password(data.PASSWORD))
    for account, team in data.SERVICE_ACCOUNTS.items():
        add_person(username=account, name=account, team=team, kind=Kind.SERVICE, actor=OPERATOR, now=hired)


def _services(now: datetime) -> None:
    for slug, (name, team, tier, needs) in data.SERVICES.items():
        register_service(
            slug=slug,
            fields={
                "name": name,
                "team": team,
                "tier": tier,
                "repository": f"https://git.cybercube.example/{team}/{slug}",
                "urls": {
                    # Names that nobody can have (RFC 6761): whatever the portal would read from them, nothing is called.
                    "dev": f"https://{slug}.dev.cybercube.example",
                    "stg": f"https://{slug}.staging.cybercube.example",
                    "prd": f"https://{slug}.cybercube.example",
                },
                "depends_on": needs,
                "metrics": data.METRICS.get(slug, {}),
            },
            actor=OPERATOR,
            now=now,
        )


def _empty() -> None:
    tables = [model._meta.db_table for model in apps.get_models(include_auto_created=True) if model._meta.managed]  # noqa: SLF001 - Django's own name for it
    quoted = [connection.ops.quote_name(table) for table in sorted(set(tables) - KEPT)]
    with connection.cursor() as cursor:
        # Append-only tables refuse even this; only whoever owns them can take their triggers off, for one transaction.
        for table in quoted:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(f"TRUNCATE {', '.join(quoted)} RESTART IDENTITY CASCADE")
        for table in quoted:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    for module in SEEDING:
        import_module(module).seed(apps, None)
