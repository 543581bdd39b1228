"""Standard changes (§6.2): the conditions of each template, checked by machine. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from changes.policy.scope import Action
from cybercube_portal.catalog.versions import Bump
from cybercube_portal.decisions import Decision, decide, failed, passed
from cybercube_portal.reach import within_reach


class TemplateKind(StrEnum):
    """The five rows of §6.2."""

    ROUTINE_DEPLOYMENT = "routine-deployment"
    CONFIG_UPDATE = "config-update"
    SCALE = "scale"
    CERTIFICATE_RENEWAL = "certificate-renewal"
    LOG_LEVEL = "log-level"


# What a change of each template lets somebody do (§6.2): the step that is approved beforehand, and no other.
STEPS: dict[TemplateKind, frozenset[Action]] = {
    TemplateKind.ROUTINE_DEPLOYMENT: frozenset({Action.DEPLOY, Action.MIGRATE}),
    TemplateKind.CONFIG_UPDATE: frozenset({Action.CONFIGURE}),
    TemplateKind.SCALE: frozenset({Action.SCALE}),
    TemplateKind.CERTIFICATE_RENEWAL: frozenset({Action.CONFIGURE}),
    TemplateKind.LOG_LEVEL: frozenset({Action.CONFIGURE}),
}

LOG_LEVELS: frozenset[str] = frozenset({"trace", "debug", "info", "warn", "warning", "error", "critical"})

Bounds = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardFacts:
    """What is known of one change. Whatever is unknown keeps its default and fails its condition.

    `stages_passed` are evidence stages whose latest result passed for every artifact; `security` is the answer
    to that risk question; `deploys` whether it names an artifact; `starts_at` begins the slot. The fields after it are the change's `parameters` as people
    sent them: a value of the wrong type counts as unknown. `until` is a time with a zone, or its RFC 3339 text.
    """

    deploys: bool = True
    stages_passed: frozenset[str] = frozenset()
    has_migrations: bool = True
    bump: Bump | None = None
    release_approved: bool = False
    configuration_only: bool = False
    security: bool | None = None
    starts_at: datetime | None = None
    replicas: object = None
    certificate: object = ""
    process_attested: object = False
    level: object = ""
    until: object = None
    reason: object = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: `text` states it as it should be, `remedy` what to do when it is not so."""

    code: str
    text: str
    remedy: str
    check: Callable[[StandardFacts, Bounds], bool]


def _within_bounds(facts: StandardFacts, bounds: Bounds) -> bool:
    whole = isinstance(facts.replicas, int) and not isinstance(facts.replicas, bool)
    return whole and _between(bounds.get("replicas"), facts.replicas)


def _has_an_end(facts: StandardFacts, bounds: Bounds) -> bool:
    until = moment_of(facts.until)
    if facts.starts_at is None or until is None or until <= facts.starts_at:
        return False
    return "hours" not in bounds or _between(bounds["hours"], (until - facts.starts_at) / timedelta(hours=1))


def _between(bound: object, value: object) -> bool:
    match bound, value:
        case [int(least), int(most)], int(number) | float(number):
            return least <= number <= most
        case _:
            return False


def moment_of(value: object) -> datetime | None:
    """A parameter as a moment, given as one or in ISO 8601 with its offset; None for what is no moment of our days."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return within_reach(moment) if isinstance(moment, datetime) and moment.tzinfo is not None else None
    except ValueError:
        return None


def _written(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


FILE_NORMAL = "File it as a normal change."

# What is approved beforehand is the step, never a version that rides along with it.
NOTHING_DEPLOYED = Condition(
    "standard.nothing_deployed",
    "It names no artifact.",
    "Leave the artifacts out, or deploy them by a change of their own.",
    lambda facts, _: not facts.deploys,
)

CONDITIONS: dict[TemplateKind, tuple[Condition, ...]] = {
    TemplateKind.ROUTINE_DEPLOYMENT: (
        Condition(
            "standard.tests_passed",
            "The test stage has passed.",
            "Let the pipeline report a passing test stage for this artifact.",
            lambda facts, _: "test" in facts.stages_passed,
        ),
        Condition(
            "standard.no_migrations",
            "There are no database changes.",
            FILE_NORMAL,
            lambda facts, _: not facts.has_migrations,
        ),
        Condition(
            "standard.patch_or_approved_release",
            "It is a patch, or its release is approved.",
            "Have the release approved first, or file a normal change.",
            lambda facts, _: facts.bump == "patch" or facts.release_approved,
        ),
    ),
    TemplateKind.CONFIG_UPDATE: (
        Condition(
            "standard.configuration_only",
            "Only configuration or feature flags change.",
            FILE_NORMAL,
            lambda facts, _: facts.configuration_only,
        ),
        Condition(
            "standard.not_security",
            "It is answered that nothing security-related changes.",
            "Answer the security question; a security-related update is a normal change.",
            lambda facts, _: facts.security is False,
        ),
    ),
    TemplateKind.SCALE: (
        NOTHING_DEPLOYED,
        Condition(
            "standard.within_bounds",
            "The replicas are within the template's approved bounds.",
            "Choose a number of replicas within the bounds, or file a normal change.",
            _within_bounds,
        ),
    ),
    TemplateKind.CERTIFICATE_RENEWAL: (
        NOTHING_DEPLOYED,
        Condition(
            "standard.certificate_named",
            "The certificate is named.",
            "Give the certificate's name in the parameters.",
            lambda facts, _: _written(facts.certificate),
        ),
        Condition(
            "standard.process_attested",
            "It is attested that the standard process is followed.",
            "Attest the standard process, or file a normal change.",
            lambda facts, _: facts.process_attested is True,
        ),
    ),
    TemplateKind.LOG_LEVEL: (
        NOTHING_DEPLOYED,
        Condition(
            "standard.level_known",
            f"The level is one of {', '.join(sorted(LOG_LEVELS))}.",
            "Give a known log level in the parameters.",
            lambda facts, _: isinstance(facts.level, str) and facts.level.lower() in LOG_LEVELS,
        ),
        Condition(
            "standard.temporary",
            "It ends after it starts, within the template's bounds.",
            "Give an end (`until`) after the start and within the template's hours.",
            _has_an_end,
        ),
        Condition(
            "standard.documented",
            "A reason is written down.",
            "Give the reason in the parameters.",
            lambda facts, _: _written(facts.reason),
        ),
    ),
}


def conditions(kind: str) -> tuple[Condition, ...]:
    """The conditions of a template kind. Raises ValueError for a kind that §6.2 does not know."""
    return CONDITIONS[TemplateKind(kind)]


def holds(kind: str, facts: StandardFacts, bounds: Bounds) -> Decision:
    """Every condition of `kind` as a reason. Raises ValueError for an unknown kind.

    `bounds` are the template's, both ends inside: scale needs `{"replicas": [1, 20]}`, log-level may have
    `{"hours": [0, 24]}`. Bounds of another shape hold for nothing.
    """
    return decide(
        *(
            passed(condition.code, "§6.2", condition.text)
            if condition.check(facts, bounds)
            else failed(condition.code, "§6.2", f"Not so: {condition.text}", condition.remedy, bounds=dict(bounds))
            for condition in conditions(kind)
        )
    )
