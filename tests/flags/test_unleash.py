"""The Unleash-compatible subset, with Unleash's own client against a running server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from rest_framework.test import APIClient
from UnleashClient import UnleashClient  # type: ignore[attr-defined]
from UnleashClient.cache import FileCache

from cybercube_portal import clock
from flags.evaluation import Environment
from flags.models import FlagUsage, UnknownFlag
from flags.policy.unleash import features_of
from flags.selectors.flags import definitions
from tests.factories import changes as story
from tests.factories.flags import flag, served
from tests.factories.people import Cast
from tests.flags.servers import wsgi_server

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
