"""Flags of the demo company, in every stage of §7.5: each went its way through the real actions."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from changes.actions.approvals import approve_change
from cybercube_portal.errors import MoveRefused
from cybercube_portal.people.selectors import actor_named
from flags.actions.carrying import carry_out_due_step
from flags.actions.facts import Count, Reference, count_usage, report_references
from flags.actions.flags import FlagPlan, create_flag
from flags.actions.segments import create_segment
from flags.actions.serving import Served, change_flag, kill_flag, ramp_flag
from flags.policy.ramps import Ramp
from flags.selectors.flags import get_served

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
BETA = [[{"attribute": "plan", "operator": "in", "value": ["beta", "staff"]}]]
COLOURS = ({"name": "control", "value": "one-page"}, {"name": "two-steps", "value": "two-steps"})


def load(*, now: datetime) -> None:
    """A handful of flags, their history, who asks for them and where code names them."""
    create_segment(
        slug="beta-testers", name="Beta testers", groups=BETA, actor=actor_named("alice"), now=now - 90 * DAY
    )
    _billing(now)
    _dashboard(now)
    _checkout(now)
    _operations(now)
    _ranking(now)
    _facts(now)


def _flag(key: str, by: str, service: str, at: datetime, **more: Any) -> None:
    plan = FlagPlan(key=key, type=key.partition("_")[0], service=service, **more)
    create_flag(plan=plan, actor=actor_named(by), now=at)


def _serve(key: str, environment: str, by: str, at: datetime, **changes: Any) -> Served | None:
    """A freeze of the company's year may lie over the day: then it stays as it was."""
    reason = changes.pop("reason", "")
    version = get_served(key, environment).version
    with suppress(MoveRefused):
        return change_flag(
            key=key,
            environment=environment,
            version=version,
            changes=changes,
            reason=reason,
            actor=actor_named(by),
            now=at,
        )
    return None


def _approved(served: Served | None, by: str, at: datetime) -> None:
    """Signed an hour later, carried out when its time has come."""
    if served is not None and served.step is not None and served.change:
        approve_change(number=served.change, actor=actor_named(by), now=at + HOUR)
        carry_out_due_step(step_id=served.step.pk, now=at + DAY)


def _everywhere_else(key: str, by: str, at: datetime, **changes: Any) -> None:
    for environment in ("dev", "stg"):
        _serve(key, environment, by, at, enabled=True, **changes)


def _billing(now: datetime) -> None:
    start = now - 70 * DAY
    _flag(
        "release_billing_v2",
        "alice",
        "billing-service",
        start,
        name="Billing v2",
        expires_at=now + 5 * DAY,
        owner="alice",
        description="The new calculation of taxes.",
    )
    _everywhere_else("release_billing_v2", "alice", start, rollout_percentage=100)
    _serve("release_billing_v2", "prd", "alice", start + 2 * DAY, enabled=True, rollout_percentage=5)
    _approved(
        _serve("release_billing_v2", "prd", "alice", start + 5 * DAY, enabled=True, rollout_percentage=100),
        "bob",
        start + 5 * DAY,
    )


def _dashboard(now: datetime) -> None:
    start = now - 12 * DAY
    _flag(
        "release_new_dashboard",
        "alice",
        "billing-service",
        start,
        name="New dashboard",
        client_visible=True,
        owner="alice",
        description="The dashboard with live figures.",
        tags=("frontend",),
    )
    _everywhere_else("release_new_dashboard", "alice", start, rollout_percentage=100)
    rule = {
        "description": "Beta testers first",
        "conditions": [{"operator": "segment", "value": ["beta-testers"]}],
        "variant": "on",
    }
    _approved(
        _serve("release_new_dashboard", "prd", "alice", start + DAY, enabled=True, rules=[rule], rollout_percentage=25),
        "bob",
        start + DAY,
    )


def _checkout(now: datetime) -> None:
    start = now - 9 * DAY
    _flag(
        "experiment_checkout_flow_v2",
        "quentin",
        "checkout-api",
        start,
        name="Checkout in two steps",
        value_type="string",
        variants=COLOURS,
        safe_variant="control",
        description="Do two steps sell more than one page?",
    )
    split = [{"variant": "control", "weight": 500}, {"variant": "two-steps", "weight": 500}]
    rule = {"conditions": [{"attribute": "country", "operator": "in", "value": ["DE", "AT", "CH"]}], "split": split}
    _everywhere_else("experiment_checkout_flow_v2", "quentin", start, rules=[rule])
    _serve("experiment_checkout_flow_v2", "prd", "quentin", now - 5 * HOUR, enabled=True, rules=[rule])


def _operations(now: datetime) -> None:
    start = now - 200 * DAY
    _flag("ops_rate_limit_strict", "nina", "api-service", start, name="Strict rate limit", safe_variant="on")
    _everywhere_else("ops_rate_limit_strict", "nina", start, default_variant="on")
    _serve("ops_rate_limit_strict", "prd", "nina", start, enabled=True, default_variant="on")
    _flag("ops_cache_enabled", "oscar", "search-api", start, name="Cache of results")
    _everywhere_else("ops_cache_enabled", "oscar", start, rollout_percentage=100)
    _approved(_serve("ops_cache_enabled", "prd", "oscar", start, enabled=True, rollout_percentage=100), "sybil", start)
    reason = "Stale results after the index moved."
    kill_flag(key="ops_cache_enabled", environment="prd", reason=reason, actor=actor_named("grace"), now=now - 3 * HOUR)
    _flag("permission_advanced_analytics", "vera", "auth-service", start, name="Advanced analytics")
    rule = {"conditions": [{"attribute": "plan", "operator": "in", "value": ["team", "enterprise"]}], "variant": "on"}
    _everywhere_else("permission_advanced_analytics", "vera", start, rules=[rule])


def _ranking(now: datetime) -> None:
    start = now - 3 * DAY
    _flag("release_semantic_ranking", "oscar", "search-api", start, name="Semantic ranking", owner="oscar")
    _everywhere_else("release_semantic_ranking", "oscar", start, rollout_percentage=50)
    with suppress(MoveRefused):
        ramp_flag(
            key="release_semantic_ranking",
            environment="prd",
            version=1,
            ramp=Ramp(),
            reason="All tests of stg are green.",
            actor=actor_named("oscar"),
            now=now - 2 * HOUR,
        )


def _facts(now: datetime) -> None:
    lines = [
        Reference("release_new_dashboard", "web/dashboard.py", 41),
        Reference("release_billing_v2", "billing/tax.py", 12),
        Reference("release_billing_v2", "billing/invoice.py", 87),
    ]
    report_references(
        repository="payments/billing-service",
        revision="a1b2c3d4",
        references=lines,
        actor=actor_named("ci-payments"),
        now=now - DAY,
    )
    keys = (
        "release_new_dashboard",
        "release_billing_v2",
        "experiment_checkout_flow_v2",
        "ops_cache_enabled",
        "release_nwe_dashboard",
    )
    count_usage(
        Count(
            environment="prd",
            key=key,
            variant=variant,
            app=app,
            count=weight * place * (7 + day % 5),
            at=now - day * DAY - HOUR,
        )
        for place, key in enumerate(keys, start=1)
        for variant, app, weight in (("on", "billing-service", 40), ("off", "billing-service", 110), ("off", "web", 25))
        for day in range(14)
    )
