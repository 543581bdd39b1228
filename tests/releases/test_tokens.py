"""The token of an allow, verified by somebody who only has the key set."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest
from django.conf import settings
from django.test import Client

from changes.models import ChangeRequest
from cybercube_portal.audit import keys
from tests.releases.asking import DIGEST, SERVICE, VERSION, Ask

Hold = Callable[[datetime], datetime]
RUN = {"provider": "github", "id": "17", "attempt": 2, "url": ""}


def verified(token: str, **options: Any) -> dict[str, Any]:
    """As PyJWT reads it with nothing but /.well-known/jwks.json. Expiry is judged by the held clock in each test."""
    found = Client().get("/.well-known/jwks.json")
    assert found.headers["Content-Type"] == "application/jwk-set+json"
    header = jwt.get_unverified_header(token)
    assert header["typ"] == "gate+jwt"
    key = jwt.PyJWKSet.from_dict(found.json())[header["kid"]]
    claims: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=["EdDSA"],
        audience=options.pop("audience", "cybercube-gate"),
        issuer=settings.BASE_URL,
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False, "require": ["exp", "iat", "jti"]},
    )
    return claims


@pytest.fixture
def allowed(ask: Ask, approved: ChangeRequest, slot: datetime, clock_at: Hold) -> dict[str, Any]:
    clock_at(slot)
    return ask(run=RUN)


def test_token__verified_offline__is_bound_to_all_that_was_judged(
    allowed: dict[str, Any], approved: ChangeRequest, slot: datetime
) -> None:
    claims = verified(allowed["token"])
    assert claims["jti"] == claims["decision"] == allowed["id"]
    assert (claims["service"], claims["version"], claims["digest"]) == (SERVICE, VERSION, DIGEST)
    assert (claims["environment"], claims["action"], claims["change"]) == ("prd", "deploy", approved.number)
    assert claims["run"] == RUN
    assert claims["iat"] == claims["nbf"] == slot.timestamp()
    assert claims["exp"] == (slot + timedelta(minutes=15)).timestamp()


def test_token__a_changed_letter__verifies_no_more(allowed: dict[str, Any]) -> None:
    head, body, signature = allowed["token"].split(".")
    for forged in (f"{head}.{body[:-2]}AA.{signature}", f"{head}.{body}.{'A' * len(signature)}", f"{head}.{body}."):
        with pytest.raises(jwt.InvalidTokenError):
            verified(forged)


def test_token__for_another_audience__is_none(allowed: dict[str, Any]) -> None:
    with pytest.raises(jwt.InvalidAudienceError):
        verified(allowed["token"], audience="somebody-else")


def test_token__a_checkpoint_is_no_token__and_a_token_no_checkpoint(allowed: dict[str, Any]) -> None:
    with pytest.raises(keys.SignatureRefused):
        keys.verify_jws(allowed["token"], typ="checkpoint+jwt")


@pytest.mark.usefixtures("approved")
def test_token__ends_with_the_slot(ask: Ask, slot: datetime, clock_at: Hold) -> None:
    clock_at(slot + timedelta(minutes=80))
    body = ask()
    assert body["valid_until"] == "2026-01-15T13:30:00Z"
    assert verified(body["token"])["exp"] == (slot + timedelta(minutes=90)).timestamp()
