"""§6.2: the five pre-approved changes and their conditions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changes.policy.standard import StandardFacts, TemplateKind, conditions, holds

NOON = datetime(2026, 1, 17, 12, tzinfo=UTC)

# Each row of §6.2 as it goes ahead.
GOOD: dict[str, StandardFacts] = {
    "routine-deployment": StandardFacts(stages_passed=frozenset({"build", "test"}), has_migrations=False, bump="patch"),
    "config-update": StandardFacts(configuration_only=True, security=False),
    "scale": StandardFacts(deploys=False, replicas=5),
    "certificate-renewal": StandardFacts(deploys=False, certificate="api.cybercube.software", process_attested=True),
    "log-level": StandardFacts(
        deploys=False, level="debug", starts_at=NOON, until=NOON + timedelta(hours=2), reason="CC-5678"
    ),
}
BOUNDS: Mapping[str, object] = {"replicas": [2, 10], "hours": [0, 24]}


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        (  # All tests pass, no DB changes
            "routine-deployment",
            [
                "The test stage has passed.",
                "There are no database changes.",
                "It is a patch, or its release is approved.",
            ],
        ),
        (  # Non-security, feature flags
            "config-update",
            ["Only configuration or feature flags change.", "It is answered that nothing security-related changes."],
        ),
        (  # Within approved bounds
            "scale",
            ["It names no artifact.", "The replicas are within the template's approved bounds."],
        ),
        (  # Standard process
            "certificate-renewal",
            [
                "It names no artifact.",
                "The certificate is named.",
                "It is attested that the standard process is followed.",
            ],
        ),
        (  # Temporary, documented
            "log-level",
            [
                "It names no artifact.",
                "The level is one of critical, debug, error, info, trace, warn, warning.",
                "It ends after it starts, within the template's bounds.",
                "A reason is written down.",
            ],
        ),
    ],
)
def test_conditions__each_row_of_6_2__reads_as_the_standard(kind: str, texts: list[str]) -> None:
    assert [condition.text for condition in conditions(kind)] == texts


def test_conditions__kinds__are_the_five_rows() -> None:
    assert [kind.value for kind in TemplateKind] == list(GOOD)


@pytest.mark.parametrize("kind", GOOD)
def test_holds__every_condition_met__is_allowed_with_each_condition(kind: str) -> None:
    decision = holds(kind, GOOD[kind], BOUNDS)

    assert decision.allowed
    assert [reason.code for reason in decision.reasons] == [condition.code for condition in conditions(kind)]
    assert {reason.section for reason in decision.reasons} == {"§6.2"}


@pytest.mark.parametrize(
    ("kind", "change", "code"),
    [
        ("routine-deployment", {"stages_passed": frozenset({"build", "scan"})}, "standard.tests_passed"),
        ("routine-deployment", {"has_migrations": True}, "standard.no_migrations"),
        ("routine-deployment", {"bump": "minor"}, "standard.patch_or_approved_release"),
        ("routine-deployment", {"bump": "major"}, "standard.patch_or_approved_release"),
        ("routine-deployment", {"bump": None}, "standard.patch_or_approved_release"),
        ("config-update", {"configuration_only": False}, "standard.configuration_only"),
        ("config-update", {"security": True}, "standard.not_security"),
        ("config-update", {"security": None}, "standard.not_security"),
        ("scale", {"deploys": True}, "standard.nothing_deployed"),
        ("certificate-renewal", {"deploys": True}, "standard.nothing_deployed"),
        ("log-level", {"deploys": True}, "standard.nothing_deployed"),
        ("scale", {"replicas": 1}, "standard.within_bounds"),
        ("scale", {"replicas": 11}, "standard.within_bounds"),
        ("scale", {"replicas": None}, "standard.within_bounds"),
        ("scale", {"replicas": "5"}, "standard.within_bounds"),
        ("scale", {"replicas": True}, "standard.within_bounds"),
        ("scale", {"replicas": 5.5}, "standard.within_bounds"),
        ("certificate-renewal", {"certificate": "  "}, "standard.certificate_named"),
        ("certificate-renewal", {"certificate": ["api"]}, "standard.certificate_named"),
        ("certificate-renewal", {"process_attested": False}, "standard.process_attested"),
        ("certificate-renewal", {"process_attested": "no"}, "standard.process_attested"),
        ("log-level", {"level": "loud"}, "standard.level_known"),
        ("log-level", {"level": ""}, "standard.level_known"),
        ("log-level", {"level": 5}, "standard.level_known"),
        ("log-level", {"until": None}, "standard.temporary"),
        ("log-level", {"until": "soon"}, "standard.temporary"),
        ("log-level", {"until": "2026-01-17T14:00:00"}, "standard.temporary"),
        ("log-level", {"until": 1768658400}, "standard.temporary"),
        ("log-level", {"starts_at": None}, "standard.temporary"),
        ("log-level", {"until": NOON}, "standard.temporary"),
        ("log-level", {"until": NOON + timedelta(hours=24, seconds=1)}, "standard.temporary"),
        ("log-level", {"reason": " \n"}, "standard.documented"),
        ("log-level", {"reason": None}, "standard.documented"),
    ],
)
def test_holds__one_condition_is_not_met__fails_with_that_condition_alone(
    kind: str, change: dict[str, Any], code: str
) -> None:
    decision = holds(kind, replace(GOOD[kind], **change), BOUNDS)

    (reason,) = decision.failures
    assert reason.code == code
    assert reason.remedy


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("routine-deployment", {"bump": "minor", "release_approved": True}),
        ("routine-deployment", {"bump": None, "release_approved": True}),
        ("scale", {"replicas": 2}),
        ("scale", {"replicas": 10}),
        ("log-level", {"level": "WARNING"}),
        ("log-level", {"until": NOON + timedelta(hours=24)}),
        ("log-level", {"until": "2026-01-17T14:00:00Z"}),
    ],
)
def test_holds__at_the_edge__is_allowed(kind: str, change: dict[str, Any]) -> None:
    assert holds(kind, replace(GOOD[kind], **change), BOUNDS).allowed


@pytest.mark.parametrize("kind", ["scale", "log-level"])
@pytest.mark.parametrize("bound", [None, 10, [2], [1, 2, 3], ["2", "10"], {"min": 2, "max": 10}, "2-10", [None, 10]])
def test_holds__bounds_of_another_shape__hold_for_nothing(kind: str, bound: object) -> None:
    assert not holds(kind, GOOD[kind], {"replicas": bound, "hours": bound}).allowed


def test_holds__no_bounds__scale_is_refused_and_a_log_level_needs_only_an_end() -> None:
    assert not holds("scale", GOOD["scale"], {}).allowed
    assert holds("log-level", GOOD["log-level"], {}).allowed


@pytest.mark.parametrize("kind", list(GOOD))
def test_holds__nothing_is_known__every_condition_fails(kind: str) -> None:
    decision = holds(kind, StandardFacts(), {})

    assert len(decision.failures) == len(conditions(kind))


@given(st.text(max_size=20).filter(lambda text: text not in GOOD))
def test_holds__a_kind_the_standard_does_not_know__is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match="is not a valid TemplateKind"):
        holds(kind, StandardFacts(), {})
