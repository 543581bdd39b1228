"""The Unleash-compatible subset, with Unleash's own client against a running server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from rest_framework.test import APIClient
from UnleashClient import UnleashClient  # type: ignore[attr-defined]
from UnleashClient.cache import FileCache
from yggdrasil_engine.engine import UnleashEngine  # type: ignore[import-untyped]

from cybercube_portal import clock
from flags.evaluation import Environment, text_of
from flags.models import FlagUsage, UnknownFlag
from flags.policy.unleash import features_of
from flags.selectors.flags import definitions
from tests.factories import changes as story
from tests.factories.flags import flag, served
from tests.factories.people import Cast
from tests.flags.servers import wsgi_server
from tests.flags.test_evaluation import TABLE

PEOPLE = [f"user-{number}" for number in range(300)]
COLOURS = ({"name": "red", "value": "r"}, {"name": "blue", "value": "b"})


def condition(attribute: str, operator: str, value: Any) -> dict[str, Any]:
    return {"attribute": attribute, "operator": operator, "value": value}


@pytest.fixture
def company(transactional_db: None, cast: Cast) -> None:
    story.service()
    now = clock.now()
    for key in ("release_a", "release_b", "release_c", "ops_kept"):
        flag(key, now=now, **({"safe_variant": "on"} if key == "ops_kept" else {}))
    flag("experiment_colour", now=now, value_type="string", variants=COLOURS)
    served("release_a", now=now, enabled=True, rollout_percentage=25)
    off = {"conditions": [condition("country", "in", ["US"])], "variant": "off"}
    on = {"conditions": [condition("plan", "eq", "pro"), condition("targetingKey", "percentage", 50)], "variant": "on"}
    served("release_b", now=now, enabled=True, rules=[off, on], rollout_percentage=10)
    served("release_c", now=now, enabled=True, rollout_percentage=0.5)
    split = {"conditions": [], "split": [{"variant": "red", "weight": 700}, {"variant": "blue", "weight": 300}]}
    served("experiment_colour", now=now, enabled=True, rules=[split])


@pytest.fixture
def client(company: None, key_of: Callable[..., str], tmp_path: Any) -> Iterator[UnleashClient]:
    with wsgi_server(WSGIHandler()) as address:
        made = UnleashClient(
            url=f"{address}/api/unleash",
            app_name="shop",
            custom_headers={"Authorization": key_of("ci-payments", environment="dev")},
            cache=FileCache("shop", directory=str(tmp_path)),
            refresh_interval=3600,
            metrics_interval=3600,
        )
        made.initialize_client()
        yield made
        made.destroy()


def test_client__of_unleash__answers_as_we_do_for_everybody(client: UnleashClient) -> None:
    ours = Environment(definitions("dev"))
    for who in PEOPLE:
        for more in ({}, {"plan": "pro"}, {"plan": "pro", "country": "US"}, {"country": "DE"}):
            theirs = {"userId": who, "properties": more}
            for key in ("release_a", "release_b"):
                assert client.is_enabled(key, theirs) is ours.evaluate(key, {"targetingKey": who, **more}).value, (
                    key,
                    who,
                    more,
                )
        colour = client.get_variant("experiment_colour", {"userId": who})
        assert colour["payload"]["value"] == ours.evaluate("experiment_colour", {"targetingKey": who}).value
    assert client.is_enabled("ops_kept") is True


def test_features__what_unleash_cannot_say__is_left_out_and_named(company: None) -> None:
    shown, left_out = features_of(definitions("dev"))
    assert left_out == ["release_c"]
    assert "release_c" not in {feature["name"] for feature in shown["features"]}


def definition(**more: Any) -> dict[str, Any]:
    plain = {"key": "release_x", "type": "release", "value_type": "boolean", "enabled": True, "salt": "release_x"}
    served_there = {"default_variant": "off", "off_variant": "off", "rollout_percentage": None, "rollout_variant": "on"}
    rest = {"bucket_by": "targetingKey", "rules": [], "prerequisites": [], "metadata": {"flagSetId": "global/dev"}}
    variants = [{"name": "on", "value": True}, {"name": "off", "value": False}]
    return {**plain, **served_there, **rest, "variants": variants, **more}


def engine_of(item: dict[str, Any]) -> UnleashEngine | None:
    """What all of Unleash's clients run; None where the flag is left out."""
    shown, left_out = features_of({"flags": {"release_x": item}, "segments": {}})
    engine = UnleashEngine()
    engine.take_state(json.dumps(shown))
    return None if left_out else engine


# Unleash's contexts hold texts: a number is one too, and a version has no v before it.
OTHERWISE = [("contains", "1", 123), ("semver_eq", "1.2.3", "v1.2.3")]


@pytest.mark.parametrize("variant", ["on", "off"])
@pytest.mark.parametrize(
    ("operator", "value", "actual"), [row[:3] for row in TABLE if not isinstance(row[2], list | dict)]
)
def test_condition__as_unleash_reads_it__answers_as_ours(operator: str, value: Any, actual: Any, variant: str) -> None:
    one = {"id": "r1", "conditions": [condition("plan", operator, value)], "variant": variant}
    item = definition(rules=[one], default_variant="on" if variant == "off" else "off")
    engine = engine_of(item)
    if engine is None:
        return
    ours = Environment({"flags": {"release_x": item}}).evaluate("release_x", {} if actual is None else {"plan": actual})
    properties = {} if actual is None else {"plan": text_of(actual)}
    theirs = engine.is_enabled("release_x", {"userId": "u", "properties": properties}).is_enabled
    assert theirs is (ours.value if (operator, value, actual) not in OTHERWISE else not ours.value)


def test_version__with_a_v__is_written_as_unleash_reads_versions() -> None:
    engine = engine_of(
        definition(rules=[{"id": "r1", "conditions": [condition("app", "semver_gt", "v1.2.0")], "variant": "on"}])
    )
    assert engine is not None
    assert engine.is_enabled("release_x", {"userId": "u", "properties": {"app": "1.10.0"}}).is_enabled


SPLIT = [{"variant": "red", "weight": 300}, {"variant": "blue", "weight": 700}]
SHARED: list[dict[str, Any]] = [
    {"rules": [{"id": "r1", "conditions": [], "split": SPLIT, "bucket_by": "tenant"}]},
    {"rules": [{"id": "r1", "conditions": [], "split": SPLIT}], "bucket_by": "tenant"},
    {"rules": [{"id": "r1", "conditions": [condition("tenant", "percentage", 50)], "split": SPLIT, "bucket_by": "tenant"}]},
    {"rollout_percentage": 50, "bucket_by": "tenant"},
    {"rollout_percentage": 100, "bucket_by": "tenant"},
]  # fmt: skip


@pytest.mark.parametrize("more", SHARED)
def test_values__shared_out_by_tenant__are_the_same_and_nobodys_where_no_tenant_is_named(more: dict[str, Any]) -> None:
    colours = [{"name": name, "value": name} for name in ("red", "blue", "green")]
    item = definition(
        value_type="string", variants=colours, default_variant="green", off_variant=None, rollout_variant="red"
    )
    item |= more
    engine, ours = engine_of(item), Environment({"flags": {"release_x": item}})
    assert engine is not None
    for number in range(100):
        tenant = {"tenant": f"t{number % 17}"} if number % 3 else {}
        theirs = engine.get_variant("release_x", {"userId": f"u{number}", "properties": tenant}).variant.payload[
            "value"
        ]
        assert theirs == ours.evaluate("release_x", {"targetingKey": f"u{number}", **tenant}).value, number


def test_values__shared_out_by_another_attribute_than_who_is_in__are_left_out() -> None:
    one = {"id": "r1", "conditions": [condition("tenant", "percentage", 50)], "split": SPLIT}
    colours = [{"name": name, "value": name} for name in ("red", "blue")]
    item = definition(value_type="string", variants=colours, default_variant="red", off_variant=None, rules=[one])
    assert engine_of({**item, "rollout_variant": "red"}) is None


def test_register__of_a_client__is_accepted_with_an_evaluation_key_alone(
    company: None, key_of: Callable[..., str]
) -> None:
    told = {
        "appName": "shop",
        "instanceId": "i1",
        "sdkVersion": "unleash-client-python:6",
        "strategies": [],
        "interval": 10,
    }
    for key, status in ((key_of("ci-payments", environment="dev"), 202), (key_of("alice", scopes=["flags"]), 401)):
        asking = APIClient(HTTP_AUTHORIZATION=key)
        assert asking.post("/api/unleash/client/register", told, format="json").status_code == status


def test_metrics__of_a_client__are_counted(client: UnleashClient) -> None:
    for who in PEOPLE[:10]:
        client.is_enabled("release_a", {"userId": who})
    client.is_enabled("release_nobody")
    client.destroy()
    assert sum(row.count for row in FlagUsage.objects.filter(flag__key="release_a", app="shop")) == 10
    assert UnknownFlag.objects.get().key == "release_nobody"
