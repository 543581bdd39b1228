"""OFREP as a WSGI callable of its own: `wsgi.py` hands it `/ofrep/` before Django sees the request. No database on this path."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import orjson
import structlog

from cybercube_portal.api import is_named
from flags.api.authentication import token_in
from flags.evaluation import FLAG_NOT_FOUND, Result
from flags.ofrep.answers import BadContext, bodies_of, body_of, context_of, tag_of
from flags.ofrep.store import STORE, Caller
from flags.ofrep.streams import announced

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

PREFIX = "/ofrep/"
BULK = "/ofrep/v1/evaluate/flags"
LARGEST = 1024 * 1024
WORDS = {200: "OK", 204: "No Content", 304: "Not Modified", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden"}
WORDS |= {
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
}
STATUS = {code: f"{code} {word}" for code, word in WORDS.items()}
JSON = ("Content-Type", "application/json")
# A browser's key is in its pages anyway; what it may see is decided by the key, not by where the page came from.
CORS = [("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", "ETag, Retry-After")]
KEPT_BY_NOBODY = [("Vary", "Authorization, X-API-Key"), ("Cache-Control", "private, no-cache")]
WITH_BODY = [*KEPT_BY_NOBODY, JSON]
PREFLIGHT = [
    ("Access-Control-Allow-Methods", "POST, GET, OPTIONS"),
    ("Access-Control-Allow-Headers", "content-type, authorization, x-api-key, if-none-match"),
    ("Access-Control-Max-Age", "86400"),
]
TOO_MANY = b'{"errorDetails":"This key asked too often. Ask again after Retry-After seconds."}'
BY_POST = b'{"errorDetails":"Evaluate by POST."}'
Answer = tuple[int, bytes, list[tuple[str, str]]]
log = structlog.get_logger(__name__)


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer one request below `/ofrep/`."""
    try:
        code, body, headers = _answer(environ)
    except Exception:
        log.exception("ofrep_failed")
        wrong = {"errorCode": "GENERAL", "errorDetails": "The portal could not answer."}
        key = _key(_path(environ))
        code, body, headers = 500, orjson.dumps({**({"key": key} if key else {}), **wrong}), []
    # Every request that a browser asks for somebody else's page names its origin (Fetch 3.2.5): what no browser reads is not sent.
    allowed = CORS if "HTTP_ORIGIN" in environ else ()
    if body:
        start_response(STATUS[code], [*WITH_BODY, ("Content-Length", str(len(body))), *headers, *allowed])
    else:
        start_response(STATUS[code], [*KEPT_BY_NOBODY, *headers, *allowed])
    return [body]


def _answer(environ: WSGIEnvironment) -> Answer:
    path = _path(environ)
    key = None if path == BULK else _key(path)
    if path != BULK and key is None:
        # A 404 would read as a missing flag (FLAG_NOT_FOUND) to every client.
        return _refused(400, f"There is nothing at {path}: evaluate at {BULK}[/{{key}}].", error_code="GENERAL")
    if environ["REQUEST_METHOD"] != "POST":
        is_preflight = environ["REQUEST_METHOD"] == "OPTIONS"
        return (204, b"", PREFLIGHT) if is_preflight else (405, BY_POST, [("Allow", "POST, OPTIONS")])
    return _evaluated(environ, key)


def _evaluated(environ: WSGIEnvironment, key: str | None) -> Answer:
    caller = STORE.caller(token_in(environ.get("HTTP_AUTHORIZATION", ""), environ.get("HTTP_X_API_KEY", "")))
    if caller is None:
        return 401, orjson.dumps({"errorDetails": "Send an API key that is valid."}), [("WWW-Authenticate", "Bearer")]
    if caller.reason:
        return 403, orjson.dumps({"errorDetails": caller.reason}), []
    wait = caller.budget.wait()
    if wait:
        # Whole seconds: a date makes one SDK raise and another wait for two thousand seconds.
        return 429, TOO_MANY, [("Retry-After", str(wait))]
    body = _body(environ)
    if body is None:
        return 413, orjson.dumps({"errorDetails": "The context is larger than 1 MiB."}), []
    return _bulk(environ, caller, body) if key is None else _single(key, caller, body)


def _body(environ: WSGIEnvironment) -> bytes | None:
    """What was sent, in one piece or in chunks, which say nowhere how long they are together; None when it is too large."""
    written = environ.get("CONTENT_LENGTH")
    if written or "HTTP_TRANSFER_ENCODING" not in environ:
        length = int(written or 0) if not written or written.isdigit() else LARGEST + 1
        return environ["wsgi.input"].read(length) if length <= LARGEST else None
    body = b""
    while len(body) <= LARGEST and (part := environ["wsgi.input"].read(LARGEST + 1 - len(body))):
        body += part
    return body if len(body) <= LARGEST else None


def _path(environ: WSGIEnvironment) -> str:
    """The path as its client wrote it: servers hand bytes on as Latin-1 (PEP 3333)."""
    path = str(environ.get("PATH_INFO", "")).rstrip("/")
    return path if path.isascii() else path.encode("latin-1", "replace").decode("utf-8", "replace")


def _key(path: str) -> str | None:
    rest = path.removeprefix(f"{BULK}/")
    return rest if rest != path and "/" not in rest else None


def _single(key: str, caller: Caller, body: bytes) -> Answer:
    try:
        context = context_of(body)
    except BadContext as error:
        return _refused(400, str(error), error_code="INVALID_CONTEXT", key=key)
    snapshot = STORE.snapshot(caller.environment)
    flag = snapshot.compiled.flags.get(key)
    if flag is None or (caller.client and not flag.client_visible):
        result = Result(error=FLAG_NOT_FOUND, detail=f"There is no flag {key:.100}.")
    else:
        result = snapshot.compiled.evaluate(key, context)
    if flag is not None or key.isprintable():
        # What no program writes into its code is nobody's unknown flag, and could not be stored.
        STORE.count(caller.environment, ((key[:100], result),))
    code = 200 if not result.error else 404 if result.error == FLAG_NOT_FOUND else 400
    return code, body_of(flag, key, result), []


def _bulk(environ: WSGIEnvironment, caller: Caller, body: bytes) -> Answer:
    try:
        context = context_of(body)
    except BadContext as error:
        return _refused(400, str(error), error_code="INVALID_CONTEXT")
    told = _told(environ.get("QUERY_STRING", ""))
    snapshot = STORE.snapshot_of(caller.environment, at_least=told or 0)
    stream = announced(caller.environment)
    tag = tag_of(snapshot, context, client=caller.client, stream=stream)
    had = environ.get("HTTP_IF_NONE_MATCH")
    # Who was told of a change wants the flags themselves, whatever validator still hangs on the request (protocol PR 84).
    if had and told is None and is_named(had, tag):
        return 304, b"", [("ETag", tag)]
    # Not counted: a browser fetches every flag, and nobody can tell from that which of them it uses.
    visible = snapshot.visible(client=caller.client)
    answers = snapshot.compiled.evaluate_all(visible, context)
    return 200, b"".join((b'{"flags":[', bodies_of(visible, answers), snapshot.ending(stream))), [("ETag", tag)]


def _told(query: str) -> int | None:
    """The version that a client heard of by the stream; None when it asks for itself, 0 when what it heard names none."""
    if "flagConfig" not in query:
        return None
    told = parse_qs(query).get("flagConfigEtag", [""])[0].strip('"').partition("-")[0]
    return int(told) if told.isdecimal() and len(told) < 16 else 0  # noqa: PLR2004 - no version has so many digits


def _refused(status: int, details: str, *, error_code: str, key: str | None = None) -> Answer:
    named = {} if key is None else {"key": key}
    return status, orjson.dumps({**named, "errorCode": error_code, "errorDetails": details}), []
