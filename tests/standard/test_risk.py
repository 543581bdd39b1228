"""§5.6: the release approval matrix and its seven questions."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changes.policy.risk import QUESTIONS, RiskFacts, answers_of, assess, is_complete, prefill
from changes.states import RISK_ORDER, Risk
from cybercube_portal.catalog.versions import Bump

ROWS = list(csv.DictReader((Path(__file__).parent / "risk.csv").read_text(encoding="utf-8").splitlines()))
BUMPS: dict[str, Bump] = {bump: bump for bump in get_args(Bump)}
ALL_NO = dict.fromkeys(QUESTIONS, False)


def answered(*yes: str) -> tuple[tuple[str, bool | None], ...]:
    return answers_of(ALL_NO | dict.fromkeys(yes, True))


def facts_of(row: dict[str, str]) -> RiskFacts:
    return RiskFacts(
        bump=BUMPS.get(row["bump"]),
        migration_kinds=frozenset(row["migrations"].split()),
        breaking_commits=bool(row["breaking_commits"]),
        lint_failed=bool(row["lint_failed"]),
        configuration_only=bool(row["configuration_only"]),
        answers=answered(*row["yes_answers"].split()),
        raised_to=Risk(row["raised_to"]) if row["raised_to"] else None,
    )


def test_questions__as_printed__are_the_seven_of_the_standard_in_its_order() -> None:
    assert QUESTIONS == {
        "database_schema": "Database schema changes?",
        "breaking_api": "Breaking API changes?",
        "infrastructure": "Infrastructure changes?",
        "third_party": "Third-party integration changes?",
        "security": "Security-related changes?",
        "performance": "Performance-sensitive changes?",
        "customer_visible": "Customer-visible changes?",
    }
    assert list(QUESTIONS) == [key for key, _ in answers_of({})]


@pytest.mark.parametrize("row", ROWS, ids=[row["section"] for row in ROWS])
def test_assess__every_row_of_the_table__has_the_level_written(row: dict[str, str]) -> None:
    assert assess(facts_of(row)).level == row["level"]


@pytest.mark.parametrize(
    ("facts", "factors"),
    [
        (
            RiskFacts(bump="patch", answers=answered()),
            (
                "Patch version",
                "No database changes",
                "No breaking API changes",
                "No infrastructure changes",
                "No third-party integration changes",
                "No security-related changes",
                "No performance-sensitive changes",
                "No customer-visible changes",
            ),
        ),
        (RiskFacts(bump="minor"), ("Minor version",)),
        (RiskFacts(), ()),
        (
            RiskFacts(migration_kinds=frozenset({"schema"}), answers=answers_of({"database_schema": False})),
            ("Database schema changes",),
        ),
        (
            RiskFacts(migration_kinds=frozenset({"data"}), answers=answers_of({"database_schema": False})),
            ("Data migration",),
        ),
        (
            RiskFacts(configuration_only=True, lint_failed=True, raised_to=Risk.CRITICAL),
            ("Configuration changes", "Migration lint fails: one level higher", "Raised from high to critical"),
        ),
    ],
)
def test_assess__facts_and_answers__are_told_in_sentences(facts: RiskFacts, factors: tuple[str, ...]) -> None:
    assert assess(facts).factors == factors


def test_is_complete__a_question_is_open__names_each_open_question() -> None:
    decision = is_complete(RiskFacts(answers=answers_of(ALL_NO | {"security": None, "performance": None})))

    assert [(reason.code, reason.details["question"]) for reason in decision.failures] == [
        ("risk.question_open", "security"),
        ("risk.question_open", "performance"),
    ]


def test_is_complete__no_answers_at_all__every_question_is_open() -> None:
    assert len(is_complete(RiskFacts()).failures) == 7


def test_is_complete__lowered_below_the_computed_level__is_refused() -> None:
    decision = is_complete(RiskFacts(bump="major", answers=answered(), raised_to=Risk.MEDIUM))

    (reason,) = decision.failures
    assert (reason.code, reason.section) == ("risk.below_computed", "§5.6")
    assert reason.details == {"computed": "high", "chosen": "medium"}
    assert not decision.allowed


@pytest.mark.parametrize("raised_to", [None, Risk.HIGH, Risk.CRITICAL])
def test_is_complete__answered_and_not_lowered__is_allowed(raised_to: Risk | None) -> None:
    decision = is_complete(RiskFacts(bump="major", answers=answered(), raised_to=raised_to))

    assert decision.allowed
    assert [reason.code for reason in decision.reasons] == ["risk.assessed"]


FACTS = st.builds(
    RiskFacts,
    bump=st.sampled_from([*BUMPS.values(), None]),
    migration_kinds=st.frozensets(st.sampled_from(["schema", "data"])),
    breaking_commits=st.booleans(),
    lint_failed=st.booleans(),
    configuration_only=st.booleans(),
    answers=st.fixed_dictionaries({key: st.sampled_from([True, False, None]) for key in QUESTIONS}).map(answers_of),
    raised_to=st.sampled_from([*Risk, None]),
)


@given(FACTS)
def test_assess__whatever_people_choose__never_goes_below_the_computed_level(facts: RiskFacts) -> None:
    assessment = assess(facts)

    assert RISK_ORDER.index(assessment.level) >= RISK_ORDER.index(assessment.computed)
    assert assessment.level in {assessment.computed, facts.raised_to}


@pytest.mark.parametrize(
    ("bump", "breaking", "kinds", "types", "answers"),
    [
        ("patch", False, set(), set(), {"database_schema": False, "breaking_api": False}),
        (
            "minor",
            False,
            {"schema"},
            {"feat"},
            {"database_schema": True, "breaking_api": False, "customer_visible": True},
        ),
        (
            "patch",
            False,
            set(),
            {"perf", "fix"},
            {"database_schema": False, "breaking_api": False, "performance": True},
        ),
        ("major", True, {"data"}, set(), {"database_schema": True, "breaking_api": True}),
        # A major version without a breaking commit: what breaks is for people to say.
        ("major", False, set(), set(), {"database_schema": False}),
        (None, False, set(), set(), {"database_schema": False, "breaking_api": False}),
    ],
)
def test_prefill__facts_of_an_artifact__answer_only_what_they_tell(
    *, bump: Bump | None, breaking: bool, kinds: set[str], types: set[str], answers: dict[str, bool]
) -> None:
    filled = prefill(
        bump=bump, breaking_commits=breaking, migration_kinds=frozenset(kinds), commit_types=frozenset(types)
    )

    assert filled == answers
    assert list(filled) == [key for key in QUESTIONS if key in answers]
