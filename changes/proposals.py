"""Proposal: what somebody writes into a change request, before it is one.

Page form, REST and the YAML import all hand the same value to the same actions. Shapes are checked at the edge; whether
the words mean something (services that exist, versions that are versions) is checked here, once, with every error at its
JSON pointer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Any

from changes.models import ChangeRequest, Template
from changes.policy.approvals import ReleaseType
from changes.policy.lifecycle import IMPACT
from changes.policy.risk import QUESTIONS, answers_of
from changes.policy.schedule import Slot, slot_in_past
from changes.states import ChangeType, Risk
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.catalog.states import ENVIRONMENT_NAMES
from cybercube_portal.catalog.versions import parse_artifact_reference, parse_version
from cybercube_portal.errors import FieldError, Invalid

MOST_SERVICES = 50
MOST_ARTIFACTS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactName:
    """One `service:version` to roll out. `digest` empty: the registered one."""

    service: str
    version: str
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """The fields of §6.6 under api.md's names. `answers` are the seven of §5.6; `raised_to` empty: as computed."""

    title: str
    type: str
    services: tuple[str, ...]
    environments: tuple[str, ...]
    scheduled_time: datetime
    estimated_duration: timedelta
    description: str = ""
    artifacts: tuple[ArtifactName, ...] = ()
    release: str = ""
    release_type: str = ""
    template: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[str, bool | None] = field(default_factory=dict)
    raised_to: str = ""
    impact: Mapping[str, str] = field(default_factory=dict)
    rollback_plan: str = ""
    rollback_version: str = ""
    rollback_flag: str = ""
    notes: str = ""


def proposal_of(change: ChangeRequest) -> Proposal:
    """The change as it could have been proposed: what an edit starts from."""
    return Proposal(
        title=change.title,
        type=change.type,
        services=tuple(change.services),
        environments=tuple(change.environments),
        scheduled_time=change.scheduled_time,
        estimated_duration=change.estimated_duration,
        description=change.description,
        artifacts=tuple(ArtifactName(**entry) for entry in change.artifacts),
        release=change.release,
        release_type=change.release_type,
        template=change.template.slug if change.template else "",
        parameters=change.parameters,
        answers=change.risk_answers,
        raised_to=change.risk_raised_to,
        impact=change.impact,
        rollback_plan=change.rollback_plan,
        rollback_version=change.rollback_version,
        rollback_flag=change.rollback_flag,
        notes=change.notes,
    )


def write_onto(change: ChangeRequest, proposal: Proposal, *, template: Template | None) -> None:
    """Copy it onto the row, the inverse of `proposal_of`; what follows from it (risk, hash) is the caller's to judge."""
    change.title = proposal.title.strip()
    change.type = proposal.type
    change.description = proposal.description
    change.services = list(proposal.services)
    change.environments = list(proposal.environments)
    change.artifacts = [asdict(entry) for entry in proposal.artifacts]
    change.release = proposal.release
    change.release_type = proposal.release_type
    change.template = template
    change.parameters = dict(proposal.parameters)
    change.scheduled_time = proposal.scheduled_time
    change.estimated_duration = proposal.estimated_duration
    change.impact = dict(proposal.impact)
    change.rollback_plan = proposal.rollback_plan
    change.rollback_version = proposal.rollback_version
    change.rollback_flag = proposal.rollback_flag
    change.notes = proposal.notes
    change.risk_answers = dict(answers_of(proposal.answers))
    change.risk_raised_to = proposal.raised_to


def checked(proposal: Proposal, *, now: datetime, was: Proposal | None = None) -> Proposal:
    """The proposal in its written form: codes for environments, `vX.Y.Z` for versions, registered digests filled in.

    `was` is what an edit started from: a slot that was already past may stand unchanged. Raises Invalid with every error.
    """
    errors: list[FieldError] = []
    environments = _environments(proposal.environments, errors)
    _known_services(proposal.services, errors)
    artifacts = _artifacts(proposal, errors)
    rollback_version = _version("/rollback_version", proposal.rollback_version, errors)
    errors += [*_words(proposal), *_answers(proposal)]
    moved = was is None or was.scheduled_time != proposal.scheduled_time
    past = slot_in_past(Slot(proposal.scheduled_time, proposal.estimated_duration), now)
    if moved and past is not None and proposal.type != ChangeType.EMERGENCY:
        errors.append(FieldError("/scheduled_time", past.code, f"{past.message} {past.remedy}"))
    if errors:
        raise Invalid(errors, message=" ".join(error.message for error in errors))
    return replace(
        proposal,
        services=tuple(dict.fromkeys(proposal.services)),
        environments=environments,
        artifacts=artifacts,
        rollback_version=rollback_version,
    )


def _environments(names: Iterable[str], errors: list[FieldError]) -> tuple[str, ...]:
    codes: list[str] = []
    for index, name in enumerate(names):
        code = ENVIRONMENT_NAMES.get(name.lower())
        if code is None:
            message = f"There is no environment {name}: write dev, stg or prd."
            errors.append(FieldError(f"/environments/{index}", "environment.unknown", message))
        else:
            codes.append(code.value)
    if not codes and not errors:
        errors.append(FieldError("/environments", "change.no_environment", "Name at least one environment."))
    return tuple(dict.fromkeys(codes))


def _known_services(slugs: tuple[str, ...], errors: list[FieldError]) -> None:
    if not slugs:
        errors.append(FieldError("/services", "change.no_service", "Name at least one service."))
    if len(slugs) > MOST_SERVICES:
        errors.append(FieldError("/services", "change.too_many", f"A change covers at most {MOST_SERVICES} services."))
        return
    known = catalog.team_by_service(slugs)
    for index, slug in enumerate(slugs):
        if slug not in known:
            near = get_close_matches(slug, catalog.slugs(), n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            errors.append(FieldError(f"/services/{index}", "service.unknown", f"There is no service {slug}.{hint}"))


def _artifacts(proposal: Proposal, errors: list[FieldError]) -> tuple[ArtifactName, ...]:
    if len(proposal.artifacts) > MOST_ARTIFACTS:
        message = f"A change names at most {MOST_ARTIFACTS} artifacts."
        errors.append(FieldError("/artifacts", "change.too_many", message))
        return ()
    named = [
        ArtifactName(
            service=entry.service,
            version=_version(f"/artifacts/{index}", entry.version, errors),
            digest=entry.digest,
        )
        for index, entry in enumerate(proposal.artifacts)
    ]
    registered = {
        (row.service.slug, row.version): row.digest
        for row in catalog.artifacts_named((entry.service, entry.version) for entry in named)
    }
    for index, entry in enumerate(named):
        digest = registered.get((entry.service, entry.version), "")
        if entry.service not in proposal.services:
            message = f"{entry.service} is not among the change's services."
            errors.append(FieldError(f"/artifacts/{index}", "artifact.other_service", message))
        if entry.digest and digest and entry.digest != digest:
            message = f"{entry.service}:{entry.version} is registered with the digest {digest}."
            errors.append(FieldError(f"/artifacts/{index}", "artifact.digest_differs", message))
    return tuple(
        ArtifactName(
            service=entry.service,
            version=entry.version,
            digest=entry.digest or registered.get((entry.service, entry.version), ""),
        )
        for entry in named
    )


def _version(pointer: str, text: str, errors: list[FieldError]) -> str:
    if not text:
        return ""
    try:
        return parse_version(text).text
    except ValueError as error:
        errors.append(FieldError(pointer, "version.form", str(error)))
        return text


def _words(proposal: Proposal) -> Iterable[FieldError]:
    if not proposal.title.strip():
        yield FieldError("/title", "change.no_title", "Give the change a title.")
    if proposal.type not in set(ChangeType):
        yield FieldError("/type", "change.type_unknown", f"A change is {', '.join(ChangeType)}.")
    if proposal.release_type and proposal.release_type not in set(ReleaseType):
        yield FieldError("/release_type", "release.type_unknown", f"A release is {', '.join(ReleaseType)}.")
    unknown = sorted(set(proposal.impact) - set(IMPACT))
    if unknown:
        yield FieldError("/impact", "change.impact_unknown", f"Impact speaks of {', '.join(IMPACT)}, not {unknown[0]}.")
    if bool(proposal.template) != (proposal.type == ChangeType.STANDARD):
        yield FieldError(
            "/template", "standard.template", "A standard change is filed from a template, and only a standard change."
        )


def _answers(proposal: Proposal) -> Iterable[FieldError]:
    for name in sorted(set(proposal.answers) - set(QUESTIONS)):
        near = get_close_matches(name, QUESTIONS, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        message = f"{name} is not one of the seven questions of §5.6.{hint}"
        yield FieldError("/risk_assessment/answers", "risk.question_unknown", message)
    if proposal.raised_to and proposal.raised_to not in set(Risk):
        yield FieldError("/risk_assessment/level", "risk.level_unknown", f"A risk is {', '.join(Risk)}.")


def parse_artifact(text: str) -> ArtifactName:
    """`service:version` as an ArtifactName. Raises ValueError."""
    reference = parse_artifact_reference(text)
    return ArtifactName(service=reference.service, version=reference.version)
