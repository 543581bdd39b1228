"""By hand: on-call is told what to type (§8.3) and says when it is done."""

from __future__ import annotations

from datetime import datetime

from releases.drivers.orders import Order, Progress, Report
from releases.states import RollbackMethod

_COMMANDS: dict[RollbackMethod, str] = {
    RollbackMethod.REDEPLOY: (
        "kubectl set image deployment/{service} {service}={image}\nkubectl rollout status deployment/{service} --timeout=5m"
    ),
    RollbackMethod.TRAFFIC: "Point the traffic of {service} in {environment} back to {version} ({digest}).",
    RollbackMethod.DATABASE_RESTORE: (
        "Stop the traffic of {service} in {environment}.\n"
        "Restore its last backup from before {from_reference} ({from_version}) was started.\n"
        "kubectl set image deployment/{service} {service}={image}\nkubectl rollout status deployment/{service} --timeout=5m\n"
        "Check the data, then let the traffic in again."
    ),
}


def carry_out(order: Order, *, now: datetime) -> Report:  # noqa: ARG001 - a driver's signature
    """Hand it over to on-call, who finishes the deployment when it is done."""
    return Report(Progress.HANDED_OVER, commands_for(order))


def commands_for(order: Order) -> str:
    """What to type, line by line: the service's own steps where it has some. The image is named by digest where one is known: tags move."""
    image = order.config.get("image", order.service)
    named = f"{image}@{order.digest}" if order.digest else f"{image}:{order.version}"
    if order.config.get("steps"):
        return (
            str(order.config["steps"]).replace("{version}", order.version).replace("{environment}", order.environment)
        )
    return _COMMANDS[order.method].format(
        service=order.service,
        environment=order.environment,
        version=order.version,
        digest=order.digest,
        from_version=order.from_version,
        from_reference=order.from_reference,
        image=named,
    )
