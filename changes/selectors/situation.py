"""Situation: one change with everything its policies judge, each fact read at most once.

Guards, pages and the API judge a change through the same Situation, so a button, a 409 and a gate never disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from changes.models import ChangeRequest, FreezeException, Signature
from changes.policy import approvals, conflicts, emergency, freezes, risk, schedule, standard, windows
from changes.policy.approvals import ChangeClass, FilledSeat, ReleaseType, SeatPlan, SignatureFact
from changes.policy.classes import classes_of
from changes.policy.scope import Action, Subject
from changes.selectors.changes import booking_of
from changes.selectors.slots import SlotFacts, slot_facts
from changes.states import ChangeType, Risk, SignatureState, TemplateState
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.catalog.facts import ArtifactFact
from cybercube_portal.catalog.neighbourhood import Neighbourhood, neighbourhood
from cybercube_portal.catalog.versions import Bump, bump, parse_version
from cybercube_portal.decisions import Decision, Outcome, Reason, decide, failed, passed
from cybercube_portal.people.actors import GrantFact
from cybercube_portal.people.selectors import grant_facts

_BUMPS: tuple[Bump | None, ...] = (None, "patch", "minor", "major")


@dataclass(frozen=True, slots=True)
class SignatureView:
    """A stored signature with the roles by which it counts (none: it does not)."""

    signature: Signature
    fact: SignatureFact


def signature_views(
    rows: Iterable[Signature], *, grants: Mapping[int, tuple[GrantFact, ...]], teams: frozenset[str]
) -> tuple[SignatureView, ...]:
    """`rows` of one change (`signer` selected) judged by every grant of their signers, by user id."""
    return tuple(
        SignatureView(
            signature=row,
            fact=SignatureFact(
                person=row.signer.username,
                roles=approvals.counts(grants=grants[row.signer_id], teams=teams, signed_at=row.signed_at),
                at=row.signed_at,
                id=str(row.pk),
            ),
        )
        for row in rows
    )


class Situation:
    """`change` as it stands at `now`. Reads lazily; make a new one after a write."""

    def __init__(self, change: ChangeRequest, *, now: datetime) -> None:
        self.change = change
        self.now = now

    @cached_property
    def around(self) -> Neighbourhood:
        """Its services, what they are linked to, and its artifacts: read together."""
        named = ((entry["service"], entry["version"]) for entry in self.change.artifacts)
        return neighbourhood(self.change.services, named)

    @cached_property
    def team_of(self) -> Mapping[str, str]:
        """Team slug by service slug."""
        return self.around.team_of

    @property
    def teams(self) -> frozenset[str]:
        """The teams of the affected services."""
        return frozenset(self.team_of.values())

    @cached_property
    def services_of_teams(self) -> frozenset[str]:
        """Every service of those teams."""
        return catalog.slugs_of_teams(self.teams)

    @cached_property
    def artifacts(self) -> tuple[ArtifactFact, ...]:
        """The registered ones among the artifacts it names."""
        return self.around.artifacts

    @cached_property
    def bump(self) -> Bump | None:
        """The largest step any artifact takes from the release registered before it."""
        steps = [None, *(_step(lower, version) for (_, version), lower in self.around.before.items())]
        return max(steps, key=_BUMPS.index)

    @cached_property
    def migration_kinds(self) -> frozenset[str]:
        """`schema`, `data`: of the artifacts and of the change itself."""
        kinds = {kind for artifact in self.artifacts for kind in artifact.migration_kinds}
        return frozenset(kinds | {entry["kind"] for entry in self.change.migrations})

    @cached_property
    def risk_facts(self) -> risk.RiskFacts:
        """What §5.6 is computed from."""
        return risk.RiskFacts(
            bump=self.bump,
            migration_kinds=self.migration_kinds,
            breaking_commits=any(artifact.has_breaking_commits for artifact in self.artifacts),
            lint_failed=any(artifact.lint_failed for artifact in self.artifacts),
            configuration_only=self.configuration_only,
            answers=risk.answers_of(self.change.risk_answers),
            raised_to=Risk(self.change.risk_raised_to) if self.change.risk_raised_to else None,
        )

    @cached_property
    def outdated(self) -> Reason | None:
        """What makes a normal change riskier than it was assessed when it was submitted; None when nothing does."""
        if self.change.type != ChangeType.NORMAL:
            return None
        return risk.is_outdated(Risk(self.change.risk_level), self.risk_facts)

    @property
    def configuration_only(self) -> bool:
        """Whether it says of itself that only configuration changes, and indeed deploys nothing."""
        template = self.change.template
        is_update = template is not None and template.kind == standard.TemplateKind.CONFIG_UPDATE
        return not self.change.artifacts and (is_update or self.change.parameters.get("configuration_only") is True)

    @cached_property
    def plan(self) -> SeatPlan:
        """Who has to sign (§2.4, §5.1, §5.6, §6.4)."""
        return approvals.required_seats(
            approvals.SeatFacts(
                change_type=ChangeType(self.change.type),
                risk=Risk(self.change.risk_level),
                release_type=ReleaseType(self.change.release_type) if self.change.release_type else None,
                classes=self.classes,
            )
        )

    @cached_property
    def classes(self) -> frozenset[ChangeClass]:
        """§2.4 from the answers and the facts."""
        return classes_of(
            answers=self.change.risk_answers,
            deploys=bool(self.change.artifacts),
            migration_kinds=self.migration_kinds,
            has_breaking_commits=any(artifact.has_breaking_commits for artifact in self.artifacts),
        )

    @cached_property
    def signatures(self) -> tuple[SignatureView, ...]:
        """Every signature ever given, in the order of signing, with the roles by which it counts."""
        rows = list(self.change.signatures.select_related("signer"))
        return signature_views(rows, grants=grant_facts({row.signer_id for row in rows}), teams=self.teams)

    @property
    def given(self) -> tuple[SignatureFact, ...]:
        """Signatures that say yes to the content as it is and still count."""
        return tuple(
            view.fact
            for view in self.signatures
            if view.signature.state == SignatureState.GIVEN
            and view.signature.content_hash == self.change.content_hash
            and view.fact.roles
        )

    @property
    def is_refused(self) -> bool:
        """Whether one refusal stands."""
        return any(view.signature.state == SignatureState.REFUSED for view in self.signatures)

    @cached_property
    def seats(self) -> tuple[FilledSeat, ...]:
        """Every seat with the signature that fills it."""
        return approvals.fill(self.plan.seats, self.given)

    @property
    def open_seats(self) -> tuple[str, ...]:
        """The labels of the seats that nobody fills, each once."""
        return tuple(dict.fromkeys(item.seat.label for item in self.seats if item.signature is None))

    @cached_property
    def seat_decision(self) -> Decision:
        """Whether every seat is filled; an authorised emergency has its one."""
        if self.change.is_emergency and self.change.authorised_by_id is not None:
            return decide(passed("approval.complete", "§6.4", "Authorised as an emergency."))
        return approvals.missing_seats(self.seats)

    @property
    def word(self) -> Reason | None:
        """Whether the verbal approval of an emergency still lets it begin; None when none is needed, or it began already."""
        if not self.change.is_emergency or self.change.record_due_at is not None:
            return None
        said_at = standard.moment_of(self.change.authorisation.get("verbal_at"))
        return emergency.word_holds(said_at=said_at, now=self.now)

    @cached_property
    def slot(self) -> schedule.Slot:
        """Its own time."""
        return schedule.Slot(self.change.scheduled_time, self.change.estimated_duration)

    @property
    def is_over(self) -> bool:
        """Whether its time went by: the slot, or for an emergency the word that it did not use."""
        if self.change.is_emergency:
            return self.word is not None and self.word.outcome is Outcome.FAIL
        return self.slot.end <= self.now

    @cached_property
    def subjects(self) -> tuple[Subject, ...]:
        """One subject for each service in each environment."""
        return tuple(
            Subject(
                change_number=self.change.number,
                change_type=ChangeType(self.change.type),
                risk=Risk(self.change.risk_level),
                has_migration=bool(self.migration_kinds),
                action=Action.DEPLOY,
                service=service,
                team=self.team_of.get(service, ""),
                environment=environment,
            )
            for service in sorted(self.change.services)
            for environment in sorted(self.change.environments)
        )

    @cached_property
    def around_slot(self) -> SlotFacts:
        """Windows, freezes and others' slots that its time may meet."""
        return self.slots()

    def slots(self, *, until: datetime | None = None) -> SlotFacts:
        """The same, and with `until` what any other time from now up to then may meet. One query."""
        return slot_facts(
            self.slot,
            now=self.now,
            number=self.change.number,
            passed=self.passed_freezes,
            services=self.change.services,
            teams=self.teams,
            environments=self.change.environments,
            related=self.related,
            until=until,
        )

    @property
    def freezes(self) -> tuple[freezes.Freeze, ...]:
        """Published freezes that may touch the slot, with this change's exceptions."""
        return self.around_slot.freezes

    @property
    def windows(self) -> tuple[windows.Window, ...]:
        """Deployment windows that may hold it."""
        return self.around_slot.windows

    @cached_property
    def exceptions(self) -> tuple[FreezeException, ...]:
        """Freeze exceptions granted to it: shown for ever."""
        return tuple(self.change.freeze_exceptions.select_related("freeze", "granted_by"))

    @cached_property
    def passed_freezes(self) -> frozenset[int]:
        """The ids of the freezes it may pass."""
        return frozenset(exception.freeze_id for exception in self.exceptions)

    @cached_property
    def conflicts(self) -> tuple[conflicts.Conflict, ...]:
        """Clashes with booked changes on its services or on those they depend on."""
        return conflicts.conflicts_of(booking_of(self.change), self.around_slot.bookings, self.around.depends_on)

    @property
    def related(self) -> frozenset[str]:
        """Its services, and those that they are linked to."""
        depends_on = self.around.depends_on
        return frozenset(self.change.services).union(depends_on, *depends_on.values())

    @cached_property
    def standard_decision(self) -> Decision:
        """Each condition of its template (§6.2), or that it is not a standard change."""
        template = self.change.template
        if template is None:
            return decide(
                failed(
                    "standard.template_missing",
                    "§6.2",
                    "A standard change is filed from a template.",
                    "Choose a template, or file a normal change.",
                )
            )
        if template.state != TemplateState.ACTIVE:
            return decide(
                failed(
                    "standard.template_not_active",
                    "§6.2",
                    f"The template {template.slug} is {template.state}.",
                    "Choose another template, or file a normal change.",
                )
            )
        return standard.holds(template.kind, self._standard_facts(), template.bounds)

    def _standard_facts(self) -> standard.StandardFacts:
        parameters = self.change.parameters
        passing = [artifact.stages_passed for artifact in self.artifacts]
        complete = len(passing) == len(self.change.artifacts) and passing
        return standard.StandardFacts(
            deploys=bool(self.change.artifacts),
            stages_passed=frozenset.intersection(*passing) if complete else frozenset(),
            has_migrations=bool(self.migration_kinds) or not complete,
            bump=self.bump,
            configuration_only=self.configuration_only,
            security=self.change.risk_answers.get("security"),
            replicas=parameters.get("replicas"),
            certificate=parameters.get("certificate", ""),
            process_attested=parameters.get("process_attested", False),
            level=parameters.get("level", ""),
            starts_at=self.change.scheduled_time,
            until=parameters.get("until"),
            reason=parameters.get("reason", ""),
        )


def _step(previous: str | None, version: str) -> Bump | None:
    try:
        return bump(parse_version(previous) if previous else None, parse_version(version))
    except ValueError:
        return None
