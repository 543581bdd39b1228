"""The portal's REST API as this client needs it: a bearer, JSON, and problem+json turned into an ending."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus

from cybercube.credentials import Bearer
from cybercube.decision import read_reasons
from cybercube.exits import Failure, NotAuthenticated, Refused, Unreachable, UsageError
from cybercube.wire import LARGEST_BODY, Answer, exchange, read_object

API = "/api/v1/"


@dataclass(frozen=True)
class Portal:
    """A portal at `url` (no last slash); `bearer` is asked before each request."""

    url: str
    bearer: Bearer

    def call(
        self,
        path: str,
        *,
        seconds: float,
        body: dict[str, object] | None = None,
        idempotency_key: str = "",
        method: str | None = None,
        largest: int = LARGEST_BODY,
        may_wait: bool = False,
    ) -> dict[str, object]:
        """POST `body` (or by `method`), or GET without one, to `path` below /api/v1/; the JSON object of a 200 or 201.

        `may_wait`: of a 202 too, which says what has to happen first; an answer that lets something through is never one.

        Raises NotAuthenticated (401, 403), UsageError (400, 422, and 404 for a thing that was named), Refused (409)
        and Unreachable for all the rest.
        """
        token = self.bearer()
        headers = {"Authorization": f"Bearer {token}"}
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        answer = exchange(
            self.url + API + path, headers=headers, seconds=seconds, body=body, method=method, largest=largest
        )
        # A server that repeats the credential in its answer must not make us print it.
        answer = replace(answer, body=answer.body.replace(token.encode(), b"***"))
        if answer.status in {HTTPStatus.OK, HTTPStatus.CREATED} or (may_wait and answer.status == HTTPStatus.ACCEPTED):
            return read_object(answer, origin="the portal", largest=largest)
        raise _failure(answer)


def _failure(answer: Answer) -> Failure:
    """The ending that a status that is not expected means (RFC 9457 members give the words)."""
    if HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
        return Unreachable(
            f"the portal's address redirects ({answer.status}): set CYBERCUBE_PORTAL_URL to where it leads"
        )
    try:
        problem: Mapping[str, object] = read_object(answer, origin="the portal")
    except Unreachable:
        problem = {}
    message = f"the portal answered {answer.status}{_words(problem)}"
    if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return NotAuthenticated(message)
    code = str(problem.get("code") or "")
    if answer.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}:
        return UsageError(message)
    # `request.not_found` is the address itself: no portal there, or another one.
    if answer.status == HTTPStatus.NOT_FOUND and code not in {"", "request.not_found"}:
        return UsageError(message)
    # The first of two equal questions is still being answered: ask again.
    if answer.status == HTTPStatus.CONFLICT and code != "idempotency.in_flight":
        return Refused(message)
    return Unreachable(message, retry_after=answer.retry_after)


def _words(problem: Mapping[str, object]) -> str:
    errors = problem.get("errors")
    parts = [problem.get("title"), problem.get("detail")]
    for error in errors if isinstance(errors, list) else []:
        if isinstance(error, dict):
            where = error.get("pointer") or error.get("field") or ""
            parts.append(f"{where} {error.get('detail') or error.get('message') or error.get('code') or ''}".strip())
    parts.extend(
        f"{reason.code} {reason.section} {reason.message} {reason.remedy}".strip()
        for reason in read_reasons(problem)
        if reason.outcome not in {"pass", "skipped"}
    )
    words = "; ".join(str(part) for part in parts if part)
    request_id = problem.get("request_id")
    return (f": {words}" if words else "") + (f" (request {request_id})" if request_id else "")
