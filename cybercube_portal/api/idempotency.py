"""Idempotency-Key: a POST sent twice takes effect once (draft-ietf-httpapi-idempotency-key-header).

The answer is kept in the transaction of its effect, for 24 hours, per credential and route. A refusal keeps no answer: the same key may
be sent again once the cause is gone. What an action kept before it refused stays kept (the gate's log), as without a key.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from cybercube_portal import clock
from cybercube_portal.api.callers import credential_of
from cybercube_portal.api.refusals import InFlight, KeyReused, Malformed
from cybercube_portal.errors import FieldError, PortalError
from cybercube_portal.models import KeptAnswer

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT_FOR = timedelta(hours=24)
SWEPT_AT_ONCE = 20
LONGEST_KEY = 255
FORM = re.compile(rf"[\x21-\x7e]{{1,{LONGEST_KEY}}}", re.ASCII)
FIRST_FAULT = 500

P = ParamSpec("P")
View = TypeVar("View")
Handler = Callable[Concatenate[View, Request, P], HttpResponse]


def idempotent(handler: Handler[View, P]) -> Handler[View, P]:
    """Decorate a REST view's `post`: with an Idempotency-Key it runs once, in a transaction with its kept answer."""
    return idempotent_hiding()(handler)


def idempotent_hiding(*members: str) -> Callable[[Handler[View, P]], Handler[View, P]]:
    """Like `idempotent` for an answer with secrets that are shown once: a replay has null in their place."""

    def decorate(handler: Handler[View, P]) -> Handler[View, P]:
        @wraps(handler)
        def post(view: View, request: Request, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            return answer_once(
                request,
                payload=request.data,
                now=clock.now(),
                effect=lambda: handler(view, request, *args, **kwargs),
                hidden=members,
            )

        post.takes_idempotency_key = True  # type: ignore[attr-defined]  # read by api.schema
        return post

    return decorate


def answer_once(
    request: HttpRequest | Request,
    *,
    payload: Any,  # noqa: ANN401 - any JSON
    now: datetime,
    effect: Callable[[], HttpResponse],
    hidden: tuple[str, ...] = (),
) -> HttpResponse:
    """Run `effect`, or give the answer it gave before; without an Idempotency-Key just run it.

    Raises Malformed (400) for a key of a wrong form, InFlight (409), KeyReused (422) and whatever `effect` raises.
    """
    key = key_of(request)
    if key is None:
        return effect()
    owner: dict[str, Any] = {
        "credential": credential_of(request),
        "route": f"{request.method} {request.path.rstrip('/')}",
        "key": key,
    }
    fingerprint = _fingerprint(payload, request.META.get("QUERY_STRING", ""))
    with transaction.atomic():
        if not _locked("\0".join(owner.values())):
            raise InFlight("The first request with this Idempotency-Key is still being worked on. Ask again shortly.")
        kept = KeptAnswer.objects.filter(**owner).first()
        if kept is not None and kept.created_at > now - KEPT_FOR:
            return _replay(kept, fingerprint)
        try:
            response = effect()
        except PortalError as error:
            refusal = error
        else:
            if response.status_code < FIRST_FAULT:
                fields = {"fingerprint": fingerprint, "created_at": now, **_kept(response, hidden)}
                KeptAnswer.objects.update_or_create(defaults=fields, **owner)
                _sweep(now)
            return response
    raise refusal


def key_of(request: HttpRequest | Request) -> str | None:
    """The request's Idempotency-Key, None without one. Raises Malformed for a key of a wrong form."""
    sent = request.headers.get(HEADER)
    if sent is None:
        return None
    key = sent.strip()
    if not FORM.fullmatch(key):
        message = "An Idempotency-Key has 1 to 255 visible ASCII characters."
        raise Malformed(
            message, code="idempotency.key_malformed", errors=[FieldError("", "idempotency.key_malformed", message)]
        )
    return key


def _fingerprint(payload: Any, query: str) -> str:  # noqa: ANN401 - any JSON
    canonical = json.dumps([payload, query], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _locked(name: str) -> bool:
    """Take the transaction's advisory lock on `name` without waiting."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        (taken,) = cursor.fetchone()
    return bool(taken)


def _replay(kept: KeptAnswer, fingerprint: str) -> HttpResponse:
    if kept.fingerprint != fingerprint:
        raise KeyReused("This Idempotency-Key was already sent with another body. Use a new key for a new request.")
    return HttpResponse(kept.body, status=kept.status, headers={**kept.headers, REPLAYED: "true"})


def _kept(response: HttpResponse, hidden: tuple[str, ...]) -> dict[str, Any]:
    headers = dict(response.headers)
    if isinstance(response, Response):
        headers["Content-Type"] = response.content_type or JSONRenderer.media_type
        data = {**response.data, **dict.fromkeys(hidden)} if hidden else response.data
        body = JSONRenderer().render(data)
    else:
        body = response.content
    return {"status": response.status_code, "headers": headers, "body": body.decode()}


def _sweep(now: datetime) -> None:
    """Forget a few answers that are over, so that the table stays as small as a day."""
    over = KeptAnswer.objects.filter(created_at__lte=now - KEPT_FOR).order_by("created_at")
    chosen = over.select_for_update(skip_locked=True).values_list("pk", flat=True)[:SWEPT_AT_ONCE]
    KeptAnswer.objects.filter(pk__in=list(chosen)).delete()
