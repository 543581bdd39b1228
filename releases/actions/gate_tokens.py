"""The token of an allow: a JWS that proves offline what the gate allowed, to whom, and until when."""

from __future__ import annotations

import math

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from cybercube_portal.audit.keys import sign_jws
from cybercube_portal.errors import PortalError
from releases.selectors.gate_log import Answer
from releases.states import GateOutcome

TYPE = "gate+jwt"
AUDIENCE = "cybercube-gate"


class CannotSign(PortalError):
    """The signing key cannot be read: without it nothing is allowed."""

    code = "gate.cannot_sign"


def sign_token(answer: Answer) -> str:
    """`""` unless the answer allows. Bound to everything that was judged; only the portal knows whether it was spent.

    Raises CannotSign.
    """
    if answer.outcome is not GateOutcome.ALLOW:
        return ""
    decided_at = int(answer.decided_at.timestamp())
    question = answer.question
    claims = {
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
    try:
        return sign_jws(claims, typ=TYPE)
    except (ImproperlyConfigured, OSError, ValueError) as fault:
        raise CannotSign("The portal's signing key cannot be read, so it allows nothing.") from fault
