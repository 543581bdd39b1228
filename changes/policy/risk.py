"""Risk of a change (§5.6): computed from facts and the seven answers. People may raise it, never lower it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from changes.states import RISK_ORDER, Risk
from cybercube_portal.catalog.versions import Bump
from cybercube_portal.decisions import Decision, Reason, decide, failed, passed

QUESTIONS: dict[str, str] = {
    "database_schema": "Database schema changes?",
    "breaking_api": "Breaking API changes?",
    "infrastructure": "Infrastructure changes?",
    "third_party": "Third-party integration changes?",
    "security": "Security-related changes?",
    "performance": "Performance-sensitive changes?",
    "customer_visible": "Customer-visible changes?",
}

Answers = tuple[tuple[str, bool | None], ...]


def answers_of(answers: Mapping[str, bool | None]) -> Answers:
    """The seven answers in the order of QUESTIONS, None where there is none."""
    return tuple((key, answers.get(key)) for key in QUESTIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskFacts:
    """What the portal knows of a change, and what people answered.

    `migration_kinds` holds `schema` and `data`; `raised_to` is the level people chose, if any.
    """

    bump: Bump | None = None
    migration_kinds: frozenset[str] = frozenset()
    breaking_commits: bool = False
    lint_failed: bool = False
    configuration_only: bool = False
    answers: Answers = ()
    raised_to: Risk | None = None

    def answer(self, question: str) -> bool | None:
        """True, False, or None while nobody answered."""
        return dict(self.answers).get(question)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One row of §5.6: this factor alone makes the change at least `level`. `question` is the answer it tells."""

    level: Risk
    text: str
    applies: Callable[[RiskFacts], bool | None]
    question: str = ""


@dataclass(frozen=True, slots=True)
class RiskAssessment:
    """`level` counts; `computed` is what facts and answers say; `factors` are sentences for people, `met` the rows behind them."""

    level: Risk
    computed: Risk
    factors: tuple[str, ...]
    met: tuple[Criterion, ...] = field(default=(), compare=False)


CRITERIA: tuple[Criterion, ...] = (
    Criterion(
        Risk.CRITICAL,
        "Breaking API changes",
        lambda facts: facts.breaking_commits or facts.answer("breaking_api"),
        "breaking_api",
    ),
    Criterion(Risk.CRITICAL, "Data migration", lambda facts: "data" in facts.migration_kinds, "database_schema"),
    Criterion(Risk.HIGH, "Major version", lambda facts: facts.bump == "major"),
    Criterion(
        Risk.HIGH,
        "Database schema changes",
        lambda facts: "schema" in facts.migration_kinds or facts.answer("database_schema"),
        "database_schema",
    ),
    Criterion(Risk.MEDIUM, "Minor version", lambda facts: facts.bump == "minor"),
    Criterion(Risk.MEDIUM, "Configuration changes", lambda facts: facts.configuration_only),
    Criterion(Risk.MEDIUM, "Infrastructure changes", lambda facts: facts.answer("infrastructure"), "infrastructure"),
    Criterion(Risk.MEDIUM, "Third-party integration changes", lambda facts: facts.answer("third_party"), "third_party"),
    Criterion(Risk.MEDIUM, "Security-related changes", lambda facts: facts.answer("security"), "security"),
    Criterion(Risk.LOW, "Patch version", lambda facts: facts.bump == "patch"),
    Criterion(Risk.LOW, "Performance-sensitive changes", lambda facts: facts.answer("performance"), "performance"),
    Criterion(Risk.LOW, "Customer-visible changes", lambda facts: facts.answer("customer_visible"), "customer_visible"),
)

ABSENT: dict[str, str] = {
    "database_schema": "No database changes",
    "breaking_api": "No breaking API changes",
    "infrastructure": "No infrastructure changes",
    "third_party": "No third-party integration changes",
    "security": "No security-related changes",
    "performance": "No performance-sensitive changes",
    "customer_visible": "No customer-visible changes",
}

OPEN_QUESTION = "risk.question_open"
LINT_FACTOR = "Migration lint fails: one level higher"


def higher(*levels: Risk) -> Risk:
    """The highest of the given levels."""
    return max(levels, key=RISK_ORDER.index)


def assess(facts: RiskFacts) -> RiskAssessment:
    """Level and factors. A choice below the computed level does not count (`is_complete` refuses it)."""
    met = [criterion for criterion in CRITERIA if criterion.applies(facts)]
    computed = higher(Risk.LOW, *(criterion.level for criterion in met))
    if facts.lint_failed:
        computed = RISK_ORDER[min(RISK_ORDER.index(computed) + 1, len(RISK_ORDER) - 1)]
    level = higher(computed, facts.raised_to or computed)

    told = {criterion.question for criterion in met}
    factors = [criterion.text for criterion in met]
    factors += [text for key, text in ABSENT.items() if facts.answer(key) is False and key not in told]
    if facts.lint_failed:
        factors.append(LINT_FACTOR)
    if level != computed:
        factors.append(f"Raised from {computed} to {level}")
    met.sort(key=lambda criterion: RISK_ORDER.index(criterion.level), reverse=True)
    return RiskAssessment(level, computed, tuple(factors), tuple(met))


def is_complete(facts: RiskFacts) -> Decision:
    """Every question answered, and the chosen level not below the computed one."""
    assessment = assess(facts)
    blockers = [_open_question(key) for key in QUESTIONS if facts.answer(key) is None]
    if facts.raised_to and higher(facts.raised_to, assessment.computed) != facts.raised_to:
        blockers.append(_below_computed(chosen=facts.raised_to, computed=assessment.computed))
    assessed = passed("risk.assessed", "§5.6", f"The risk is {assessment.level}.", level=assessment.level)
    return decide(*(blockers or [assessed]))


def told_together(reasons: Iterable[Reason], **details: str) -> tuple[Reason, ...]:
    """The same reasons for a reader: open questions are one, where the first stands, that names them all. `details` go with it."""
    found = tuple(reasons)
    open_ones = [reason for reason in found if reason.code == OPEN_QUESTION]
    if not open_ones:
        return found
    first, message = open_ones[0], open_ones[0].message
    if len(open_ones) > 1:
        names = " ".join(QUESTIONS[reason.details["question"]] for reason in open_ones)
        message = f"{len(open_ones)} of the seven risk questions are not answered: {names}"
        if len(open_ones) == len(QUESTIONS):
            message = f"None of the seven risk questions is answered: {names}"
    one = replace(first, message=message, details={**first.details, **details})
    return tuple(one if reason is first else reason for reason in found if reason not in open_ones[1:])


def is_outdated(assessed: Risk, facts: RiskFacts) -> Reason | None:
    """A failing reason when what became known since makes the risk higher than was assessed and signed; None otherwise."""
    computed = assess(facts).computed
    if higher(assessed, computed) == assessed:
        return None
    return failed(
        "risk.outdated",
        "§5.6",
        f"What was registered since makes the risk {computed}; it was assessed as {assessed}.",
        "Revise the change and submit it again: other approvers are asked then.",
        ("Requester",),
        assessed=assessed,
        computed=computed,
    )


def _open_question(key: str) -> Reason:
    return failed(
        OPEN_QUESTION,
        "§5.6",
        f"“{QUESTIONS[key]}” is not answered.",
        "Answer every question of the risk assessment.",
        question=key,
    )


def _below_computed(*, chosen: Risk, computed: Risk) -> Reason:
    return failed(
        "risk.below_computed",
        "§5.6",
        f"The risk is {computed} by the standard's table; people may raise it, never lower it to {chosen}.",
        f"Choose {computed} or higher, or correct the answers.",
        computed=computed,
        chosen=chosen,
    )


def prefill(
    *,
    bump: Bump | None,
    breaking_commits: bool,
    migration_kinds: frozenset[str],
    commit_types: frozenset[str] = frozenset(),
) -> dict[str, bool]:
    """Answers that a registered artifact gives by itself; what it cannot tell is left out, for people to answer.

    `commit_types` are Conventional Commit types (`feat`, `perf`, …).
    """
    answers = {"database_schema": bool(migration_kinds)}
    if breaking_commits or bump != "major":
        answers["breaking_api"] = breaking_commits
    if "perf" in commit_types:
        answers["performance"] = True
    if "feat" in commit_types:
        answers["customer_visible"] = True
    return {key: answers[key] for key in QUESTIONS if key in answers}
