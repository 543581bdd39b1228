"""Keys that evaluate flags: bound to an environment, `Authorization: Bearer …`, `X-API-Key: …`, or bare as Unleash's clients send it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from cybercube_portal import clock
from cybercube_portal.decisions import failed
from cybercube_portal.errors import Invalid, NotPermitted
from cybercube_portal.people import selectors as people
from cybercube_portal.people.scopes import Scope

if TYPE_CHECKING:
    from cybercube_portal.people.models import ApiKey, User


def token_in(authorization: str, api_key: str) -> str:
    """The token that a request's two headers carry; empty without one."""
    if authorization.startswith("Bearer "):
        return authorization[7:].strip()
    scheme, _, rest = authorization.strip().partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    # Another scheme is for whoever stands in front of the portal.
    bare = "" if rest else scheme
    return bare or api_key.strip()


class EvaluationKeyAuthentication(BaseAuthentication):
    """A key bound to an environment; any other credential is left to the other ways in."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        """The key's user and the key. Raises AuthenticationFailed for one that is not valid."""
        text = token_in(request.headers.get("Authorization", ""), request.headers.get("X-API-Key", ""))
        if not text.startswith("ccp_"):
            return None
        now = clock.now()
        key = people.live_key(text, now=now)
        if key is None:
            raise AuthenticationFailed("The API key is not known, has expired or was revoked.", "authentication.failed")
        if not key.environment:
            return None
        people.note_key_used(key, now=now)
        return key.user, key

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - the framework's signature
        """Makes a missing credential a 401 rather than a 403."""
        return 'Bearer realm="cybercube"'


def environment_for(request: Request, asked: str | None) -> str:
    """The environment whose definitions the caller may read: that of an evaluation key, else the one asked for.

    Raises NotPermitted for a browser's key or another environment than the key's, Invalid when none is named.
    """
    auth = request.auth
    bound = str(getattr(auth, "environment", "") or "")
    if bound:
        scopes = frozenset(getattr(auth, "scopes", ()))
        if getattr(auth, "client", False) or Scope.FLAGS_EVALUATE.value not in scopes or asked not in {None, bound}:
            raise NotPermitted(
                failed(
                    "flag.definitions_hidden",
                    "§7.4",
                    f"This key does not read the definitions of {asked or bound}.",
                    "Use a server's key of that environment: rules are not for browsers.",
                )
            )
        return bound
    if asked is None:
        raise Invalid.field("/environment", "environment.missing", "Say which environment: dev, stg or prd.")
    return asked


def environment_of_key(request: Request) -> str:
    """The environment of the evaluation key, of either kind, that the request came with. Raises NotPermitted for anything else."""
    environment = str(getattr(request.auth, "environment", "") or "")
    if not environment or Scope.FLAGS_EVALUATE.value not in getattr(request.auth, "scopes", ()):
        raise NotPermitted(
            failed(
                "key.evaluates_no_flags",
                "§7.4",
                "Only a key that is bound to an environment and evaluates flags opens this.",
                "Use a key issued with --environment.",
            )
        )
    return environment
