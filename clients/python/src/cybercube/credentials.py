"""Who the pipeline is: an API key, or the OIDC token of its platform. Neither is ever printed."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Callable

from cybercube.exits import NotAuthenticated, Unreachable, UsageError
from cybercube.wire import exchange, read_object

ID_TOKEN_SECONDS = 10.0

Bearer = Callable[[], str]


def find_bearer(environ: Mapping[str, str], *, oidc: bool, audience: str) -> Bearer:
    """What gives the bearer credential for each request: the API key, or with `oidc` the platform's token.

    A key that is set wins. Raises UsageError for a key that cannot be read, NotAuthenticated when there is nothing.
    """
    key = environ.get("CYBERCUBE_API_KEY", "")
    key_file = environ.get("CYBERCUBE_API_KEY_FILE", "")
    if key and key_file:
        raise UsageError("set CYBERCUBE_API_KEY or CYBERCUBE_API_KEY_FILE, not both")
    if key_file:
        try:
            key = Path(key_file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as fault:
            raise UsageError(f"CYBERCUBE_API_KEY_FILE cannot be read: {type(fault).__name__}") from None
    if key or key_file:
        return _always(_token(key, name="the API key"))
    if not oidc:
        raise NotAuthenticated("no credential: set CYBERCUBE_API_KEY or CYBERCUBE_API_KEY_FILE, or give --oidc")
    if environ.get("CYBERCUBE_ID_TOKEN"):
        return _always(_token(environ["CYBERCUBE_ID_TOKEN"], name="CYBERCUBE_ID_TOKEN"))
    address = environ.get("ACTIONS_ID_TOKEN_REQUEST_URL", "")
    request_token = environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
    if not (address and request_token):
        raise NotAuthenticated(
            "--oidc: this job has no OIDC token (GitHub Actions: permissions: id-token: write; "
            "GitLab: id_tokens: CYBERCUBE_ID_TOKEN)"
        )
    # GitHub's token lives minutes, a wait may last longer: each request asks for its own.
    return lambda: _request_github_token(address, request_token=request_token, audience=audience)


def _request_github_token(address: str, *, request_token: str, audience: str) -> str:
    answer = exchange(
        f"{address}&audience={urllib.parse.quote(audience, safe='')}",
        headers={"Authorization": f"Bearer {_token(request_token, name='ACTIONS_ID_TOKEN_REQUEST_TOKEN')}"},
        seconds=ID_TOKEN_SECONDS,
    )
    if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise NotAuthenticated(f"GitHub refused an OIDC token ({answer.status}): permissions: id-token: write?")
    value = read_object(answer, origin="GitHub's token service").get("value")
    if answer.status != HTTPStatus.OK or not isinstance(value, str):
        raise Unreachable(f"GitHub's token service answered {answer.status} without a token")
    return _token(value, name="GitHub's OIDC token")


def _always(token: str) -> Bearer:
    return lambda: token


def _token(text: str, *, name: str) -> str:
    """`text` without outer white space; UsageError, which does not repeat it, unless a header can carry it."""
    token = text.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(f"{name} is empty or holds characters that no credential has")
    return token
