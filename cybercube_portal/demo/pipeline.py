"""The story of one release from evidence to an automatic rollback (§3 to §8), told through the real parts.

`yesterday` is what people did, through the actions and a day before, so that the lead time has passed; everything after it is what
a pipeline does over REST, and what the portal's workers do by themselves.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from changes.actions.approvals import approve_change
from changes.actions.content import edit_change
from changes.policy.risk import QUESTIONS
from changes.selectors.changes import get_change
from cybercube_portal.catalog.actions.services import register_service
from cybercube_portal.demo.wire import Wire
from cybercube_portal.people.actors import OPERATOR
from cybercube_portal.people.selectors import actor_named
from releases.actions.checklist import tick_item
from releases.actions.release_content import ReleasePlan, open_release
from releases.actions.releases import submit_release
from releases.policy.contents import BEFORE_PRODUCTION, ITEMS

SERVICE, FIRST, SECOND = "story-shop", "v1.0.1", "v1.1.0"
SICK = 0.12
LEAD = timedelta(hours=25)
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where the story plays: the portal as the pipeline sees it, and the shop in both environments."""

    portal: Wire
    staging: Wire
    production: Wire


def register(*, staging: str, production: str, now: datetime) -> None:
    """The shop in the catalogue: where it is, what measures it, who rolls it back."""
    register_service(
        slug=SERVICE,
        fields={
            "name": "Story shop",
            "team": "payments",
            "urls": {"stg": staging, "prd": production},
            "metrics": {"error_rate": "shop_error_rate", "latency_p99": "shop_latency_p99_ms"},
            "rollback_driver": "webhook",  # type: ignore[typeddict-item]  # a StrEnum equals its text
            "rollback_config": {"url": f"{production}/roll_back", "secret": _secret()},
        },
        actor=OPERATOR,
        now=now,
    )


def yesterday(*, now: datetime) -> str:
    """Alice opened the release and its change, ticked what only people know; bob signed. Returns the release's reference."""
    then = now - LEAD
    alice, bob = actor_named("alice"), actor_named("bob")
    release = open_release(plan=ReleasePlan(service=SERVICE, version=SECOND), actor=alice, now=then)
    change = get_change(release.change)
    edit_change(
        number=change.number,
        version=change.version,
        changes={
            "description": "A new basket, behind the old address.",
            "answers": {**dict.fromkeys(QUESTIONS, False), "customer_visible": True},
            "impact": {"customers": "a new basket", "downtime": "none", "data": "none"},
            "rollback_plan": f"Go back to {FIRST}; nothing was migrated.",
            "scheduled_time": now - timedelta(minutes=5),
        },
        actor=alice,
        now=then,
    )
    submit_release(reference=release.reference, actor=alice, now=then)
    for item in ITEMS:
        if item.part in BEFORE_PRODUCTION and not item.is_fact:
            tick_item(reference=release.reference, item=item.key, ticked=True, actor=alice, now=then)
    approve_change(number=change.number, actor=bob, now=then)
    return release.reference


def today(stage: Stage, *, release: str, say: Say) -> str:
    """Both versions go their way; the second gets sick and is taken back. Returns the reference of the one taken back."""
    build(stage, FIRST, say=say)
    to_staging(stage, FIRST, say=say)
    to_production(stage, FIRST, say=say, template="routine-deployment")
    build(stage, SECOND, say=say)
    to_staging(stage, SECOND, say=say)
    stage.portal.until(f"releases/{release}/checklist/", lambda found: not found["open_items"])
    say(f"{release}: its checklist has nothing open before production (§5.3).")
    second = to_production(stage, SECOND, say=say)
    say(f"{release} is {stage.portal.get(f'releases/{release}/')['state']}.")
    stage.production.call("PUT", "/state", {"error_rate": SICK})
    say(f"The shop gets sick: {SICK:.0%} of its requests fail.")
    taken_back = stage.portal.until(f"deployments/{second}/", lambda found: found["state"] == "rolled_back")
    by = taken_back["rollback"]
    say(
        f"{second} was rolled back by the portal itself to {by['to_version']}, {by['method']} by {by['driver']} (§8.5)."
    )
    ended = stage.portal.get(f"releases/{release}/")
    say(f"{release} and {ended['change']} ended {ended['state'].replace('_', ' ')}.")
    # The notice is told by a worker, after the end that it tells of.
    stage.portal.until(f"deployments/{second}/", lambda found: bool(found["rollback"]["notice"]))
    return second


def build(stage: Stage, version: str, *, say: Say) -> None:
    """The pipeline registers what it built, and proves it (§3.6, §4.2)."""
    mark = hashlib.sha256(version.encode()).hexdigest()
    stage.portal.post(
        "artifacts/",
        {
            "service": SERVICE,
            "version": version,
            "digest": f"sha256:{mark}",
            "type": "container_image",
            "git_sha": mark[:40],
            "git_ref": f"refs/tags/{version}",
            "build_time": "2026-01-17T12:00:00Z",
            "build_number": "1",
            "builder": "story",
            "commits": [
                {"sha": mark[:40], "message": "feat(shop): a new basket", "committed_at": "2026-01-17T11:00:00Z"}
            ],
        },
    )
    for stage_name, summary in (("build", {}), ("test", {"coverage": 91.0}), ("scan", {"critical": 0, "high": 0})):
        prove(stage, version, stage_name, summary)
    say(f"{SERVICE}:{version} is registered, built, tested and scanned.")


def prove(stage: Stage, version: str, name: str, summary: dict[str, Any] | None = None) -> None:
    """One stage passed."""
    stage.portal.post(
        f"artifacts/{SERVICE}:{version}/evidence/", {"stage": name, "status": "passed", "summary": summary or {}}
    )


def to_staging(stage: Stage, version: str, *, say: Say) -> None:
    """Through the gate into staging, verified there, end-to-end tests reported."""
    deploy(stage, version, "stg", stage.staging, say=say)
    prove(stage, version, "e2e")
    say(f"{version}: the end-to-end tests passed in staging.")


def to_production(stage: Stage, version: str, *, say: Say, template: str = "") -> str:
    """Through the gate into production, verified there. Returns the deployment's reference."""
    return deploy(stage, version, "prd", stage.production, say=say, template=template)


def deploy(stage: Stage, version: str, environment: str, shop: Wire, *, say: Say, template: str = "") -> str:
    """Ask, start, roll out, finish, wait for the verdict."""
    question = {"service": SERVICE, "version": version, "environment": environment}
    answer = stage.portal.post("gate/decisions/", {**question, **({"template": template} if template else {})})
    if answer["decision"] != "allow":
        raise RuntimeError(answer["summary"])
    under = f" under {answer['change']}" if answer["change"] else ""
    say(f"The gate allows {version} in {environment}{under}.")
    reference = str(stage.portal.post("deployments/", {"decision": answer["token"], "method": "rolling"})["id"])
    shop.call("PUT", "/state", {"version": version})
    stage.portal.post(f"deployments/{reference}/finish/", {"status": "succeeded"})
    found = stage.portal.until(f"deployments/{reference}/", lambda one: one["state"] not in {"running", "verifying"})
    if found["state"] != "healthy":
        raise RuntimeError(f"{reference} is {found['state']}: {found}")
    checks = ", ".join(f"{check['kind']} {check['verdict']}" for check in found["verification"]["checks"])
    say(f"{reference}: {version} is healthy in {environment} ({checks}).")
    return reference


def _secret() -> str:
    return "whsec_" + base64.b64encode(hashlib.sha256(b"story").digest()).decode()
