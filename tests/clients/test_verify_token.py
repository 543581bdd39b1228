"""`cybercube verify-token`: a decision's token checked offline, against the portal's public keys alone."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pytest_httpserver import HTTPServer

from tests.clients.contract import DIGEST, Command

KEY = Ed25519PrivateKey.generate()
STRANGER = Ed25519PrivateKey.generate()
ISSUER = "https://portal.example"
SECRET = "a secret that somebody published in the key set by mistake"


def public_half(key: Ed25519PrivateKey, *, kid: str) -> dict[str, Any]:
    return {**jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "alg": "EdDSA"}


def claims(**changes: object) -> dict[str, object]:
    now = int(time.time())
    fixed = {
        "iss": ISSUER,
        "aud": "cybercube-gate",
        "iat": now,
        "exp": now + 900,
        "jti": "018f3c1e",
        "service": "payments-api",
        "version": "v1.4.2",
        "environment": "prd",
        "digest": DIGEST,
        "change": "CR-2026-0117-001",
    }
    return {name: value for name, value in {**fixed, **changes}.items() if value is not None}


def signed(
    key: Ed25519PrivateKey | str = KEY, *, algorithm: str = "EdDSA", kid: str | None = "k1", **changes: object
) -> str:
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers={"kid": kid} if kid else None)


@pytest.fixture
def jwks(tmp_path: Path) -> str:
    shared = {"kty": "oct", "kid": "shared", "alg": "HS256", "k": base64.urlsafe_b64encode(SECRET.encode()).decode()}
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [public_half(STRANGER, kid="old"), shared, public_half(KEY, kid="k1")]}))
    return str(path)


WANTED = ("--service", "payments-api", "--version", "v1.4.2", "--environment", "prd", "--digest", DIGEST)


def test_verify__signed_by_the_portal__exits_0_with_the_claims(cybercube: Command, jwks: str) -> None:
    ran = cybercube("verify-token", signed(), "--jwks", jwks, "--issuer", ISSUER, *WANTED)

    assert ran.code == 0, ran.said
    assert json.loads(ran.out)["change"] == "CR-2026-0117-001"


def test_verify__token_on_standard_input__exits_0(cybercube: Command, jwks: str) -> None:
    assert cybercube("verify-token", "-", "--jwks", jwks, "--issuer", ISSUER, stdin=signed() + "\n").code == 0


def test_verify__keys_from_the_portal__exits_0(portal: HTTPServer, cybercube: Command, jwks: str) -> None:
    portal.expect_request("/.well-known/jwks.json").respond_with_data(
        Path(jwks).read_text(), content_type="application/jwk-set+json"
    )

    ran = cybercube("verify-token", signed(iss=portal.url_for("").rstrip("/")))

    assert ran.code == 0, ran.said
    assert "Authorization" not in portal.log[0][0].headers


@pytest.mark.parametrize(
    ("token", "said"),
    [
        (lambda: signed(STRANGER), "not valid"),
        (lambda: signed(STRANGER, kid="new"), "does not hold"),
        (lambda: signed(kid=None), "does not hold"),
        (lambda: signed(SECRET, algorithm="HS256", kid="shared"), "does not hold"),
        (lambda: signed("", algorithm="none"), "not valid"),
        (lambda: signed(SECRET, algorithm="HS256"), "not valid"),
        (lambda: signed(exp=int(time.time()) - 1), "expired"),
        (lambda: signed(exp=None), "exp"),
        (lambda: signed(iat=int(time.time()) + 600), "not yet valid"),
        (lambda: signed(iss="https://portal.elsewhere"), "issuer"),
        (lambda: signed(iss=None), "iss"),
        (lambda: signed(aud="another"), "udience"),
        (lambda: signed(aud=None), "aud"),
        (lambda: signed(service="search-api"), "service"),
        (lambda: signed(version="v1.4.3"), "version"),
        (lambda: signed(environment="stg"), "environment"),
        (lambda: signed(digest=None), "digest"),
        (lambda: signed()[:-8], "not valid"),
        (lambda: "no.token.at-all", "not valid"),
        (lambda: "nothing", "not valid"),
    ],
    ids=[
        "stranger", "unknown-kid", "no-kid", "shared-secret", "alg-none", "alg-swapped", "expired", "no-expiry", "future",
        "issuer", "no-issuer", "audience", "no-audience", "service", "version", "environment", "no-digest", "cut",
        "garbage", "word",
    ],
)  # fmt: skip
def test_verify__anything_else__exits_1_and_says_why(
    cybercube: Command, jwks: str, token: Callable[[], str], said: str
) -> None:
    ran = cybercube("verify-token", token(), "--jwks", jwks, "--issuer", ISSUER, *WANTED)

    assert ran.code == 1, ran.said
    assert said in ran.err
    assert ran.out == ""


@pytest.mark.parametrize("content", [None, "", "<html>", "[]", "{}", '{"keys": []}', '{"keys": [{"kty": "made-up"}]}'])
def test_verify__keys_that_cannot_be_read__exit_5(cybercube: Command, tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "keys.json"
    if content is not None:
        path.write_text(content)

    assert cybercube("verify-token", signed(), "--jwks", str(path), "--issuer", ISSUER).code == 5


def test_verify__keys_behind_a_login_page__exit_5(portal: HTTPServer, cybercube: Command) -> None:
    portal.expect_request("/.well-known/jwks.json").respond_with_data("<html>Log in</html>", content_type="text/html")

    assert cybercube("verify-token", signed()).code == 5


def test_verify__nothing_says_whose_token__exits_2(cybercube: Command, jwks: str) -> None:
    assert cybercube("verify-token", signed(), "--jwks", jwks, CYBERCUBE_PORTAL_URL=None).code == 2
