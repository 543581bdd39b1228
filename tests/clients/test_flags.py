"""The Python client of flags against a running portal: evaluated here, refreshed behind, and never in anybody's way."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from openfeature import api as openfeature
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEvent
from openfeature.exception import ErrorCode
from pytest_django import Settings
from pytest_httpserver import HTTPServer

from cybercube_portal import clock
from flags.actions.serving import kill_flag
from flags.models import FlagUsage, UnknownFlag
from flags.ofrep.store import STORE
from flags.ofrep.streams import stream
from tests.clients.contract import CLIENTS
from tests.factories import changes as story
from tests.factories.flags import flag, served
from tests.flags.servers import asgi_server, wsgi_server

sys.path.insert(0, str(CLIENTS / "python" / "src"))
Flags: Any = import_module("cybercube.flags").Flags
CybercubeProvider: Any = import_module("cybercube.openfeature_provider").CybercubeProvider

KEY = "release_new_dashboard"
NOWHERE = "http://127.0.0.1:9"
DEFINITIONS, USAGE = "/api/v1/flags/definitions/", "/api/v1/flags/usage/"


@pytest.fixture
def address(transactional_db: None) -> Iterator[str]:
    """The portal, reached as programs reach it."""
    with wsgi_server(WSGIHandler()) as found:
        yield found


@pytest.fixture
def token(address: str, key_of: Callable[..., str]) -> Iterator[str]:
    """A server's key for dev, where one flag is on for the beta testers."""
    story.service()
    now = clock.now()
    flag(KEY, now=now)
    rule = {"attribute": "plan", "operator": "eq", "value": "beta", "result": True}
    served(KEY, now=now, enabled=True, rules=[rule])
    yield key_of("ci-payments", environment="dev")
    STORE.stop()


def until(look: Callable[[], Any]) -> None:
    last = time.monotonic() + 10
    while not look():
        assert time.monotonic() < last
        time.sleep(0.02)


def test_client__with_a_portal__answers_counts_and_hears_of_a_kill(
    address: str, token: str, settings: Settings
) -> None:
    with asgi_server(stream) as streams:
        settings.STREAM_URL = streams
        flags = Flags(address, token, refresh=300, app="shop")
        try:
            assert flags.wait_until_ready(10)
            assert flags.is_enabled(KEY, {"plan": "beta"}) is True
            assert flags.is_enabled(KEY, {"plan": "free"}) is False
            assert flags.value("release_nobody", {}, "mine") == "mine"
            kill_flag(key=KEY, environment="dev", reason="Errors", actor=story.actor("grace"), now=clock.now())
            until(lambda: not flags.is_enabled(KEY, {"plan": "beta"}, default=True))
        finally:
            flags.close()
    usage = FlagUsage.objects.filter(flag__key=KEY, app="shop")
    assert {row.variant for row in usage} == {"on", "off"}
    assert UnknownFlag.objects.get(key="release_nobody").app == "shop"


def test_client__portal_away__serves_the_last_known_good_and_then_the_bootstrap(
    address: str, token: str, tmp_path: Path
) -> None:
    kept, shipped = tmp_path / "kept.json", tmp_path / "shipped.json"
    online = Flags(address, token, keep=kept, start=False)
    assert online.refresh()
    assert online.refresh()
    assert "stream" not in json.loads(kept.read_text())
    shipped.write_text(json.dumps({"version": 1, "flags": {}}))
    for sources, expected in (
        ({"keep": kept, "bootstrap": shipped}, True),
        ({"bootstrap": shipped}, False),
        ({}, False),
    ):
        away = Flags(NOWHERE, token, start=False, **sources)
        assert away.refresh() is False
        assert away.is_enabled(KEY, {"plan": "beta"}) is expected
    kept.write_text("{")
    assert Flags(NOWHERE, token, keep=kept, start=False).is_enabled(KEY, default=True) is True


def test_client__portal_that_accepts_and_never_answers__is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        flags = Flags(f"http://127.0.0.1:{silent.getsockname()[1]}", "ccp_x")
        asked, _ = silent.accept()  # its thread hangs at this connection from now on
        with asked:
            assert flags.is_enabled(KEY, {"plan": "beta"}, default=True) is True
            assert flags.value(KEY, None, "mine") == "mine"
            assert flags.wait_until_ready(0) is False
    flags.close()


def test_client__strange_arguments__never_raise(address: str, token: str) -> None:
    flags = Flags(address, token, app="shop" * 99, start=False)
    flags.refresh()
    contexts: tuple[Any, ...] = (None, [], "x", {"plan": object()}, {"plan": {1, 2}}, {5: 6})
    for context in contexts:
        assert flags.is_enabled(KEY, context) is False
    keys: tuple[Any, ...] = (None, 5, [], {}, object(), "", " ", "a\0b", "x" * 100_000)
    for key in keys:
        assert flags.value(key, {}, "mine") == "mine"
    flags.send_counts()
    assert FlagUsage.objects.get(flag__key=KEY).count == len(contexts)
    assert Flags(None, None, start=False).refresh() is False
    with flags.override({KEY: True, "release_nobody": 5}):
        assert flags.is_enabled(KEY) is True
        assert flags.value("release_nobody", None, 0) == 5
    assert flags.is_enabled(KEY) is False


def test_provider__behind_openfeature__answers_with_reasons_and_codes(address: str, token: str) -> None:
    flags = Flags(address, token, start=False)
    flags.refresh()
    openfeature.set_provider(CybercubeProvider(flags))
    client = openfeature.get_client()
    told: list[Any] = []
    client.add_handler(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, told.append)
    found = client.get_boolean_details(KEY, False, EvaluationContext("user-1", {"plan": "beta"}))
    assert (found.value, found.variant, found.reason) == (True, "on", "TARGETING_MATCH")
    assert client.get_boolean_details("release_nobody", True).error_code == ErrorCode.FLAG_NOT_FOUND
    assert client.get_string_details(KEY, "mine").error_code == ErrorCode.TYPE_MISMATCH
    flag("release_second", now=clock.now())
    assert flags.refresh()
    assert [event.flags_changed for event in told] == [["release_second"]]
    openfeature.shutdown()


def test_client__sent_elsewhere__does_not_follow_with_its_token(portal: HTTPServer, elsewhere: HTTPServer) -> None:
    before = len(elsewhere.log)
    portal.expect_request(DEFINITIONS).respond_with_data(status=302, headers={"Location": elsewhere.url_for("/login")})
    assert Flags(portal.url_for(""), "ccp_x", start=False).refresh() is False
    assert len(elsewhere.log) == before


def test_client__counts_that_the_portal_refuses__are_not_sent_again_and_others_are(portal: HTTPServer) -> None:
    flags = Flags(portal.url_for(""), "ccp_x", start=False)
    for status, sent in ((503, 1), (400, 2), (204, 2)):
        portal.clear()
        portal.expect_request(USAGE).respond_with_data(status=status)
        flags.is_enabled("release_nobody")
        flags.send_counts()
        ((asked, _),) = portal.log
        assert asked.get_json()["counts"] == [{"flag": "release_nobody", "variant": "", "count": sent}], status
        if status == 400:
            flags.is_enabled("release_nobody")
    flags.send_counts()
    assert len(portal.log) == 1


FORKED = f"""
import os, sys, threading
from cybercube.flags import Flags
flags = Flags(os.environ["CYBERCUBE_PORTAL_URL"], "ccp_x", refresh=300)
assert flags.wait_until_ready(20)
flags.is_enabled("{KEY}")
child = os.fork()
if not child:
    threads = [thread.name for thread in threading.enumerate()].count("cybercube-flags")
    flags.is_enabled("{KEY}")
    flags.is_enabled("{KEY}")
    flags.close()
    os._exit(0 if threads == 2 else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_client__of_a_forked_process__goes_on_and_every_process_hands_its_counts_over_at_its_end(
    portal: HTTPServer, environment: dict[str, str]
) -> None:
    portal.expect_request(DEFINITIONS).respond_with_json({"version": 1, "flags": {}})
    portal.expect_request(USAGE).respond_with_data(status=204)
    done = subprocess.run(
        [sys.executable, "-c", FORKED], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    counted = [asked.get_json()["counts"] for asked, _ in portal.log if asked.path == USAGE]
    assert [rows[0]["count"] for rows in counted] == [2, 1]
