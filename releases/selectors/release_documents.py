"""The words of a release: its changelog and notes, as people wrote them or as its commits draft them (§5.4, §5.5)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from django.db.models import QuerySet

from cybercube_portal.catalog import selectors as catalog
from releases.models import Release
from releases.policy import changelog, notes
from releases.policy.changelog import Drafted
from releases.policy.notes import NotesFacts
from releases.selectors.releases import released_below, releases
from releases.states import ReleaseState

if TYPE_CHECKING:
    from changes.models import ChangeRequest
    from cybercube_portal.catalog.models import Artifact

# In production: what a service's changelog tells.
TOLD: tuple[str, ...] = (ReleaseState.MONITORING, ReleaseState.RELEASED)
MOST_TOLD = 200


class Shipment:
    """What goes out with these (service slug, version) pairs beyond what is in production. Reads lazily."""

    def __init__(self, named: Iterable[tuple[str, str]]) -> None:
        self.named = tuple(named)

    @cached_property
    def below(self) -> dict[str, str | None]:
        """What each is compared with: the version that was in production last, or None, by service."""
        return {service: released_below(service=service, version=version) for service, version in self.named}

    @cached_property
    def artifacts(self) -> list[Artifact]:
        """Everything registered between that and this, the lowest first."""
        return [
            row
            for service, version in self.named
            for row in catalog.artifacts_since(service=service, after=self.below[service], upto=version)
        ]

    @cached_property
    def drafted(self) -> Drafted:
        """What their commits give, each once, without those that are in production already."""
        before = catalog.artifacts_named((service, version) for service, version in self.below.items() if version)
        known = {commit["sha"] for row in before for commit in row.commits}
        messages = {
            commit["sha"]: commit["message"]
            for row in self.artifacts
            for commit in row.commits
            if commit["sha"] not in known
        }
        return changelog.draft(messages.values())


class Documents:
    """The changelog and notes of `release`, whose change is `change`. Reads lazily."""

    def __init__(self, release: Release, *, change: ChangeRequest) -> None:
        self.release = release
        self.change = change

    @property
    def day(self) -> date:
        """When it went to production, else the day it is planned for."""
        return (self.release.deployed_at or self.change.scheduled_time).date()

    @cached_property
    def shipment(self) -> Shipment:
        """What it ships."""
        return Shipment((entry["service"], entry["version"]) for entry in self.release.artifacts)

    @property
    def drafted(self) -> Drafted:
        """What its commits give."""
        return self.shipment.drafted

    @property
    def changelog(self) -> str:
        """What stands under the release's heading."""
        return self.release.changelog or changelog.written(self.drafted)

    @property
    def changelog_section(self) -> str:
        """The same with the heading."""
        return changelog.section(self.release.version, self.day, self.changelog)

    @property
    def notes(self) -> str:
        """The release notes."""
        return self.release.notes or self.drafted_notes

    @property
    def drafted_notes(self) -> str:
        """The template of §5.5, filled in afresh."""
        carried = {entry["filename"]: entry["kind"] for row in self.shipment.artifacts for entry in row.migrations}
        announced = dict.fromkeys(self.release.migrations, "schema")
        return notes.draft_notes(
            NotesFacts(
                service=self.release.service.name,
                version=self.release.version,
                type=self.release.type,
                on=self.day,
                drafted=self.drafted,
                migrations={**announced, **carried},
            )
        )


def told_releases(service: str) -> QuerySet[Release]:
    """The releases of a service that are in production or were, the newest first."""
    return releases().filter(service__slug=service, state__in=TOLD).order_by("-deployed_at", "-id")


def published_notes(*, service: str = "") -> QuerySet[Release]:
    """Releases whose notes are published, the latest first; cancelled ones and those taken back say so themselves."""
    rows = releases().filter(notes_published_at__isnull=False).order_by("-notes_published_at", "-id")
    return rows.filter(service__slug=service) if service else rows


def service_changelog(service: str) -> str:
    """CHANGELOG.md of a service. Raises NotFound."""
    found = catalog.get_service(service)
    rows = told_releases(found.slug)[:MOST_TOLD]
    return changelog.document(
        changelog.section(row.version, row.deployed_at.date() if row.deployed_at else None, row.changelog)
        for row in rows
    )
