"""What a rollback of a deployment would be: its target, method and driver, and what the rules say."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from changes.policy.scope import Action
from changes.selectors.changes import rollback_flag_of
from cybercube_portal.catalog.states import RollbackDriver
from cybercube_portal.decisions import Decision
from flags.selectors.flags import is_off, is_on
from releases.drivers.orders import Order
from releases.models import Deployment
from releases.policy.gate import Question
from releases.policy.rollback import RollbackFacts, driver_for, may_roll_back, method_for, methods_offered, trigger_of
from releases.selectors.deployments import STANDING, deployments, get_deployment, in_place, standing_there
from releases.selectors.incidents import is_corruption_reported
from releases.states import UNDER_WAY, DeploymentState, Method, RollbackMethod, Trigger

MOST_VERSIONS = 50
# A rollout that is under way is stopped by going back: a flag would leave it half done.
BY_FLAG: frozenset[DeploymentState] = frozenset(
    {DeploymentState.VERIFYING, DeploymentState.FAILED, DeploymentState.HEALTHY}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One way back. `target` is the healthy deployment whose version would run again, `decision` what the rules of §8 say.

    `flag` is the key of the one that takes it back, "" where the change names none that does: by that method nothing is deployed.
    `is_flag_off`: another rollback of the same change switched it off already.
    """

    deployment: Deployment
    target: Deployment | None
    trigger: Trigger
    method: RollbackMethod
    methods: tuple[RollbackMethod, ...]
    driver: RollbackDriver
    decision: Decision
    flag: str = ""
    is_flag_off: bool = False

    @property
    def is_flag(self) -> bool:
        """Whether a flag is switched off and nothing is deployed."""
        return self.method is RollbackMethod.FLAG

    @property
    def question(self) -> Question | None:
        """What the gate is asked; None without a target, and where nothing is deployed."""
        if self.target is None or self.is_flag:
            return None
        return Question.named(
            service=self.deployment.service.slug,
            version=self.target.version,
            environment=self.deployment.environment,
            action=Action.ROLLBACK,
            digest=self.target.digest,
        )


def plan_rollback(
    deployment: Deployment,
    *,
    trigger: Trigger | None = None,
    to_version: str = "",
    method: RollbackMethod | None = None,
    is_system: bool = False,
) -> Plan:
    """The way back from `deployment`, in three queries, or up to seven where its change names a flag; nothing is written."""
    slug, where = deployment.service.slug, deployment.environment
    own = RollbackDriver(deployment.service.rollback_driver)
    trigger = trigger or trigger_of(deployment.state)
    flag, is_flag_off = flag_of(deployment)
    chosen = method or method_for(
        trigger=trigger, deployed_by=Method(deployment.method), driver=own, has_flag=bool(flag)
    )
    offered = methods_offered(own, has_flag=bool(flag))
    standing = standing_there(service=slug, environment=where)
    target = target_of(deployment, to_version)
    facts = RollbackFacts(
        reference=deployment.reference,
        version=deployment.version,
        environment=where,
        standing=standing.reference if standing else "",
        is_rollback_running=deployment.is_rollback and deployment.state in UNDER_WAY,
        target=target.version if target else "",
        asked_for=to_version,
        trigger=trigger,
        method=chosen,
        offered=offered,
        is_system=is_system,
        is_corrupted=is_corruption_reported(deployment.reference),
        flag=flag,
        is_flag_off=is_flag_off,
    )
    return Plan(
        deployment=deployment,
        target=target,
        trigger=trigger,
        method=chosen,
        methods=offered,
        driver=driver_for(chosen, own),
        decision=may_roll_back(facts),
        flag=flag,
        is_flag_off=is_flag_off,
    )


def flag_of(deployment: Deployment) -> tuple[str, bool]:
    """The flag that its change names as its way back, and whether it is off already; "" for what is not rolled out yet, and for rollbacks.

    A flag that is off takes nothing back, unless a rollback of the same change switched it off under this deployment too.
    """
    if not deployment.change or deployment.is_rollback or deployment.state not in BY_FLAG:
        return "", False
    key, where = rollback_flag_of(deployment.change), deployment.environment
    if key and is_on(key, where):
        return key, False
    is_known = bool(key) and _is_switched_off_under(deployment, key) and is_off(key, where)
    return (key, True) if is_known else ("", False)


def behind_same_flag(deployment: Deployment) -> tuple[Deployment, ...]:
    """What else stands under its change there, and goes back when the flag that it names is switched off (§8.2). One query."""
    rows = standing_by_flag(deployment.change).filter(environment=deployment.environment)
    return tuple(rows.exclude(pk=deployment.pk).order_by("pk"))


def _is_switched_off_under(deployment: Deployment, key: str) -> bool:
    """Whether a rollback of its change switched the flag off there once it was rolled out; what came later came with the flag off."""
    if deployment.finished_at is None:
        return False
    by_flag = Deployment.objects.filter(rolls_back__change=deployment.change, rollback__flag=key)
    return by_flag.filter(environment=deployment.environment, created_at__gte=deployment.finished_at).exists()


def standing_by_flag(number: str) -> QuerySet[Deployment]:
    """What stands under a change and can go back by the flag that it names, while that is on there. One query."""
    there = Deployment.objects.filter(service=OuterRef("service"), environment=OuterRef("environment"))
    later = there.filter(state__in=STANDING, pk__gt=OuterRef("pk"))
    rows = deployments().filter(change=number, state__in=BY_FLAG).exclude(action=Action.ROLLBACK)
    return rows.filter(~Exists(later))


def target_of(deployment: Deployment, to_version: str = "") -> Deployment | None:
    """The healthy deployment there whose version would run again: the last of another version, or of the one named.

    After a rollback that failed it is the last healthy one whatever its version: the way back was cut, not the target bad.
    """
    others = _targets(deployment)
    return (others.filter(version=to_version) if to_version else others).first()


def healthy_versions(deployment: Deployment) -> tuple[str, ...]:
    """What it could go back to, the last one first. One query."""
    newest = _targets(deployment).values_list("version", flat=True)[:MOST_VERSIONS]
    return tuple(dict.fromkeys(newest))


def _targets(deployment: Deployment) -> QuerySet[Deployment]:
    healthy = in_place(service=deployment.service.slug, environment=deployment.environment).filter(
        state=DeploymentState.HEALTHY
    )
    if deployment.is_rollback and deployment.state == DeploymentState.FAILED:
        taken_back = deployment.rolls_back.version if deployment.rolls_back else ""
        return healthy.filter(~Q(version=taken_back), pk__lt=deployment.pk)
    return healthy.filter(~Q(version=deployment.version), pk__lt=deployment.pk)


def order_of(reference: str) -> tuple[Order | None, str]:
    """What the driver of a rollback is told, and the driver's name; None once it was handed over or is over. Raises NotFound."""
    rollback = get_deployment(reference)
    row, taken_back, service = rollback.rollback, origin_of(rollback), rollback.service
    if rollback.state != DeploymentState.RUNNING or row.handed_over_at is not None:
        return None, row.driver
    order = Order(
        reference=rollback.reference,
        service=service.slug,
        environment=rollback.environment,
        version=rollback.version,
        digest=rollback.digest,
        from_version=taken_back.version if taken_back else "",
        from_reference=taken_back.reference if taken_back else "",
        method=RollbackMethod(row.method),
        trigger=Trigger(row.trigger),
        reason=row.reason,
        config=service.rollback_config,
        hosts=tuple(service.allowed_hosts),
        started_at=rollback.started_at or rollback.created_at,
    )
    return order, row.driver


def falls_back(rollback: Deployment) -> bool:
    """Whether the system goes on by another method where this one did not help: it switched a flag off, and nobody else has taken over."""
    if not is_by_flag(rollback) or rollback.rolls_back is None:
        return False
    return rollback.rollback.is_automatic and rollback.rolls_back.state == DeploymentState.ROLLING_BACK


def is_by_flag(deployment: Deployment) -> bool:
    """Whether it is a rollback that deployed nothing and switched a flag off."""
    row = getattr(deployment, "rollback", None)
    return row is not None and row.method == RollbackMethod.FLAG


def origin_of(rollback: Deployment) -> Deployment | None:
    """The deployment that all this began with: a rollback that failed is taken back by the next one."""
    found = rollback.rolls_back
    while found is not None and found.is_rollback and found.rolls_back is not None:
        found = found.rolls_back
    return found


def last_rollback(deployment: Deployment) -> Deployment | None:
    """What takes it back in the end: one way back may lead on to the next, where the first did not help."""
    found, next_one = None, deployment.rollbacks.select_related("rollback").order_by("-id").first()
    while next_one is not None:
        found, next_one = next_one, next_one.rollbacks.select_related("rollback").order_by("-id").first()
    return found
