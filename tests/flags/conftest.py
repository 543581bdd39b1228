from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from cybercube_portal import clock
from flags.ofrep.application import application
from flags.ofrep.store import STORE
from tests.factories import changes as story
from tests.factories.flags import flag, served
from tests.factories.people import Cast
from tests.flags.servers import wsgi_server
from tests.flags.serving_form import KEY


@pytest.fixture
def ofrep(transactional_db: None, cast: Cast) -> Iterator[str]:
    """The address of the portal's OFREP, for a company with a few flags in dev and prd."""
    story.service()
    now = clock.now()
    flag("release_new_dashboard", now=now, client_visible=True)
    flag(
        "ops_rate", now=now, value_type="float", variants=({"name": "one", "value": 1}, {"name": "half", "value": 0.5})
    )
    flag("experiment_colour", now=now, value_type="string", variants=({"name": "red", "value": "r"},))
    served("release_new_dashboard", "prd", now=now, enabled=True, rollout_percentage=5)
    for key, variant in (("ops_rate", "one"), ("experiment_colour", "red")):
        served(key, "dev", now=now, enabled=True, default_variant=variant)
    rule = {"conditions": [{"attribute": "plan", "operator": "eq", "value": "pro"}], "variant": "on"}
    served("release_new_dashboard", "dev", now=now, enabled=True, rules=[rule], rollout_percentage=5)
    with wsgi_server(application) as address:
        yield address
    STORE.stop()


@pytest.fixture
def evaluating(ofrep: str, key_of: Callable[..., str]) -> Callable[..., str]:
    """`evaluating("dev", client=False)`: a key that evaluates flags there."""

    def key(environment: str, *, client: bool = False) -> str:
        return key_of("ci-payments", environment=environment, client=client)

    return key


@pytest.fixture
def alice(cast: Cast, browser_session: Callable[[str], Client]) -> Client:
    """Her browser, where the flag KEY waits to be served."""
    story.service()
    flag(KEY, now=clock.now(), name="New dashboard")
    return browser_session("alice")
