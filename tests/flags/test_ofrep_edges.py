"""OFREP as clients, proxies and strangers misuse it: bodies in chunks, keys that are none, addresses and versions that were made up."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import httpx
import orjson
import pytest
from django.db import OperationalError
from prometheus_client import REGISTRY
from pytest_django import Settings

from cybercube_portal.people.keys import make_key
from flags.models import FlagEnvironment, FlagUsage, FlagVersion, UnknownFlag
from flags.ofrep import counting
from flags.ofrep import store as keeping
from flags.ofrep import streams as listeners
from flags.ofrep.answers import tag_of
from flags.ofrep.application import LARGEST, application
from flags.ofrep.store import STORE, Snapshot
from flags.ofrep.streams import stream
from tests.flags.servers import asgi_server

KEY = "release_new_dashboard"
BULK = "/ofrep/v1/evaluate/flags"
Evaluating = Callable[..., str]


@pytest.fixture
def asking(ofrep: str, evaluating: Evaluating) -> Any:
    with httpx.Client(base_url=ofrep, headers={"X-API-Key": evaluating("dev")}) as plain:
        yield plain


def in_chunks(body: bytes | BytesIO, *, path: str, key: str) -> tuple[str, Any]:
    """Status and body of a request whose length nobody said, as a server hands it on."""
    answered: list[str] = []

    def start(status: str, headers: Any, exc_info: Any = None, /) -> Callable[[bytes], object]:
        answered.append(status)
        return len

    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "HTTP_TRANSFER_ENCODING": "chunked",
        "HTTP_X_API_KEY": key,
        "wsgi.input": body if isinstance(body, BytesIO) else BytesIO(body),
    }
    parts = application(environ, start)
    return answered[0], orjson.loads(b"".join(parts))


def test_body__in_chunks__is_read_and_has_the_same_limit(ofrep: str, evaluating: Evaluating) -> None:
    key = evaluating("dev")
    sent = b'{"context":{"targetingKey":"user-9","plan":"pro"}}'
    status, shown = in_chunks(sent, path=f"{BULK}/{KEY}", key=key)
    assert (status, shown["value"], shown["reason"]) == ("200 OK", True, "TARGETING_MATCH")
    assert in_chunks(sent + b" " * LARGEST, path=BULK, key=key)[0].startswith("413")


def test_key__that_no_program_writes__is_unknown_and_loses_nobody_elses_counts(asking: httpx.Client) -> None:
    asking.post(f"{BULK}/ops_rate")
    for key, shown in (("a%00b", "a\0b"), ("na%C3%AFve", "naïve"), ("50%25", "50%"), ("%FF", "\ufffd")):
        answer = asking.post(f"{BULK}/{key}")
        assert (answer.status_code, answer.json()["errorCode"], answer.json()["key"]) == (404, "FLAG_NOT_FOUND", shown)
    STORE.write_counts()
    assert FlagUsage.objects.get().flag.key == "ops_rate"
    assert set(UnknownFlag.objects.values_list("key", flat=True)) == {"naïve", "50%", "\ufffd"}


def test_etag__of_another_environment__is_another(ofrep: str) -> None:
    written = {"version": 7, "flags": {}, "segments": {}}
    tags = {tag_of(Snapshot({**written, "environment": name}), {}, client=False, stream="") for name in ("dev", "prd")}
    assert len(tags) == 2
    here = Snapshot({**written, "environment": "dev"})
    tags |= {tag_of(here, {}, client=True, stream=""), tag_of(here, {}, client=False, stream="https://x/?token=2")}
    assert len(tags) == 4  # a browser sees less, and a new address of the stream has to reach who listens


def test_bulk__told_by_the_stream_in_any_way__is_never_304(asking: httpx.Client) -> None:
    tag = {"If-None-Match": asking.post(BULK).headers["ETag"]}
    assert asking.post(BULK, headers=tag).status_code == 304
    for query in ("flagConfigEtag=", "flagConfigEtag=soon", "flagConfigLastModified=1764000000"):
        assert asking.post(f"{BULK}?{query}", headers=tag).status_code == 200, query


def test_bulk__told_of_a_version_that_never_was__builds_nothing_anew(asking: httpx.Client) -> None:
    asking.post(BULK)
    known = STORE.snapshot("dev")
    assert asking.post(f"{BULK}?flagConfigEtag={10**14}").status_code == 200
    assert STORE.snapshot("dev") is known


def test_keys__made_up_by_the_thousand__give_nobody_a_new_budget(
    ofrep: str, evaluating: Evaluating, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MOST_STRANGERS", 2)
    key = evaluating("dev")
    known = STORE.caller(key)
    assert known is not None
    for _ in range(5):
        stranger = {"Authorization": f"Bearer {make_key().text}"}
        assert httpx.post(f"{ofrep}{BULK}/ops_rate", headers=stranger).status_code == 401
    again = STORE.caller(key)
    assert again is not None
    assert again.budget is known.budget


def test_key__behind_a_proxy_with_credentials_of_its_own__is_read(ofrep: str, evaluating: Evaluating) -> None:
    proxied = {"Authorization": "Basic dXNlcjpwYXNz", "X-API-Key": evaluating("dev")}
    assert httpx.post(f"{ofrep}{BULK}", headers=proxied).status_code == 200


def test_metadata__of_what_a_change_brought__names_the_change(ofrep: str, evaluating: Evaluating) -> None:
    number = FlagVersion.objects.exclude(change="").get().change
    for name, expected in (("prd", number), ("dev", None)):
        keyed = {"X-API-Key": evaluating(name)}
        shown = httpx.post(f"{ofrep}{BULK}/{KEY}", headers=keyed, json={"context": {"targetingKey": "user-1"}}).json()
        assert shown["metadata"].get("changeId") == expected


def test_definition__that_cannot_be_read__matches_nobody_and_is_counted(asking: httpx.Client) -> None:
    def counted() -> float:
        return REGISTRY.get_sample_value("portal_flag_problems_total", {"environment": "dev"}) or 0

    before, rows = counted(), FlagEnvironment.objects.filter(flag__key=KEY, environment="dev")
    content = rows.get().content
    content["rules"][0]["conditions"][0]["operator"] = "like"
    rows.update(content=content)
    answer = asking.post(f"{BULK}/{KEY}", json={"context": {"targetingKey": "user-1", "plan": "pro"}}).json()
    assert (answer["value"], counted()) == (False, before + 1)


def test_stream__asked_in_strange_ways__lets_browsers_read_the_answer(ofrep: str, settings: Settings) -> None:
    with asgi_server(stream) as url:
        settings.STREAM_URL = url
        told = listeners.announced("dev")
        with httpx.stream("GET", told, headers={"Last-Event-ID": "9" * 5000}, timeout=10) as listening:
            assert next(listening.iter_lines()) == "retry: 3000"
        assert httpx.post(told, timeout=10).status_code == 405
        preflight = httpx.options(told, timeout=10)
        assert (preflight.status_code, preflight.headers["Access-Control-Allow-Methods"]) == (204, "GET, OPTIONS")
        refused = httpx.get(told + "x")
        assert (refused.status_code, refused.headers["Access-Control-Allow-Origin"]) == (401, "*")
        assert refused.headers["Cache-Control"] == "no-store"


def test_counts__while_the_database_is_away__are_kept_as_numbers_and_written_later(
    asking: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_counts: object) -> None:
        raise OperationalError("away")

    with monkeypatch.context() as patched:
        patched.setattr(counting, "count_usage", away)
        asking.post(f"{BULK}/ops_rate")
        for number in range(5):
            asking.post(f"{BULK}/release_nobody_{number}")
        with pytest.raises(OperationalError):
            STORE.write_counts()
    monkeypatch.setattr(counting, "MOST_UNKNOWN", 5)
    for number in range(9):
        asking.post(f"{BULK}/release_nobody_{number}")
    asking.post(f"{BULK}/ops_rate")
    STORE.write_counts()
    assert FlagUsage.objects.get().count == 2
    assert dict(UnknownFlag.objects.values_list("key", "count")) == {
        f"release_nobody_{number}": 2 for number in range(5)
    }


def test_answer__that_fails__is_a_general_error_that_names_the_flag(ofrep: str, evaluating: Evaluating) -> None:
    class HungUp(BytesIO):
        def read(self, *_sizes: Any) -> bytes:
            raise OSError("gone")

    for path, named in ((f"{BULK}/{KEY}", {"key": KEY}), (BULK, {})):
        status, shown = in_chunks(HungUp(), path=path, key=evaluating("dev"))
        assert status == "500 Internal Server Error"
        assert shown == {**named, "errorCode": "GENERAL", "errorDetails": "The portal could not answer."}


def test_stream__in_the_course_of_time__beats_and_ends(
    ofrep: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners, "HEARTBEAT", 0)
    with asgi_server(stream) as url:
        settings.STREAM_URL = url
        with httpx.stream("GET", listeners.announced("dev"), timeout=10) as listening:
            lines = listening.iter_lines()
            assert [line for _ in range(4) if (line := next(lines))] == ["retry: 3000", ": still here"]
        monkeypatch.setattr(listeners, "LONGEST", 0)
        assert httpx.get(listeners.announced("dev"), timeout=10).text == "retry: 3000\n\n"
