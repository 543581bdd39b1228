"""`cybercube verify-token`: what the portal signed, checked without asking the portal. Needs PyJWT."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

import jwt

from cybercube.exits import Refused, Unreachable
from cybercube.wire import Answer, exchange, read_object, web_address

# Only keys of which the verifier holds the public half: no "none", no shared secret that a reader could sign with.
ALGORITHMS = ("EdDSA", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512")
REQUIRED_CLAIMS = ("iss", "aud", "iat", "exp")
JWKS_SECONDS = 15.0


def read_jwks(source: str) -> Mapping[str, object]:
    """The key set in the file, or behind the address, `source`.

    Raises Unreachable when it cannot be had or read, UsageError for an address that is none.
    """
    if "://" in source:
        answer = exchange(web_address(source, name="--jwks"), headers={}, seconds=JWKS_SECONDS)
        if answer.status != HTTPStatus.OK:
            raise Unreachable(f"the key set answered {answer.status}")
        if answer.media_type == "application/jwk-set+json":
            answer = replace(answer, media_type="application/json")
    else:
        try:
            answer = Answer(HTTPStatus.OK, "application/json", 0.0, Path(source).read_bytes())
        except OSError as fault:
            raise Unreachable(f"the key set {source} cannot be read: {fault.strerror}") from None
    return read_object(answer, origin="the key set")


def verify_token(
    token: str, jwks: Mapping[str, object], *, issuer: str, audience: str, expected: Mapping[str, str]
) -> dict[str, Any]:
    """The claims of `token`, signed by a key of `jwks`, unexpired, and with every claim of `expected` as given.

    Raises Refused with the reason, Unreachable when `jwks` holds no usable key.
    """
    try:
        key = _signing_key(token, jwks)
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            issuer=issuer,
            audience=audience,
            options={"require": list(REQUIRED_CLAIMS)},
        )
    except jwt.PyJWKSetError as fault:
        raise Unreachable(f"the key set cannot be used: {fault}") from fault
    except jwt.PyJWTError as fault:
        raise Refused(f"the token is not valid: {fault}") from fault
    for name, value in expected.items():
        if claims.get(name) != value:
            raise Refused(f"the token is for another {name}: {claims.get(name)!r}, not {value!r}")
    return claims


def _signing_key(token: str, jwks: Mapping[str, object]) -> jwt.PyJWK:
    kid = jwt.get_unverified_header(token).get("kid")
    for key in jwt.PyJWKSet.from_dict(dict(jwks)).keys:
        if kid is not None and key.key_id == kid and key.algorithm_name in ALGORITHMS:
            return key
    raise Refused("the token is signed by a key that the key set does not hold")
