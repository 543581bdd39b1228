"""One release with everything its policies judge, each fact read at most once: pages, the API and guards agree by it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from changes.policy.freezes import judge_span
from changes.policy.spans import Span
from changes.selectors.changes import get_change
from changes.selectors.situation import Situation
from cybercube_portal.catalog.facts import ArtifactFact
from cybercube_portal.catalog.states import EnvironmentCode, Stage
from releases.models import Deployment, Migration, Release
from releases.policy.content_facts import ArtifactContent, ContentFacts, Tick
from releases.policy.contents import JudgedItem, checklist, open_items
from releases.policy.following import ReleaseProgress
from releases.policy.migrations import TESTED
from releases.policy.releases import shown_state
from releases.selectors.releases import Named, deployments_of, named_artifacts, newest_there, progress_from, ticks_of

if TYPE_CHECKING:
    from changes.models import ChangeRequest


class ReleaseSituation:
    """`release` as it stands at `now`. Reads lazily; make a new one after a write."""

    def __init__(self, release: Release, *, now: datetime, change: ChangeRequest | None = None) -> None:
        self.release = release
        self.now = now
        self._change = change

    @cached_property
    def change(self) -> ChangeRequest:
        """The change that authorises it (R16)."""
        return self._change or get_change(self.release.change)

    @cached_property
    def of_change(self) -> Situation:
        """Its change, judged."""
        return Situation(self.change, now=self.now)

    @property
    def state(self) -> str:
        """What it is called."""
        return shown_state(self.release.state, change=self.change.state)

    @cached_property
    def artifacts(self) -> Mapping[Named, ArtifactFact]:
        """The registered ones of what it ships."""
        return {(fact.service.slug, fact.version): fact for fact in self.of_change.artifacts}

    @cached_property
    def deployments(self) -> list[Deployment]:
        """Every deployment of what it ships, oldest first, rollbacks left out."""
        return deployments_of(self.release)

    @cached_property
    def in_production(self) -> Mapping[Named, Deployment]:
        """The newest deployment of each artifact to production since it was opened."""
        since = (row for row in self.deployments if row.created_at >= self.release.created_at)
        return newest_there(since, EnvironmentCode.PRD)

    @cached_property
    def in_staging(self) -> Mapping[Named, Deployment]:
        """The newest deployment of each artifact to staging."""
        return newest_there(self.deployments, EnvironmentCode.STG)

    @cached_property
    def progress(self) -> ReleaseProgress:
        """How far facts have brought it."""
        return progress_from(self.release, change=self.change, rows=self.deployments, is_proved=self._is_proved)

    @cached_property
    def migrations(self) -> dict[str, bool]:
        """Whether each migration was tested: those announced and those its artifacts carry, by file name."""
        carried = [entry.filename for fact in self.artifacts.values() for entry in fact.migrations]
        names = sorted({*self.release.migrations, *carried})
        if not names:
            return {}
        services = {entry["service"] for entry in self.release.artifacts}
        rows = Migration.objects.filter(service__slug__in=services, filename__in=names, state__in=TESTED)
        tested = set(rows.values_list("filename", flat=True))
        return {name: name in tested for name in names}

    @cached_property
    def ticks(self) -> list[Any]:
        """`ticks_of`; a page sets what it read together with other things."""
        return list(ticks_of(self.release))

    @cached_property
    def facts(self) -> ContentFacts:
        """What the checklist is decided by."""
        release, change = self.release, self.change
        return ContentFacts(
            artifacts=tuple(self._content(entry["service"], entry["version"]) for entry in release.artifacts),
            migrations=self.migrations,
            change=change.number,
            has_rollback_plan=bool(change.rollback_plan.strip()),
            is_risk_assessed=all(answer is not None for _, answer in self.of_change.risk_facts.answers),
            is_approved=self.progress.is_approved,
            has_slot=self.now < change.slot.end or self.progress.is_in_production,
            freezes=self._freezes(),
            on_call_notified_at=release.on_call_notified_at,
            ticks={tick.item: Tick(by=tick.username, at=tick.at, note=tick.note) for tick in self.ticks},
            notes_published_at=release.notes_published_at,
            announced_at=release.announced_at,
            watch_until=release.watch_until,
        )

    @cached_property
    def checklist(self) -> tuple[JudgedItem, ...]:
        """§5.3, judged."""
        return checklist(self.facts)

    @property
    def open_items(self) -> tuple[str, ...]:
        """What of its first two parts is not done."""
        return open_items(self.facts)

    @property
    def is_watched(self) -> bool:
        """Whether the 30 minutes are over for everything it put into production."""
        rows = self.in_production.values()
        return self.release.watch_until is not None and all(row.watched_at is not None for row in rows)

    def _is_proved(self) -> bool:
        found = (self.artifacts.get(name) for name in named_artifacts(self.release))
        return all(fact is not None and Stage.E2E.value in fact.stages_passed for fact in found)

    def _freezes(self) -> tuple[str, ...]:
        """What is said of each freeze that covers some of the planned time, grace left out."""
        planned = Span(self.change.scheduled_time, self.change.scheduled_time + self.change.estimated_duration)
        found: dict[str, None] = {}
        for subject in self.of_change.subjects:
            for reason in judge_span(self.of_change.freezes, subject, planned).blockers:
                found.setdefault(reason.message)
        return tuple(found)

    def _content(self, service: str, version: str) -> ArtifactContent:
        name = (service, version)
        fact, there, live = self.artifacts.get(name), self.in_staging.get(name), self.in_production.get(name)
        scan = fact.stages.get(Stage.SCAN) if fact else None
        return ArtifactContent(
            reference=f"{service}:{version}",
            is_registered=fact is not None,
            stages={stage: report.status for stage, report in fact.stages.items()} if fact else {},
            critical=scan.summary.get("critical") if scan else None,
            high=scan.summary.get("high") if scan else None,
            staging=there.state if there else "",
            production=live.state if live else "",
            is_alerted=bool(live and live.alerted_at),
            is_watched=bool(live and live.watched_at),
        )
