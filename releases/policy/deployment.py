"""How a deployment may be carried out and what may start it (§4.3, §4.5, R13; reliability.md section 3). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from changes.policy.scope import Action
from cybercube_portal.catalog.states import EnvironmentCode
from cybercube_portal.decisions import Decision, Reason, decide, failed, passed, pending
from cybercube_portal.errors import FieldError
from releases.states import GateOutcome, Method, Verdict

# §4.5, without the first 1 % that only its long form has (R13): weight in percent, then a pause.
DEFAULT_STEPS: tuple[dict[str, int], ...] = (
    {"weight": 5, "pause_seconds": 300},
    {"weight": 25, "pause_seconds": 600},
    {"weight": 50, "pause_seconds": 900},
    {"weight": 100, "pause_seconds": 0},
)
MOST_STEPS = 20
LONGEST_PAUSE = 24 * 60 * 60
WHOLE = 100

DEPLOYS: frozenset[Action] = frozenset({Action.DEPLOY, Action.ROLLBACK})


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendFacts:
    """What is known of the gate's decision that shall be spent. `run` is the CI run that asked, `asking_run` the one that starts.

    `token_differs` names claims of the token it came with that are not the decision's.
    """

    outcome: GateOutcome
    action: Action
    valid_until: datetime
    asked_by: str
    starter: str
    run: Mapping[str, Any]
    asking_run: Mapping[str, Any]
    spent_by: str = ""
    token_differs: tuple[str, ...] = ()


def may_spend(facts: SpendFacts, *, now: datetime, actions: frozenset[Action] = DEPLOYS) -> Decision:
    """An allow, still valid, of whoever starts and for the same run, that nothing was started by yet."""
    return decide(*_spend_reasons(facts, now, actions))


def _spend_reasons(facts: SpendFacts, now: datetime, actions: frozenset[Action]) -> Iterable[Reason]:
    ask_again = "Ask the gate again."
    if facts.outcome is not GateOutcome.ALLOW:
        yield failed("decision.not_allowed", "§4.2", f"The gate said {facts.outcome.value}.", ask_again)
    elif now >= facts.valid_until:
        yield failed(
            "decision.expired", "§4.2", f"The decision was valid until {facts.valid_until:%H:%M:%S} UTC.", ask_again
        )
    else:
        yield passed("decision.valid", "§4.2", "The gate allowed it, and that still holds.")
    if facts.token_differs:
        message = f"The token says another {', another '.join(facts.token_differs)} than the decision it names."
        yield failed("decision.token_differs", "§4.2", message, "Send the token of this very decision.")
    if facts.spent_by:
        yield failed("decision.spent", "§4.2", f"{facts.spent_by} was started with this decision.", ask_again)
    if facts.action not in actions:
        wanted = " or ".join(sorted(actions))
        message = f"The decision is for the action {facts.action.value}, not for {wanted}."
        yield failed("decision.other_action", "§4.2", message, f"Ask for {wanted}.")
    if facts.asked_by != facts.starter:
        message = f"The decision was asked for by {facts.asked_by}."
        yield failed("decision.other_caller", "§4.2", message, ask_again, (facts.asked_by,))
    if facts.run and facts.asking_run and not _is_same_run(facts.run, facts.asking_run):
        yield failed("decision.other_run", "§4.2", "The decision was asked for by another CI run.", ask_again)


def _is_same_run(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(str(one.get(name, "")) == str(other.get(name, "")) for name in ("provider", "id", "attempt"))


def is_method_allowed(method: Method, environment: str) -> Decision:
    """§4.3: recreate is for development."""
    if method is Method.RECREATE and environment != EnvironmentCode.DEV:
        message = f"Recreate stops the old before the new runs; it is for dev, not for {environment}."
        return decide(failed("deployment.recreate_outside_dev", "§4.3", message, "Use rolling, blue_green or canary."))
    return decide(passed("deployment.method", "§4.3", f"{method.value} may be used in {environment}."))


def wrong_steps(method: Method, steps: Iterable[Mapping[str, Any]]) -> list[FieldError]:
    """What is wrong with canary steps: weights climb to 100, pauses are 0 s to a day."""
    found = list(steps)
    if method is not Method.CANARY:
        return [FieldError("/steps", "deployment.steps_without_canary", "Only a canary has steps.")] if found else []
    errors = [
        FieldError(f"/steps/{index}/pause_seconds", "deployment.step_pause", "A pause is 0 to 86,400 seconds.")
        for index, step in enumerate(found)
        if not 0 <= step["pause_seconds"] <= LONGEST_PAUSE
    ]
    weights = [step["weight"] for step in found]
    climbs = all(low < high for low, high in pairwise(weights))
    if not climbs or not all(0 < weight <= WHOLE for weight in weights) or weights[-1:] not in ([], [WHOLE]):
        errors.append(FieldError("/steps", "deployment.step_weights", "Weights climb from above 0 to 100."))
    if len(found) > MOST_STEPS:
        errors.append(FieldError("/steps", "deployment.steps_too_many", f"At most {MOST_STEPS} steps."))
    return errors


def may_advance(*, step: Mapping[str, Any] | None, is_last: bool, stepped_at: datetime, now: datetime) -> Decision:
    """The step's pause is over and another step follows (§4.5)."""
    if step is None or is_last:
        return decide(failed("deployment.no_step_left", "§4.5", "There is no further step.", "Finish it."))
    waited = (now - stepped_at).total_seconds()
    if waited < step["pause_seconds"]:
        left = int(step["pause_seconds"] - waited) + 1
        message = f"The step at {step['weight']} % has {left} s left."
        return decide(pending("deployment.step_pause", "§4.5", message, "Wait until the pause is over."))
    return decide(passed("deployment.step_over", "§4.5", f"The step at {step['weight']} % is over."))


def is_step_good(judgements: Iterable[Mapping[str, Any]], *, step: int) -> Decision:
    """The last judgement of the step the canary is at lets it go on; a step nobody judged has nothing against it (§4.5)."""
    of_step = [judgement for judgement in judgements if judgement["step"] == step]
    if not of_step or of_step[-1]["verdict"] == Verdict.PASS:
        return decide()
    last = of_step[-1]
    message = f"Step {step + 1} was judged {last['verdict']}: {last['message']}"
    return decide(failed("deployment.step_not_good", "§4.5", message, "Abort it, or wait for a better judgement."))


def may_finish(*, steps: int, step: int) -> Decision:
    """A canary is finished at its last step."""
    if steps and step < steps - 1:
        message = f"The canary is at step {step + 1} of {steps}."
        return decide(failed("deployment.steps_left", "§4.5", message, "Advance it to its last step, or abort it."))
    return decide(passed("deployment.steps_done", "§4.5", "Everything was rolled out."))
