"""OFREP 0.3.0 as real clients meet it: the OpenFeature SDK with its provider, and the bytes that other clients rely on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from openfeature import api as openfeature
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason
from pytest_django import Settings

from cybercube_portal import clock
from cybercube_portal.people.actions import revoke_key
from cybercube_portal.people.actors import OPERATOR
from flags.actions.serving import kill_flag
from flags.models import FlagUsage, UnknownFlag
from flags.ofrep import streams as listeners
from flags.ofrep.store import STORE
from flags.ofrep.streams import stream
from tests.factories import changes as story
from tests.factories.flags import flag, served
from tests.flags.servers import asgi_server

KEY = "release_new_dashboard"
BULK = "/ofrep/v1/evaluate/flags"
PATIENCE = 30  # with a machine that has much else to do
Evaluating = Callable[..., str]


@pytest.fixture
def client(ofrep: str, evaluating: Evaluating) -> Iterator[OpenFeatureClient]:
    """OpenFeature's own client over its OFREP provider, in dev."""
    key = evaluating("dev")
    openfeature.set_provider(OFREPProvider(ofrep, headers_factory=lambda: {"Authorization": f"Bearer {key}"}))
    yield openfeature.get_client()
    openfeature.shutdown()


@pytest.fixture
def asking(ofrep: str, evaluating: Evaluating) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=ofrep, headers={"X-API-Key": evaluating("dev")}) as plain:
        yield plain


def eventually(look: Callable[[], Any], wanted: Any) -> None:
    """Waits until the snapshot has followed."""
    until = time.monotonic() + PATIENCE
    while look() != wanted:
        assert time.monotonic() < until, f"still {look()!r}"
        time.sleep(0.02)


def test_openfeature__each_type__is_answered_with_variant_and_reason(client: OpenFeatureClient) -> None:
    pro = client.get_boolean_details(KEY, False, EvaluationContext("user-9", {"plan": "pro"}))
    assert (pro.value, pro.variant, pro.reason) == (True, "on", Reason.TARGETING_MATCH)
    share = client.get_boolean_details(KEY, True, EvaluationContext("user-1"))
    assert (share.value, share.reason, share.error_code) == (False, Reason.SPLIT, None)
    number = client.get_float_details("ops_rate", 0.0)
    assert (number.value, number.reason, number.error_code) == (1.0, Reason.STATIC, None)
    assert client.get_string_value("experiment_colour", "none") == "r"
    assert pro.flag_metadata["flagSetId"] == "billing-service/dev"


def test_openfeature__what_cannot_be_answered__is_the_codes_default_with_the_right_code(
    client: OpenFeatureClient,
) -> None:
    unknown = client.get_boolean_details("release_nobody", True)
    assert (unknown.value, unknown.error_code) == (True, ErrorCode.FLAG_NOT_FOUND)
    nobody = client.get_boolean_details(KEY, True)
    assert (nobody.value, nobody.error_code) == (True, ErrorCode.TARGETING_KEY_MISSING)
    wrong = client.get_string_details(KEY, "mine", EvaluationContext("user-1"))
    assert (wrong.value, wrong.error_code) == ("mine", ErrorCode.TYPE_MISMATCH)


def test_openfeature__a_kill__reaches_the_client(client: OpenFeatureClient) -> None:
    pro = EvaluationContext("user-9", {"plan": "pro"})
    assert client.get_boolean_value(KEY, False, pro) is True
    kill_flag(key=KEY, environment="dev", reason="Errors", actor=story.actor("grace"), now=clock.now())
    eventually(lambda: client.get_boolean_details(KEY, True, pro).reason, Reason.DISABLED)
    assert client.get_boolean_value(KEY, True, pro) is False


def test_openfeature__switched_off_without_a_safe_value__serves_the_codes_default(client: OpenFeatureClient) -> None:
    served("experiment_colour", now=clock.now(), enabled=False)
    eventually(lambda: client.get_string_details("experiment_colour", "mine").reason, Reason.DISABLED)
    assert client.get_string_details("experiment_colour", "mine").value == "mine"


def test_single__context_left_out_in_any_way__is_nobody_in_particular(asking: httpx.Client) -> None:
    bodies = (b"", b"{}", b'{"context":{}}', b'{"context":null}', b'{"context":{"targetingKey":null}}')
    for path in (f"{BULK}/{KEY}", f"{BULK}/{KEY}/"):
        for body in bodies:
            answer = asking.post(path, content=body)
            assert (answer.status_code, answer.json()["errorCode"]) == (400, "TARGETING_KEY_MISSING"), body


def test_context__that_is_none__is_invalid(asking: httpx.Client) -> None:
    bodies = (b"{", b"[]", b'{"context":5}', b'{"context":{"targetingKey":5}}', b'{"context":{"a":NaN}}')
    for path in (BULK, f"{BULK}/{KEY}"):
        for body in bodies:
            answer = asking.post(path, content=body)
            assert (answer.status_code, answer.json()["errorCode"]) == (400, "INVALID_CONTEXT"), body
            assert answer.json()["errorDetails"]
            assert answer.json().get("key") == (KEY if path.endswith(KEY) else None)


def test_single__float__keeps_its_decimal_point(asking: httpx.Client) -> None:
    assert '"value":1.0' in asking.post(f"{BULK}/ops_rate").text


def test_refusals__have_the_form_that_clients_read(ofrep: str, evaluating: Evaluating, key_of: Evaluating) -> None:
    post = httpx.post
    assert post(f"{ofrep}{BULK}").status_code == 401
    assert post(f"{ofrep}{BULK}", headers={"Authorization": "Bearer ccp_x"}).json()["errorDetails"]
    plain = post(f"{ofrep}{BULK}", headers={"Authorization": f"Bearer {key_of('alice', scopes=['flags'])}"})
    assert (plain.status_code, "--environment" in plain.json()["errorDetails"]) == (403, True)
    keyed = {"Authorization": f"Bearer {evaluating('dev')}"}
    lost = post(f"{ofrep}/ofrep/v1/evaluate/flag", headers=keyed)
    assert (lost.status_code, lost.json()["errorCode"]) == (400, "GENERAL")
    missing = post(f"{ofrep}{BULK}/release_nobody", headers=keyed)
    assert (missing.status_code, missing.json()["key"], missing.json()["errorCode"]) == (
        404,
        "release_nobody",
        "FLAG_NOT_FOUND",
    )
    large = post(f"{ofrep}{BULK}", headers=keyed, content=b" " * (2**20 + 1))
    assert large.status_code == 413
    assert httpx.get(f"{ofrep}{BULK}", headers=keyed).status_code == 405


def test_key__that_asks_too_often__is_told_when_to_ask_again(
    ofrep: str, evaluating: Evaluating, settings: Settings
) -> None:
    settings.RATES = {**settings.RATES, "ofrep": 1}
    keyed = {"Authorization": f"Bearer {evaluating('dev')}", "Origin": "https://shop.example.com"}
    answers = [httpx.post(f"{ofrep}{BULK}/ops_rate", headers=keyed) for _ in range(20)]
    assert {answer.status_code for answer in answers} == {200, 429}
    # Not the last one: on a slow day a second goes by among them, and one is answered again.
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.headers["Retry-After"] == "1"
    assert refused.json()["errorDetails"]
    assert "Retry-After" in refused.headers["Access-Control-Expose-Headers"]
    other = {"Authorization": f"Bearer {evaluating('dev')}"}
    assert httpx.post(f"{ofrep}{BULK}/ops_rate", headers=other).status_code == 200


def test_key__revoked__is_refused_soon(asking: httpx.Client) -> None:
    assert asking.post(BULK).status_code == 200
    prefix = str(asking.headers["X-API-Key"]).split("_")[1]
    revoke_key(prefix=prefix, actor=OPERATOR, now=clock.now())
    eventually(lambda: asking.post(BULK).status_code, 401)


def test_client_key__sees_what_browsers_may_see(ofrep: str, evaluating: Evaluating) -> None:
    keyed = {"Authorization": f"Bearer {evaluating('dev', client=True)}"}
    shown = httpx.post(f"{ofrep}{BULK}", headers=keyed, json={"context": {"targetingKey": "user-1"}}).json()
    assert [row["key"] for row in shown["flags"]] == [KEY]
    hidden = httpx.post(f"{ofrep}{BULK}/ops_rate", headers=keyed, json={"context": {}})
    assert (hidden.status_code, hidden.json()["errorCode"]) == (404, "FLAG_NOT_FOUND")


def test_bulk__one_flag_that_cannot_be_answered__fails_no_other(asking: httpx.Client) -> None:
    rows = {row["key"]: row for row in asking.post(BULK, json={"context": {}}).json()["flags"]}
    assert rows[KEY]["errorCode"] == "TARGETING_KEY_MISSING"
    assert (rows["ops_rate"]["value"], rows["ops_rate"]["variant"], rows["ops_rate"]["reason"]) == (
        1.0,
        "one",
        "STATIC",
    )


def test_bulk__etag__follows_the_context_and_the_configuration(asking: httpx.Client) -> None:
    def ask(context: dict[str, Any], tag: str = "", query: str = "") -> httpx.Response:
        return asking.post(BULK + query, json={"context": context}, headers={"If-None-Match": tag} if tag else {})

    first = ask({"targetingKey": "user-1", "plan": "free", "colour": "blue"})
    tag = first.headers["ETag"]
    assert first.headers["Content-Type"] == "application/json"
    same = ask({"plan": "free", "targetingKey": "user-1", "colour": "red"}, f'W/"x", {tag}')
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", tag)
    assert ask({"targetingKey": "user-1", "plan": "pro"}, tag).status_code == 200
    assert ask({"targetingKey": "user-2", "plan": "free"}, tag).status_code == 200
    assert ask({"targetingKey": "user-1", "plan": "free"}, tag, "?flagConfigEtag=1").status_code == 200
    served("ops_rate", now=clock.now(), default_variant="half")
    eventually(lambda: ask({"targetingKey": "user-1", "plan": "free"}, tag).status_code, 200)


def test_bulk__told_of_a_newer_version__reads_it_at_once(asking: httpx.Client) -> None:
    version = asking.post(BULK).json()["metadata"]["version"]
    STORE._stopped.set()  # the watching thread has ended: only what the client was told can help
    served("ops_rate", now=clock.now(), default_variant="half")
    answer = asking.post(f"{BULK}?flagConfigEtag={version + 1}").json()
    assert answer["metadata"]["version"] == version + 1
    assert {row["key"]: row.get("value") for row in answer["flags"]}["ops_rate"] == 0.5


def test_cors__preflight_and_exposed_headers__let_browsers_in(ofrep: str) -> None:
    answer = httpx.options(
        f"{ofrep}{BULK}", headers={"Origin": "https://shop.example.com", "Access-Control-Request-Method": "POST"}
    )
    assert answer.status_code == 204
    assert set(answer.headers["Access-Control-Allow-Headers"].split(", ")) == {
        "content-type",
        "authorization",
        "x-api-key",
        "if-none-match",
    }
    assert answer.headers["Access-Control-Expose-Headers"] == "ETag, Retry-After"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_cors__of_an_answer__is_said_to_browsers(asking: httpx.Client) -> None:
    browser = asking.post(BULK, headers={"Origin": "https://shop.example.com"}).headers
    assert browser["Access-Control-Expose-Headers"] == "ETag, Retry-After"
    assert browser["Access-Control-Allow-Origin"] == "*"
    server = asking.post(BULK).headers
    assert not [name for name in server if name.startswith("access-control")]
    assert (server["Vary"], server["Cache-Control"]) == ("Authorization, X-API-Key", "private, no-cache")


def test_answers__are_counted_and_unknown_keys_kept_apart(asking: httpx.Client) -> None:
    for _ in range(3):
        asking.post(f"{BULK}/ops_rate")
    asking.post(f"{BULK}/release_nobody")
    STORE.write_counts()
    assert FlagUsage.objects.get(flag__key="ops_rate").count == 3
    assert UnknownFlag.objects.get().key == "release_nobody"


def test_stream__with_too_many_listeners_of_an_environment__refuses_more_of_them_and_nobody_elses(
    ofrep: str, evaluating: Evaluating, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners, "MOST_OPEN", 1)
    with asgi_server(stream) as url:
        settings.STREAM_URL = url
        with httpx.stream("GET", listeners.announced("dev"), timeout=PATIENCE) as first:
            # Held on to: lines that nobody reads any more end the listening.
            lines = first.iter_lines()
            assert next(lines) == "retry: 3000"
            refused = httpx.get(listeners.announced("dev"), timeout=PATIENCE)
            assert (refused.status_code, refused.json()["errorDetails"][:8]) == (503, "Too many")
            with httpx.stream("GET", listeners.announced("stg"), timeout=PATIENCE) as other:
                assert other.status_code == 200


def test_stream__after_a_change__tells_its_listeners(ofrep: str, evaluating: Evaluating, settings: Settings) -> None:
    with asgi_server(stream) as streams:
        settings.STREAM_URL = streams
        keyed = {"Authorization": f"Bearer {evaluating('dev')}"}
        announced = httpx.post(f"{ofrep}{BULK}", headers=keyed, timeout=PATIENCE).json()
        (told,) = announced["eventStreams"]
        assert told["type"] == "sse"
        assert evaluating("dev") not in told["url"]
        with httpx.stream("GET", told["url"], timeout=PATIENCE) as listening:
            lines = listening.iter_lines()
            assert (listening.headers["content-type"], next(lines)) == ("text/event-stream", "retry: 3000")
            flag("release_second", now=clock.now())
            event = [line for _ in range(5) if (line := next(lines))]
        version = announced["metadata"]["version"] + 1
        assert event[:2] == [f"id: {version}", "event: message"]
        assert event[2] == f'data: {{"type": "refetchEvaluation", "etag": "{version}"}}'
        with httpx.stream("GET", told["url"], headers={"Last-Event-ID": "1"}, timeout=PATIENCE) as again:
            assert any(line == f"id: {version}" for line in again.iter_lines())
        assert httpx.get(told["url"] + "x", timeout=PATIENCE).status_code == 401
