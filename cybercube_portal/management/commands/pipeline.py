"""`manage.py pipeline`: the story of one release against a running stack, see `./portal pipeline`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cybercube_portal import clock
from cybercube_portal.demo import pipeline
from cybercube_portal.demo.pipeline import Stage
from cybercube_portal.demo.wire import Wire
from cybercube_portal.people.actions import issue_key
from cybercube_portal.people.actors import OPERATOR
from releases.selectors.deployments import get_deployment

SCOPES = ("gate", "artifacts", "changes", "deployments", "releases")


class Command(BaseCommand):
    """Tell it once; the shop must not be registered yet."""

    help = "Evidence, release, staging, production, verification, a sick service, automatic rollback, notice."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where the shop runs."""
        parser.add_argument("--staging", required=True, help="address of the shop in staging")
        parser.add_argument("--production", required=True, help="address of the shop in production")

    def handle(self, *args: Any, staging: str, production: str, **options: Any) -> None:
        """Each step on a line; any other end than the story's is an error."""
        if settings.SETTINGS_MODULE.endswith(".prod"):
            raise CommandError("The story is refused in production settings: it registers a shop that does not exist.")
        now = clock.now()
        pipeline.register(staging=staging, production=production, now=now - 2 * pipeline.LEAD)
        release = pipeline.yesterday(now=now)
        _, key = issue_key(username="ci-payments", scopes=SCOPES, actor=OPERATOR, now=now)
        stage = Stage(portal=Wire(settings.BASE_URL, key=key), staging=Wire(staging), production=Wire(production))
        try:
            taken_back = pipeline.today(stage, release=release, say=self.stdout.write)
        except (RuntimeError, TimeoutError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"\n{get_deployment(taken_back).rollbacks.latest('pk').rollback.notice}")
