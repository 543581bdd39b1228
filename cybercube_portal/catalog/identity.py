"""Recognise a pipeline by the OIDC token of its platform (integrations.md C1).

Nothing of a token is believed before its signature, except whose key to check it with, and that has to be an issuer an
admin trusts. Time is the portal's clock, not the process's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jwt import PyJWS
from jwt.exceptions import PyJWTError

from cybercube_portal.catalog import jwks, selectors, trust_rules
from cybercube_portal.catalog.models import TrustedIdentity
from cybercube_portal.errors import NotAuthenticated
from cybercube_portal.people.actors import KeyFact
from cybercube_portal.people.scopes import Scope

if TYPE_CHECKING:
    from cybercube_portal.people.models import User

LONGEST = 8 * 1024
_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_JWS = PyJWS(algorithms=list(jwks.ALGORITHMS), options={"enforce_minimum_key_length": True})
_GITHUB_ISSUER = "https://token.actions.githubusercontent.com"


class TokenRefused(NotAuthenticated):
    """The token proves nothing here (401). `code` says which check it failed."""

    code = "token.refused"


@dataclass(frozen=True, slots=True)
class CiIdentity:
    """A pipeline that proved itself: `request.auth`. `run` {provider, id, attempt, url} as far as the platform says."""

    name: str
    issuer: str
    account: User
    key_fact: KeyFact
    run: Mapping[str, Any]

    @property
    def credential(self) -> str:
        """What its budget and its idempotency keys are counted by."""
        return f"catalog.trustedidentity:{self.name}"


def looks_like_token(text: str) -> bool:
    """Whether a bearer is a JWT in form, so that another kind of credential is not meant."""
    return bool(_FORM.fullmatch(text))


def recognise(text: str, *, now: datetime) -> CiIdentity:
    """Whose pipeline this token is. Raises TokenRefused, and KeysUnavailable when its keys cannot be read."""
    header, claims = _unverified(text)
    if header.get("alg") not in jwks.ALGORITHMS:
        raise TokenRefused(f"A token is signed with {' or '.join(jwks.ALGORITHMS)}.", code="token.algorithm")
    trusted = _trusted_by(claims.get("iss"))
    _verify(text, str(header.get("kid", "")), issuer=trusted[0].issuer, now=now)
    if not trust_rules.is_current(claims, now=now.timestamp()):
        raise TokenRefused("The token has expired, is not valid yet, or is older than an hour.", code="token.expired")
    return _identity(_match(trusted, claims), claims)


def _unverified(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    if len(text) > LONGEST:
        raise TokenRefused(f"A token is at most {LONGEST} characters long.", code="token.malformed")
    try:
        parts = _JWS.decode_complete(text, options={"verify_signature": False})
        claims = json.loads(parts["payload"])
    except (PyJWTError, ValueError, RecursionError) as error:
        raise TokenRefused("This is no JSON Web Token.", code="token.malformed") from error
    if not isinstance(claims, dict):
        raise TokenRefused("The token holds no claims.", code="token.malformed")
    return parts["header"], claims


def _trusted_by(issuer: object) -> list[TrustedIdentity]:
    trusted = selectors.live_identities(issuer=issuer) if isinstance(issuer, str) and issuer.isprintable() else []
    if not trusted:
        raise TokenRefused("Nobody from the token's issuer is trusted here.", code="token.issuer")
    return trusted


def _verify(text: str, kid: str, *, issuer: str, now: datetime) -> None:
    key = jwks.find_key(issuer=issuer, kid=kid, now=now)
    if key is None:
        raise TokenRefused("The token names a key that its issuer does not publish.", code="token.key_unknown")
    try:
        _JWS.decode_complete(text, key, algorithms=list(jwks.ALGORITHMS))
    except PyJWTError as error:
        raise TokenRefused("The token's signature is not its issuer's.", code="token.signature") from error


def _match(trusted: list[TrustedIdentity], claims: trust_rules.Claims) -> TrustedIdentity:
    """The one identity that pins most of what the token says; of two that pin as much, neither is meant."""
    ours = [row for row in trusted if claims.get("aud") == row.audience]
    if not ours:
        raise TokenRefused("The token was not made for this portal alone: see its aud.", code="token.audience")
    found = [row for row in ours if trust_rules.matches(row.claims, claims)]
    if not found:
        raise TokenRefused("No trusted identity has the token's claims.", code="token.claims")
    reviewed = [row for row in found if not trust_rules.is_unreviewed(row.claims, claims)]
    if not reviewed:
        raise TokenRefused("Code that nobody merged cannot speak for a service.", code="token.unreviewed")
    most = max(len(row.claims) for row in reviewed)
    closest = [row for row in reviewed if len(row.claims) == most]
    if len(closest) > 1:
        names = " and ".join(row.name for row in closest)
        raise TokenRefused(f"The token fits {names} equally: pin one claim more.", code="token.ambiguous")
    return closest[0]


def _identity(row: TrustedIdentity, claims: trust_rules.Claims) -> CiIdentity:
    return CiIdentity(
        name=row.name,
        issuer=row.issuer,
        account=row.account,
        key_fact=KeyFact(
            prefix=f"oidc:{row.name}",
            scopes=frozenset(Scope(scope) for scope in row.scopes),
            services=frozenset(row.services),
        ),
        run=_run(row, claims),
    )


def _run(row: TrustedIdentity, claims: trust_rules.Claims) -> dict[str, Any]:
    """The run as the platform names it: api.md's run{provider, id, attempt, url}, without what the token leaves out."""
    if trust_rules.platform_of(row.claims) is trust_rules.GITHUB:
        run = {"provider": "github", "id": claims.get("run_id"), "attempt": claims.get("run_attempt")}
        host = "github.com" if row.issuer == _GITHUB_ISSUER else urlsplit(row.issuer).netloc
        path = f"{claims.get('repository')}/actions/runs/{run['id']}/attempts/{run['attempt']}"
        url = f"https://{host}/{path}"
    else:
        run = {"provider": "gitlab", "id": claims.get("pipeline_id")}
        url = f"{row.issuer}/{claims.get('project_path')}/-/pipelines/{run['id']}"
    return {name: value for name, value in {**run, "url": url}.items() if value is not None}
