"""Which way back, who owns it, and whether it may be gone now (§8.1, §8.2, §8.5; R7, R18). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from cybercube_portal.catalog.states import RollbackDriver
from cybercube_portal.decisions import Decision, Reason, decide, failed, passed
from releases.states import DeploymentState, Method, RollbackMethod, Trigger


class Owner(StrEnum):
    """§8.5, third column."""

    SYSTEM = "System"
    ON_CALL = "On-call"
    INCIDENT_COMMANDER = "Incident commander"


class Scenario(NamedTuple):
    """One row of §8.5: what is done, and by whom."""

    action: str
    owner: Owner


MATRIX: dict[Trigger, Scenario] = {
    Trigger.ERROR_RATE: Scenario("Auto-rollback", Owner.SYSTEM),
    Trigger.HEALTH: Scenario("Auto-rollback", Owner.SYSTEM),
    Trigger.LATENCY: Scenario("Alert, investigate", Owner.ON_CALL),
    Trigger.VERIFICATION: Scenario("Prepare a rollback, manual decision", Owner.ON_CALL),
    Trigger.FUNCTIONALITY: Scenario("Investigate, manual rollback", Owner.ON_CALL),
    Trigger.CUSTOMER_REPORT: Scenario("Investigate, manual rollback", Owner.ON_CALL),
    Trigger.DATA_CORRUPTION: Scenario("Stop traffic, restore backup", Owner.INCIDENT_COMMANDER),
}


class Speed(NamedTuple):
    """A row of §8.2; `deadline` is how long the portal waits for it."""

    words: str
    deadline: timedelta


METHODS: dict[RollbackMethod, Speed] = {
    RollbackMethod.FLAG: Speed("Instant", timedelta(minutes=5)),
    RollbackMethod.TRAFFIC: Speed("Seconds", timedelta(minutes=30)),
    RollbackMethod.REDEPLOY: Speed("Minutes", timedelta(minutes=30)),
    RollbackMethod.DATABASE_RESTORE: Speed("Hours", timedelta(hours=24)),
}

# What each driver can carry out. A backup is restored by people: no machine decides about a customer's data (§8.5).
CARRIES: dict[RollbackDriver, frozenset[RollbackMethod]] = {
    RollbackDriver.WEBHOOK: frozenset({RollbackMethod.TRAFFIC, RollbackMethod.REDEPLOY}),
    RollbackDriver.KUBERNETES: frozenset({RollbackMethod.REDEPLOY}),
    RollbackDriver.MANUAL: frozenset(
        {RollbackMethod.TRAFFIC, RollbackMethod.REDEPLOY, RollbackMethod.DATABASE_RESTORE}
    ),
}


def owner_of(trigger: Trigger) -> Owner:
    """Who decides (§8.5)."""
    return MATRIX[trigger].owner


def trigger_of(state: str) -> Trigger:
    """Why it is probably rolled back, where nobody said: it failed its verification, or people saw that it does not work."""
    return Trigger.VERIFICATION if state == DeploymentState.FAILED else Trigger.FUNCTIONALITY


def methods_offered(driver: RollbackDriver, *, has_flag: bool = False) -> tuple[RollbackMethod, ...]:
    """The methods that work for a service with this driver, the fastest first; a flag that is on can be switched off."""
    carried = CARRIES[driver] | {RollbackMethod.DATABASE_RESTORE} | ({RollbackMethod.FLAG} if has_flag else set())
    return tuple(method for method in METHODS if method in carried)


def method_for(
    *, trigger: Trigger, deployed_by: Method, driver: RollbackDriver, has_flag: bool = False
) -> RollbackMethod:
    """§8.2 by circumstance: corrupted data are restored, a flag is switched off, blue-green shifts traffic back, everything else is redeployed."""
    if trigger is Trigger.DATA_CORRUPTION:
        return RollbackMethod.DATABASE_RESTORE
    if has_flag:
        return RollbackMethod.FLAG
    if deployed_by is Method.BLUE_GREEN and RollbackMethod.TRAFFIC in CARRIES[driver]:
        return RollbackMethod.TRAFFIC
    return RollbackMethod.REDEPLOY


def driver_for(method: RollbackMethod, driver: RollbackDriver) -> RollbackDriver:
    """The service's own driver if it can carry the method out, else people."""
    return driver if method in CARRIES[driver] else RollbackDriver.MANUAL


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackFacts:
    """What is known before a deployment is taken back.

    `standing` is the reference of what stands there ("" for nothing), `is_rollback_running` whether that is a rollback under
    way; `target` the version to go back to ("" when none was found), `asked_for` the one that was named.
    `is_corrupted`: its data were reported as corrupt, so that only people decide. `flag`: the key of the one that takes it back; `is_flag_off`: it is off
    already, by a rollback of the same change.
    """

    reference: str
    version: str
    environment: str
    standing: str
    is_rollback_running: bool
    target: str
    asked_for: str
    trigger: Trigger
    method: RollbackMethod
    offered: tuple[RollbackMethod, ...]
    is_system: bool
    is_corrupted: bool = False
    flag: str = ""
    is_flag_off: bool = False


def may_roll_back(facts: RollbackFacts) -> Decision:
    """Whether this is what stands there, there is somewhere to go back to, the method works, and the machine may do it."""
    return decide(*_reasons(facts))


def _reasons(facts: RollbackFacts) -> Iterable[Reason]:
    where = facts.environment
    if facts.is_rollback_running:
        message = f"{facts.reference} is itself a rollback under way."
        yield failed("rollback.under_way", "§8", message, "Wait until it has ended, or abort it.", (Owner.ON_CALL,))
    elif facts.reference != facts.standing:
        now_there = f"{facts.standing} stands there now" if facts.standing else "nothing stands there that could be"
        message = f"{facts.reference} is not what runs in {where}: {now_there}."
        yield failed("rollback.not_standing", "§8", message, "Roll back what stands there.", (Owner.ON_CALL,))
    yield _target(facts)
    if facts.method not in facts.offered:
        message = f"The method {facts.method.value} does not work for this service."
        remedy = f"Use {' or '.join(facts.offered)}."
        yield failed("rollback.method_not_offered", "§8.2", message, remedy, (Owner.ON_CALL,))
    if facts.is_system:
        yield from _automatic(facts)


def _automatic(facts: RollbackFacts) -> Iterable[Reason]:
    """What the machine may not decide."""
    if owner_of(facts.trigger) is not Owner.SYSTEM or facts.method is RollbackMethod.DATABASE_RESTORE:
        message = f"{facts.trigger.value} by {facts.method.value} is not for the system to decide."
        yield failed("rollback.not_automatic", "§8.5", message, "A person decides.", (owner_of(facts.trigger),))
    if facts.is_corrupted:
        message = f"Data were reported as corrupt since {facts.reference}."
        yield failed("rollback.corruption_reported", "§8.5", message, "A person decides.", (Owner.INCIDENT_COMMANDER,))


def _target(facts: RollbackFacts) -> Reason:
    where = facts.environment
    if facts.method is RollbackMethod.FLAG and facts.flag:
        message = (
            f"{facts.flag} is off in {where} already, by a rollback of the same change: what {facts.version} brought is gone."
            if facts.is_flag_off
            else f"{facts.flag} is on in {where}: switching it off takes back what {facts.version} brought."
        )
        return passed("rollback.flag", "§8.2", message)
    if facts.asked_for and facts.asked_for == facts.version and facts.target != facts.version:
        message = f"{facts.version} is what shall be taken back."
        return failed("rollback.target_is_itself", "§8.2", message, "Name another version.", (Owner.ON_CALL,))
    if facts.target:
        return passed("rollback.target", "§8.2", f"{facts.target} was healthy in {where} before.")
    if facts.asked_for:
        message = f"{facts.asked_for} was never healthy in {where}, or was taken back."
        remedy = "Leave the version out to go back to the last healthy one."
        return failed("rollback.target_not_proved", "§8.2", message, remedy, (Owner.ON_CALL,))
    message = f"No other version was healthy in {where}."
    return failed("rollback.no_target", "§8.2", message, "Fix forward.", (Owner.ON_CALL,))
