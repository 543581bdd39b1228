"""`Authorization: Bearer <token of the CI platform>`: the edge of `identity`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import APIException, AuthenticationFailed
from rest_framework.request import Request

from cybercube_portal import clock
from cybercube_portal.catalog import identity, jwks
from cybercube_portal.catalog.identity import CiIdentity

if TYPE_CHECKING:
    from cybercube_portal.people.models import User


class PlatformUnavailable(APIException):
    """503: the platform's keys cannot be read. Asking again later may help, unlike with a refused token."""

    status_code = 503


class CiTokenAuthentication(BaseAuthentication):
    """A pipeline proves itself with its platform's OIDC token. Stands before API keys, whose bearers it leaves alone."""

    def authenticate(self, request: Request) -> tuple[User, CiIdentity] | None:
        """The service account and the identity; None for any other credential. Raises AuthenticationFailed."""
        scheme, _, text = get_authorization_header(request).decode("latin-1").partition(" ")
        token = text.strip()
        if scheme.lower() != "bearer" or not identity.looks_like_token(token):
            return None
        try:
            found = identity.recognise(token, now=clock.now())
        except identity.TokenRefused as error:
            raise AuthenticationFailed(str(error), code=error.code) from error
        except jwks.KeysUnavailable as error:
            raise PlatformUnavailable(str(error), code=error.code) from error
        return found.account, found

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - the framework's signature
        """Makes a missing credential a 401 rather than a 403."""
        return 'Bearer realm="cybercube"'


def run_of(request: Request) -> Mapping[str, Any]:
    """The run {provider, id, attempt, url} that the caller's platform vouches for; empty for any other credential."""
    return request.auth.run if isinstance(request.auth, CiIdentity) else {}
