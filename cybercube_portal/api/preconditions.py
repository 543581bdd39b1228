"""Edits that name the version they were made from (RFC 9110 sections 8.8.3, 13.1.1 and 13.1.2)."""

from __future__ import annotations

from django.http import HttpRequest
from rest_framework.request import Request

from cybercube_portal.api.refusals import PreconditionRequired
from cybercube_portal.errors import Stale


def etag_of(version: int | str) -> str:
    """The strong ETag of `version`."""
    return f'"{version}"'


def names_tag(request: HttpRequest | Request, tag: str) -> bool:
    """Whether If-None-Match names `tag`, weakly or not: the reader has it already (RFC 9110 section 13.1.2)."""
    return is_named(request.headers.get("If-None-Match", ""), tag)


def is_named(sent: str, tag: str) -> bool:
    """The same of the header alone, for who answers without a request of Django's. `*` names whatever there is."""
    return sent.strip() == "*" or tag in {one.strip().removeprefix("W/") for one in sent.split(",")}


def require_if_match(request: HttpRequest | Request, version: int | str) -> None:
    """Call under the row's lock. `*` names no version and is refused like nothing at all.

    Raises PreconditionRequired (428) without If-Match, Stale (412) when it names other versions.
    """
    sent = request.headers.get("If-Match", "").strip()
    if sent in {"", "*"}:
        raise PreconditionRequired("Send If-Match with the ETag you read, so that nobody's edit is lost.")
    if etag_of(version) not in {tag.strip() for tag in sent.split(",")}:
        raise Stale("It has changed since you read it. Read it again, then repeat your edit.")
