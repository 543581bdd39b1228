"""The token of an allow: a JWS that proves offline what the gate allowed, to whom, and until when."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from cybercube_portal.audit.keys import SignatureRefused, sign_jws, verify_jws
from cybercube_portal.errors import PortalError
from releases.selectors.gate_log import Answer
from releases.states import GateOutcome

TYPE = "gate+jwt"
AUDIENCE = "cybercube-gate"
# What a deployment is held to; the moments are judged by the decision itself.
BOUND = ("decision", "change", "service", "version", "digest", "environment", "action", "run")


class CannotSign(PortalError):
    """The signing key cannot be read: without it nothing is allowed."""

    code = "gate.cannot_sign"


def sign_token(answer: Answer) -> str:
    """`""` unless the answer allows. Bound to everything that was judged; only the portal knows whether it was spent.

    Raises CannotSign.
    """
    if answer.outcome is not GateOutcome.ALLOW:
        return ""
    try:
        return sign_jws(_claims(answer), typ=TYPE)
    except (ImproperlyConfigured, OSError, ValueError) as fault:
        raise CannotSign("The portal's signing key cannot be read, so it allows nothing.") from fault


def read_token(token: str) -> dict[str, Any]:
    """The claims of an allow's token, whose decision may have moved on since. Raises SignatureRefused."""
    claims = verify_jws(token, typ=TYPE)
    if claims.get("aud") != AUDIENCE:
        raise SignatureRefused("This token is for somebody else.")
    return claims


def differing_claims(answer: Answer, claims: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the bound claims that say something else than the decision does."""
    own = _claims(answer)
    return tuple(name for name in BOUND if claims.get(name) != own[name])


def _claims(answer: Answer) -> dict[str, Any]:
    decided_at = int(answer.decided_at.timestamp())
    question = answer.question
    return {
        "iss": settings.BASE_URL,
        "aud": AUDIENCE,
        "sub": question.words,
        "jti": str(answer.decision.pk),
        "iat": decided_at,
        "nbf": decided_at,
        "exp": math.floor(answer.judgement.valid_until.timestamp()),
        "decision": str(answer.decision.pk),
        "change": answer.change,
        "service": question.service,
        "version": question.version,
        "digest": answer.digest,
        "environment": question.environment,
        "action": question.action.value,
        "run": answer.decision.run or None,
    }
