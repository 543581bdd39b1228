"""Forged, stolen, stretched and borrowed tokens: every one is refused and none writes anything (reliability.md section 4)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm
from pytest_httpserver import HTTPServer
from rest_framework.test import APIClient

from cybercube_portal.catalog.models import Artifact, TrustedIdentity
from tests.factories.catalog import artifact_body
from tests.factories.ci_platform import AUDIENCE, Platform

THIEF = rsa.generate_private_key(public_exponent=65537, key_size=2048)
THIEFS_JWK = RSAAlgorithm.to_jwk(THIEF.public_key(), as_dict=True)
HOUR = 3600
WORKFLOW = "cybercube/billing-service/.github/workflows/deploy.yml@refs/heads/main"


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def by_hand(header: dict[str, Any], claims: object, signature: bytes = b"") -> str:
    return f"{part(header)}.{part(claims)}." + base64.urlsafe_b64encode(signature).rstrip(b"=").decode()


def with_hmac(platform: Platform, secret: bytes) -> str:
    signed = by_hand({"alg": "HS256", "kid": "rsa-1"}, platform.claims()).rstrip(".")
    return f"{signed}.{part_of(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


def part_of(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def public_key(platform: Platform) -> bytes:
    return platform.rsa_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def stolen(platform: Platform, header: dict[str, Any], **claims: Any) -> str:
    return jwt.encode(platform.claims(**claims), THIEF, algorithm="RS256", headers=header)


def other_algorithm(platform: Platform, algorithm: str) -> str:
    return jwt.encode(platform.claims(), platform.rsa_key, algorithm=algorithm, headers={"kid": "rsa-1"})


def edited(platform: Platform, **claims: Any) -> str:
    head, _, signature = platform.token().split(".")
    return f"{head}.{part(platform.claims(**claims))}.{signature}"


def borrowed_signature(platform: Platform) -> str:
    return platform.token().rpartition(".")[0] + "." + platform.token(run_id="2").rpartition(".")[2]


def now_of(platform: Platform) -> int:
    return int(platform.claims()["iat"])


def forked_gitlab(platform: Platform, **claims: Any) -> str:
    return platform.sign(platform.gitlab_claims(**claims))


# what is tried, the code it is refused with, how it is made
FORGERIES: tuple[tuple[str, str, Callable[[Platform], str]], ...] = (
    ("alg none", "token.algorithm", lambda p: by_hand({"alg": "none"}, p.claims())),
    ("alg None in other letters", "token.algorithm", lambda p: by_hand({"alg": "nOnE", "kid": "rsa-1"}, p.claims())),
    ("no alg", "token.algorithm", lambda p: by_hand({"kid": "rsa-1"}, p.claims())),
    ("alg is a list", "token.algorithm", lambda p: by_hand({"alg": ["RS256"], "kid": "rsa-1"}, p.claims())),
    ("HS256 with the public key", "token.algorithm", lambda p: with_hmac(p, public_key(p))),
    ("HS256 with nothing", "token.algorithm", lambda p: with_hmac(p, b"")),
    ("RS512 by the right key", "token.algorithm", lambda p: other_algorithm(p, "RS512")),
    ("PS256 by the right key", "token.algorithm", lambda p: other_algorithm(p, "PS256")),
    ("another key under the right kid", "token.signature", lambda p: stolen(p, {"kid": "rsa-1"})),
    ("another key, no kid", "token.key_unknown", lambda p: stolen(p, {})),
    ("another key, its own kid", "token.key_unknown", lambda p: stolen(p, {"kid": "rsa-9"})),
    ("kid of a path", "token.key_unknown", lambda p: stolen(p, {"kid": "../../../etc/passwd"})),
    ("kid of SQL", "token.key_unknown", lambda p: stolen(p, {"kid": "x' OR 1=1 --"})),
    ("kid is a number", "token.malformed", lambda p: by_hand({"alg": "RS256", "kid": 1}, p.claims(), b"x")),
    ("the key inside", "token.signature", lambda p: stolen(p, {"kid": "rsa-1", "jwk": THIEFS_JWK})),
    ("the key elsewhere", "token.signature", lambda p: stolen(p, {"kid": "rsa-1", "jku": f"{p.issuer}/thief"})),
    ("the certificate elsewhere", "token.signature", lambda p: stolen(p, {"kid": "rsa-1", "x5u": f"{p.issuer}/thief"})),
    ("ES256 over the RSA key", "token.signature", lambda p: p.token(kid="ec-1", header={"kid": "rsa-1"})),
    ("RS256 over the EC key", "token.signature", lambda p: p.token(header={"kid": "ec-1"})),
    ("edited after signing", "token.signature", lambda p: edited(p, environment="prd", run_id="1")),
    ("signature taken off", "token.signature", lambda p: p.token().rpartition(".")[0] + "."),
    ("signature of another token", "token.signature", borrowed_signature),
    ("unknown critical header", "token.malformed", lambda p: p.token(header={"crit": ["exp2"], "exp2": 1})),
    ("payload outside", "token.malformed", lambda _: by_hand({"alg": "RS256", "kid": "rsa-1", "b64": False}, {}, b"x")),
    ("no JSON", "token.malformed", lambda _: f"{part({'alg': 'RS256', 'kid': 'rsa-1'})}.bm9uc2Vuc2U.eA"),
    ("claims are a list", "token.malformed", lambda _: by_hand({"alg": "RS256", "kid": "rsa-1"}, ["iss"], b"x")),
    ("nested without end", "token.malformed", lambda _: f"{part({'alg': 'RS256'})}.{part_of(b'[' * 4000)}.eA"),
    ("too long", "token.malformed", lambda p: p.token(padding="x" * 9000)),
    ("not base64", "token.malformed", lambda _: "a.b.c"),
    ("expired", "token.expired", lambda p: p.token(exp=now_of(p) - 61)),
    ("not valid yet", "token.expired", lambda p: p.token(nbf=now_of(p) + 120)),
    ("from the future", "token.expired", lambda p: p.token(iat=now_of(p) + 120)),
    ("older than an hour", "token.expired", lambda p: p.token(iat=now_of(p) - HOUR - 120, exp=now_of(p) + HOUR)),
    ("never expires", "token.expired", lambda p: p.token(exp=None)),
    ("never issued", "token.expired", lambda p: p.token(iat=None)),
    ("exp is infinite", "token.expired", lambda p: p.token(exp=float("inf"))),
    ("exp is a text", "token.expired", lambda p: p.sign(p.claims() | {"exp": str(now_of(p) + 60)})),
    ("exp is true", "token.expired", lambda p: p.sign(p.claims() | {"exp": True})),
    ("for somebody else", "token.audience", lambda p: p.token(aud="https://github.com/cybercube")),
    ("for nobody", "token.audience", lambda p: p.token(aud=None)),
    ("for us and for others", "token.audience", lambda p: p.token(aud=[AUDIENCE, "https://other.example.com"])),
    ("issuer unknown", "token.issuer", lambda p: p.token(iss="https://token.actions.githubusercontent.com")),
    ("issuer with a slash more", "token.issuer", lambda p: p.token(iss=f"{p.issuer}/")),
    ("issuer is a list", "token.issuer", lambda p: p.sign(p.claims() | {"iss": [p.issuer]})),
    ("no issuer", "token.issuer", lambda p: p.token(iss=None)),
    ("issuer with a NUL", "token.issuer", lambda p: p.sign(p.claims() | {"iss": f"{p.issuer}\0"})),
    ("recycled organisation name", "token.claims", lambda p: p.token(repository_id="4712", repository_owner_id="100")),
    ("repository id as a number", "token.claims", lambda p: p.token(repository_id=4711)),
    ("repository id in a list", "token.claims", lambda p: p.token(repository_id=["4711"])),
    ("no repository id", "token.claims", lambda p: p.token(repository_id=None)),
    ("another environment", "token.claims", lambda p: p.token(environment="stg")),
    ("environment in capitals", "token.claims", lambda p: p.token(environment="PRD")),
    ("no environment", "token.claims", lambda p: p.token(environment=None)),
    ("another workflow", "token.claims", lambda p: p.token(job_workflow_ref=WORKFLOW.replace("deploy", "pwn"))),
    ("pull request of a fork", "token.unreviewed", lambda p: p.token(event_name="pull_request")),
    ("pull request with the base's rights", "token.unreviewed", lambda p: p.token(event_name="pull_request_target")),
    ("GitLab: project of a fork", "token.claims", lambda p: forked_gitlab(p, project_id="23")),
    ("GitLab: unprotected ref", "token.unreviewed", lambda p: forked_gitlab(p, ref="evil", ref_protected="false")),
    ("GitLab: ref_protected is no text", "token.unreviewed", lambda p: forked_gitlab(p, ref_protected=True)),
    ("GitLab: merge request", "token.unreviewed", lambda p: forked_gitlab(p, pipeline_source="merge_request_event")),
)


@pytest.fixture
def trusting(trust: Callable[..., TrustedIdentity]) -> None:
    """GitHub's workflow for one repository and environment, and GitLab's project, both for billing-service."""
    trust("github", claims={"repository_id": "4711", "environment": "prd", "job_workflow_ref": WORKFLOW})
    trust("gitlab", claims={"project_id": "22", "environment": "prd"})


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize(("code", "forge"), [row[1:] for row in FORGERIES], ids=[row[0] for row in FORGERIES])
def test_authenticate__forged_token__refused(platform: Platform, code: str, forge: Callable[[Platform], str]) -> None:
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {forge(platform)}", raise_request_exception=False)
    answer = client.post("/api/v1/artifacts/", artifact_body())
    assert answer.status_code == 401
    assert answer.json()["code"] == code
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert not Artifact.objects.exists()
    assert not [request for request, _ in platform.server.log if request.path.endswith("/thief")]


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize("claims", ["github", "gitlab"])
def test_authenticate__the_genuine_tokens__accepted(platform: Platform, claims: str) -> None:
    genuine = platform.claims() if claims == "github" else platform.gitlab_claims()
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {platform.sign(genuine)}")
    assert client.post("/api/v1/artifacts/", artifact_body()).status_code == 201


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize("shift", [{"exp": -30}, {"iat": 30, "nbf": 30}, {"iat": -3500}])
def test_authenticate__a_clock_a_little_off__accepted(platform: Platform, shift: dict[str, int]) -> None:
    moments: dict[str, Any] = {name: now_of(platform) + seconds for name, seconds in shift.items()}
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {platform.token(**moments)}")
    assert client.get("/api/v1/me/").status_code == 200


@pytest.mark.usefixtures("trusting")
def test_authenticate__another_trusted_platform__cannot_speak_for_this_ones_repository(
    trust: Callable[..., TrustedIdentity], platform: Platform, httpserver: HTTPServer
) -> None:
    other = Platform(httpserver, rsa_key=THIEF)
    trust("other", issuer=other.issuer, claims={"repository_id": "1", "environment": "prd"})
    for token in (
        other.token(),
        jwt.encode(other.claims(iss=platform.issuer), other.rsa_key, "RS256", {"kid": "rsa-1"}),
    ):
        answer = APIClient(HTTP_AUTHORIZATION=f"Bearer {token}").get("/api/v1/me/")
        assert answer.status_code == 401
        assert answer.json()["code"] in {"token.claims", "token.signature"}


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize("text", ["a.b", "a.b.c.d", "a.b.c.d.e", "..", "ccp_a.b.c", "Bearer a.b.c", "\xe9.b.c", ""])
def test_authenticate__no_token_and_no_key__refused(text: str) -> None:
    answer = APIClient(HTTP_AUTHORIZATION=f"Bearer {text}").get("/api/v1/me/")
    assert answer.status_code == 401


@pytest.mark.usefixtures("trusting")
def test_authenticate__a_short_rsa_key__refused(platform: Platform) -> None:
    platform.rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - what is tried
    platform.keys[0].update(RSAAlgorithm.to_jwk(platform.rsa_key.public_key(), as_dict=True))
    with pytest.warns(jwt.warnings.InsecureKeyLengthWarning):
        token = platform.token()
    answer = APIClient(HTTP_AUTHORIZATION=f"Bearer {token}").get("/api/v1/me/")
    assert answer.json()["code"] == "token.signature"
