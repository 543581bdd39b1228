"""Binding steps of flags to the change that lets them happen: what is signed is the digest of what will be served.

One change may carry steps of many flags (an import). Its signed parameters name each flag with the SHA-256 of its contents, so that an
edit of either voids the approval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from changes.actions.carried import take_back_change
from changes.actions.filing import file_change
from changes.models import ChangeRequest
from changes.policy.content import difference
from changes.policy.lifecycle import is_confirmed
from changes.policy.risk import QUESTIONS
from changes.policy.schedule import LEAD_TIME
from changes.proposals import Proposal
from changes.selectors.changes import lock_change
from changes.selectors.moves import when_allowed
from changes.selectors.situation import Situation
from changes.states import ChangeState, ChangeType
from cybercube_portal.audit.actors import Actor as Recorded
from cybercube_portal.decisions import decide
from cybercube_portal.errors import Invalid, refuse, refuse_unless
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.scopes import Scope
from flags.actions.keeping import planned_digest
from flags.actions.recording import record_flag
from flags.events import FlagEvent
from flags.models import FlagEnvironment, PlannedStep
from flags.policy.exposure import exposure_of, is_small
from flags.policy.serving import first_content
from flags.selectors.freezes import services_of
from flags.states import StepKind, VersionKind

CONFIG_UPDATE = "config-update"
DURATION = timedelta(minutes=30)
SHOWN_DIFFERENCES = 40
UNDER_WAY = (ChangeState.IMPLEMENTING, ChangeState.VERIFYING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One flag's part of what is asked for."""

    row: FlagEnvironment
    contents: list[dict[str, Any]]
    kind: StepKind = StepKind.EDIT
    version_kind: VersionKind = VersionKind.EDIT
    holds: tuple[int | None, ...] = ()

    @property
    def exposures(self) -> tuple[float, float]:
        """From and to, in percent."""
        safe = self.row.flag.safe_variant
        return exposure_of(self.row.content, safe), max(exposure_of(content, safe) for content in self.contents)

    @property
    def sha256(self) -> str:
        """What a signature covers."""
        return planned_digest(self.contents, self.holds)

    @property
    def seconds(self) -> int:
        """How long it takes, if nobody has to be waited for."""
        return sum(hold or 0 for hold in self.holds)

    @property
    def small(self) -> bool:
        """Whether all of it is pre-approved."""
        return all(is_small(content, self.row.flag.safe_variant) for content in self.contents)


def file_steps(
    drafts: Sequence[Draft], *, reason: str, due: datetime | None, needs_change: bool, actor: Actor, now: datetime
) -> list[PlannedStep]:
    """Store the steps, and where they need one file the change that carries them all. Raises as filing a change does."""
    standard = all(draft.small for draft in drafts)
    change: ChangeRequest | None = None
    due_at = due or now
    if needs_change:
        # A normal change starts a day after it was handed in (R8): asked for "now", it is planned for the first moment that may be.
        due_at = due or (now if standard else now + LEAD_TIME[ChangeType.NORMAL])
        change = _file(drafts, reason=reason, due=due_at, standard=standard, actor=actor, now=now)
    steps = []
    for draft in drafts:
        step = PlannedStep.objects.create(
            flag_environment=draft.row,
            kind=draft.kind,
            version_kind=draft.version_kind,
            base_version=draft.row.version,
            contents=draft.contents,
            holds=list(draft.holds),
            sha256=draft.sha256,
            reason=reason,
            change=change.number if change else "",
            standard=bool(change and standard),
            due_at=due_at,
            requested_at=now,
            requested_by_id=actor.id,
        )
        record_flag(
            FlagEvent.PROPOSED,
            draft.row.flag,
            actor=actor,
            at=now,
            change=step.change,
            environment=draft.row.environment,
            base_version=step.base_version,
            content_sha256=step.sha256,
            due_at=due_at,
            reason=reason,
        )
        steps.append(step)
    return steps


def _file(
    drafts: Sequence[Draft], *, reason: str, due: datetime, standard: bool, actor: Actor, now: datetime
) -> ChangeRequest:
    services = sorted({slug for draft in drafts for slug in services_of(draft.row.flag)})
    if not services:
        message = "Nobody can say which service this affects: give the flag a service, or its team one."
        raise Invalid.field("/service", "flag.service_missing", message)
    _, highest = max((draft.exposures for draft in drafts), key=lambda pair: pair[1])
    flags = [draft.row.flag for draft in drafts]
    proposal = Proposal(
        title=_title(drafts)[:200],
        type=ChangeType.STANDARD if standard else ChangeType.NORMAL,
        template=CONFIG_UPDATE if standard else "",
        services=tuple(services),
        environments=(drafts[0].row.environment,),
        scheduled_time=due,
        estimated_duration=DURATION + timedelta(seconds=max(draft.seconds for draft in drafts)),
        description=reason.strip() or "\n".join(_title([draft]) for draft in drafts[:SHOWN_DIFFERENCES]),
        answers={**dict.fromkeys(QUESTIONS, False), "customer_visible": True},
        impact={
            "customers": f"Up to {highest:g} % of people are served something new.",
            "downtime": "none",
            "data": "none",
        },
        rollback_plan="Kill the flag: its safe variant is served to everybody at once.",
        rollback_flag=flags[0].key if len(flags) == 1 else "",
        parameters={
            "configuration_only": True,
            "flags": [
                {
                    "flag": draft.row.flag.key,
                    "environment": draft.row.environment,
                    "base_version": draft.row.version,
                    "content_sha256": draft.sha256,
                    "exposure": list(draft.exposures),
                    "percentages": [content["rollout_percentage"] for content in draft.contents],
                    "holds": list(draft.holds),
                    "difference": _shown(draft),
                }
                for draft in drafts
            ],
        },
    )
    return file_change(proposal=proposal, submit=True, actor=_filing(actor), now=now)


def _title(drafts: Sequence[Draft]) -> str:
    draft = drafts[0]
    if len(drafts) > 1:
        return f"Import of {len(drafts)} flags in {draft.row.environment}"
    before, after = draft.exposures
    word = "Ramp of flag" if draft.kind is StepKind.RAMP else "Flag"
    if draft.version_kind is VersionKind.RESHUFFLE:
        return f"People of flag {draft.row.flag.key} in {draft.row.environment} shared out anew at {after:g} %"
    return f"{word} {draft.row.flag.key} in {draft.row.environment}: exposure {before:g} % to {after:g} %"


def _shown(draft: Draft) -> list[dict[str, Any]]:
    """What is served anew. Of a flag that was off all of it is: whoever signs reads its rules too, whenever they were written."""
    row = draft.row
    before = row.content if row.content["enabled"] else first_content(row.flag.facts)
    found = difference(before, draft.contents[-1])[:SHOWN_DIFFERENCES]
    return [{"field": entry.field, "before": entry.before, "after": entry.after} for entry in found]


def _filing(actor: Actor) -> Actor:
    """A key for flags may ask for the change that its own edit needs; it signs nothing by that."""
    if actor.key is None:
        return actor
    return replace(actor, key=replace(actor.key, scopes=actor.key.scopes | {Scope.CHANGES.value}))


def require_emergency(row: FlagEnvironment, number: str, *, now: datetime) -> None:
    """Raises MoveRefused unless `number` is an authorised emergency about the flag's service there (§6.4) that may begin, or go on, now."""
    change = lock_change(number)
    covers = row.environment in change.environments and bool(set(services_of(row.flag)) & set(change.services))
    is_open = change.state in {ChangeState.APPROVED, ChangeState.IMPLEMENTING}
    if not (change.is_emergency and is_open and covers):
        raise refuse(
            "flag.no_emergency",
            "§6.4",
            f"{number} is not an authorised emergency of this flag's service in {row.environment}.",
            "Leave the change out: one is opened for you. Or have an emergency authorised first.",
        )
    situation = Situation(change, now=now)
    confirmation = is_confirmed(confirm_by=change.confirm_by, confirmed_at=change.confirmed_at, now=now)
    # Not every freeze lets an emergency pass: in a major event it needs an exception (§6.5).
    refuse_unless(decide(confirmation, situation.word) + when_allowed(situation))


def take_back(row: FlagEnvironment, *, reason: str, actor: Recorded, now: datetime) -> None:
    """The change under way that brought what is served now is rolled back with it."""
    number = row.versions.exclude(change="").order_by("-number").values_list("change", flat=True).first()
    if number is None:
        return
    change = lock_change(number)
    if change.state in UNDER_WAY:
        take_back_change(number=number, deployment=str(row), reason=reason, actor=actor, now=now)
