"""A CI platform of our own: an OpenID issuer with real keys on the loopback, and tokens like GitHub's and GitLab's."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import cache
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from pytest_httpserver import HTTPServer
from werkzeug import Response

AUDIENCE = "https://portal.cybercube.software"
REPOSITORY_ID = "4711"


@cache
def _rsa_key() -> rsa.RSAPrivateKey:
    """Made once in a run: finding its primes takes longer than a test."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def _ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


class Platform:
    """An issuer. `discovery` and `keys` are what it publishes; `requests` counts how often the keys were asked for."""

    def __init__(self, server: HTTPServer, *, rsa_key: rsa.RSAPrivateKey | None = None) -> None:
        self.server = server
        self.path = f"/{uuid4().hex}"
        self.issuer = server.url_for(self.path)
        self.rsa_key = rsa_key or _rsa_key()
        self.ec_key = _ec_key()
        self.keys: list[dict[str, Any]] = [
            {
                **RSAAlgorithm.to_jwk(self.rsa_key.public_key(), as_dict=True),
                "kid": "rsa-1",
                "use": "sig",
                "alg": "RS256",
            },
            {**ECAlgorithm.to_jwk(self.ec_key.public_key(), as_dict=True), "kid": "ec-1", "use": "sig"},
        ]
        self.discovery: Any = {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/jwks"}
        self._answer("/.well-known/openid-configuration", lambda: self.discovery)
        self._answer("/jwks", lambda: {"keys": self.keys})

    def _answer(self, path: str, value: Callable[[], Any]) -> None:
        handler = self.server.expect_request(f"{self.path}{path}")
        handler.respond_with_handler(lambda _request: Response(json.dumps(value()), content_type="application/json"))

    @property
    def requests(self) -> int:
        """How often somebody asked for the keys."""
        return sum(request.path == f"{self.path}/jwks" for request, _ in self.server.log)

    def claims(self, **changed: Any) -> dict[str, Any]:
        """What GitHub says of a job that deploys from main; None removes a claim."""
        issued = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": "repo:cybercube/billing-service:environment:prd",
            "jti": uuid4().hex,
            "iat": issued,
            "nbf": issued - 300,
            "exp": issued + 300,
            "repository": "cybercube/billing-service",
            "repository_id": REPOSITORY_ID,
            "repository_owner": "cybercube",
            "repository_owner_id": "99",
            "environment": "prd",
            "ref": "refs/heads/main",
            "ref_protected": "true",
            "job_workflow_ref": "cybercube/billing-service/.github/workflows/deploy.yml@refs/heads/main",
            "event_name": "push",
            "runner_environment": "github-hosted",
            "run_id": "10001",
            "run_attempt": "2",
            **changed,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def gitlab_claims(self, **changed: Any) -> dict[str, Any]:
        """What GitLab says of a job on a protected branch."""
        issued = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": "project_path:cybercube/billing-service:ref_type:branch:ref:main",
            "iat": issued,
            "nbf": issued - 5,
            "exp": issued + 300,
            "project_path": "cybercube/billing-service",
            "project_id": "22",
            "environment": "prd",
            "ref": "main",
            "ref_protected": "true",
            "pipeline_source": "push",
            "pipeline_id": "555",
            "job_id": "777",
            **changed,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, *, kid: str = "rsa-1", header: dict[str, Any] | None = None, **changed: Any) -> str:
        """A token signed by this issuer's RSA key (or `ec-1`)."""
        return self.sign(self.claims(**changed), kid=kid, header=header)

    def sign(self, claims: dict[str, Any], *, kid: str = "rsa-1", header: dict[str, Any] | None = None) -> str:
        """`claims` as they stand."""
        key, algorithm = (self.ec_key, "ES256") if kid == "ec-1" else (self.rsa_key, "RS256")
        payload = json.dumps(claims).encode()
        return jwt.PyJWS().encode(payload, key, algorithm=algorithm, headers={"kid": kid, **(header or {})})
