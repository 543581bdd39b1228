"""A pipeline proves itself with its platform's token (integrations.md C1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient
from werkzeug import Response

from cybercube_portal import clock
from cybercube_portal.audit.models import Event
from cybercube_portal.catalog.actions import distrust_identity
from cybercube_portal.catalog.models import Evidence, Service, TrustedIdentity
from cybercube_portal.people.actors import OPERATOR
from tests.factories.catalog import artifact_body, registered_service, scan_body
from tests.factories.ci_platform import Platform

ARTIFACTS = "/api/v1/artifacts/"
EVIDENCE = f"{ARTIFACTS}billing-service:v2.3.1/evidence/"


def bearer(token: str) -> APIClient:
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {token}", raise_request_exception=False)


def test_ci_identity__githubs_token__registers_and_reports_with_its_run(
    trust: Callable[..., TrustedIdentity], platform: Platform
) -> None:
    trust()
    client = bearer(platform.token())
    assert client.post(ARTIFACTS, artifact_body()).status_code == 201
    answer = client.post(EVIDENCE, scan_body())
    assert answer.status_code == 201
    assert answer.json()["reported_by"] == "ci-payments"
    run = answer.json()["run"]
    assert (run["provider"], run["id"], run["attempt"]) == ("github", "10001", "2")
    assert run["url"].endswith("/cybercube/billing-service/actions/runs/10001/attempts/2")
    event = Event.objects.get(verb="evidence.reported")
    assert event.actor == {"kind": "service", "id": "ci-payments", "key": "oidc:billing-main", "on_behalf_of": None}
    assert event.data["run"] == run


@pytest.mark.parametrize(
    "sub",
    [
        "repo:cybercube/billing-service:environment:prd",
        "repo:cybercube@99/billing-service@4711:environment:prd",
        "an owner's own template",
        None,
    ],
)
def test_ci_identity__any_form_of_sub__not_looked_at(
    trust: Callable[..., TrustedIdentity], platform: Platform, sub: str | None
) -> None:
    trust()
    assert bearer(platform.token(sub=sub)).get("/api/v1/me/").json()["username"] == "ci-payments"


def test_ci_identity__elliptic_key__recognised(trust: Callable[..., TrustedIdentity], platform: Platform) -> None:
    trust()
    assert bearer(platform.token(kid="ec-1")).get("/api/v1/me/").status_code == 200


def test_ci_identity__gitlabs_token__reports_with_its_pipeline(
    trust: Callable[..., TrustedIdentity], platform: Platform
) -> None:
    trust(claims={"project_id": "22", "ref_protected": "true"})
    client = bearer(platform.sign(platform.gitlab_claims()))
    client.post(ARTIFACTS, artifact_body())
    run = client.post(EVIDENCE, scan_body()).json()["run"]
    assert run == {
        "provider": "gitlab",
        "id": "555",
        "url": f"{platform.issuer}/cybercube/billing-service/-/pipelines/555",
    }


def test_ci_identity__token__holds_the_scopes_and_services_it_was_trusted_with(
    trust: Callable[..., TrustedIdentity], platform: Platform
) -> None:
    trust(scopes=["artifacts"])
    me = bearer(platform.token()).get("/api/v1/me/").json()
    assert (me["kind"], me["scopes"], me["services"]) == ("service", ["artifacts"], ["billing-service"])


def test_ci_identity__another_service_of_the_team__refused(
    trust: Callable[..., TrustedIdentity], platform: Platform
) -> None:
    registered_service("ledger")
    trust()
    answer = bearer(platform.token()).post(ARTIFACTS, artifact_body(service="ledger"))
    assert answer.status_code == 403
    assert answer.json()["code"] == "key.service_not_covered"


def test_ci_identity__scope_not_given__refused(trust: Callable[..., TrustedIdentity], platform: Platform) -> None:
    trust(scopes=["gate"])
    answer = bearer(platform.token()).post(ARTIFACTS, artifact_body())
    assert answer.status_code == 403
    assert answer.json()["code"] == "key.scope_missing"


def test_ci_identity__two_fit__the_one_that_pins_more(
    trust: Callable[..., TrustedIdentity], platform: Platform
) -> None:
    trust("wide", scopes=["gate"])
    trust(
        "narrow", claims={"repository_id": "4711", "environment": "prd", "ref": "refs/heads/main"}, scopes=["artifacts"]
    )
    assert bearer(platform.token()).get("/api/v1/me/").json()["scopes"] == ["artifacts"]


def test_ci_identity__two_fit_equally__neither(trust: Callable[..., TrustedIdentity], platform: Platform) -> None:
    trust("by-environment")
    trust("by-branch", claims={"repository_id": "4711", "ref": "refs/heads/main"})
    answer = bearer(platform.token()).get("/api/v1/me/")
    assert answer.status_code == 401
    assert answer.json()["code"] == "token.ambiguous"


def test_ci_identity__no_longer_trusted__refused_at_once(
    trust: Callable[..., TrustedIdentity], platform: Platform
) -> None:
    trust()
    client = bearer(platform.token())
    assert client.get("/api/v1/me/").status_code == 200
    distrust_identity(name="billing-main", actor=OPERATOR, now=clock.now())
    answer = client.get("/api/v1/me/")
    assert answer.status_code == 401
    assert answer.json()["code"] == "token.issuer"


def test_ci_identity__account_closed__refused(trust: Callable[..., TrustedIdentity], platform: Platform) -> None:
    account = trust().account
    account.is_active = False
    account.save()
    assert bearer(platform.token()).get("/api/v1/me/").json()["code"] == "token.issuer"


def test_ci_identity__nobody_trusts_the_issuer__it_is_not_called(billing: Service, platform: Platform) -> None:
    assert bearer(platform.token()).get("/api/v1/me/").json()["code"] == "token.issuer"
    assert not platform.server.log


def test_ci_identity__api_key_beside__still_a_key(
    trust: Callable[..., TrustedIdentity], api: Callable[..., APIClient]
) -> None:
    trust()
    assert api("alice").get("/api/v1/me/").json()["username"] == "alice"


def test_ci_identity__browser_session_beside_a_bad_token__the_token_counts(
    trust: Callable[..., TrustedIdentity], browser_session: Callable[[str], Client], platform: Platform
) -> None:
    trust()
    answer = browser_session("admin").get("/api/v1/me/", HTTP_AUTHORIZATION=f"Bearer {platform.token(aud='other')}")
    assert answer.status_code == 401


# The issuer's keys


def test_issuer_keys__many_tokens__fetched_once(trust: Callable[..., TrustedIdentity], platform: Platform) -> None:
    trust()
    for _ in range(5):
        assert bearer(platform.token()).get("/api/v1/me/").status_code == 200
    assert platform.requests == 1


def test_issuer_keys__rotated__the_new_one_is_looked_for_once(
    trust: Callable[..., TrustedIdentity], platform: Platform
) -> None:
    trust()
    assert bearer(platform.token()).get("/api/v1/me/").status_code == 200
    platform.keys.append({**platform.keys[0], "kid": "rsa-2"})
    assert bearer(platform.token(header={"kid": "rsa-2"})).get("/api/v1/me/").status_code == 200
    for number in range(5):
        answer = bearer(platform.token(header={"kid": f"invented-{number}"})).get("/api/v1/me/")
        assert answer.json()["code"] == "token.key_unknown"
    assert platform.requests == 2


def test_issuer_keys__platform_down_after_a_fetch__known_keys_serve_for_a_day(
    trust: Callable[..., TrustedIdentity], platform: Platform, clock_at: Callable[..., Any]
) -> None:
    trust()
    start = clock.now()

    def asked_after(hours: float) -> Any:
        then = clock_at(start + timedelta(hours=hours))
        moments: dict[str, Any] = {"iat": int(then.timestamp()), "nbf": None, "exp": int(then.timestamp()) + 60}
        return bearer(platform.token(**moments)).get("/api/v1/me/")

    assert asked_after(0).status_code == 200
    platform.discovery = {"error": "maintenance"}
    assert asked_after(2).status_code == 200
    refused = asked_after(25)
    assert refused.status_code == 503
    assert refused.json()["code"] == "token.keys_unavailable"
    platform.discovery = {"issuer": platform.issuer, "jwks_uri": f"{platform.issuer}/jwks"}
    assert asked_after(26).status_code == 200


def _move_keys_elsewhere(platform: Platform) -> None:
    platform.discovery["jwks_uri"] = "https://keys.example.com/jwks"


def _speak_for_another_issuer(platform: Platform) -> None:
    platform.discovery["issuer"] = "https://token.actions.githubusercontent.com"


def _publish_no_list(platform: Platform) -> None:
    platform.keys = {"rsa-1": platform.keys[0]}  # type: ignore[assignment]


def _publish_an_endless_list(platform: Platform) -> None:
    platform.keys = platform.keys * 1000


def _answer_nothing_found(platform: Platform) -> None:
    platform.discovery["jwks_uri"] = f"{platform.issuer}/elsewhere"


def _answer_nested_without_end(platform: Platform) -> None:
    endless = Response("[" * 100_000, content_type="application/json")
    platform.server.expect_request(f"{platform.path}/endless").respond_with_response(endless)
    platform.discovery["jwks_uri"] = f"{platform.issuer}/endless"


def _answer_no_object(platform: Platform) -> None:
    platform.discovery = ["not", "a", "document"]


@pytest.mark.parametrize(
    "spoil",
    [
        _answer_nested_without_end,
        _answer_nothing_found,
        _move_keys_elsewhere,
        _speak_for_another_issuer,
        _publish_no_list,
        _publish_an_endless_list,
        _answer_no_object,
    ],
)
def test_issuer_keys__unsound_answer__nobody_is_recognised(
    trust: Callable[..., TrustedIdentity], platform: Platform, spoil: Callable[[Platform], None]
) -> None:
    trust()
    spoil(platform)
    answer = bearer(platform.token()).get("/api/v1/me/")
    assert answer.status_code == 503
    assert answer.json()["code"] == "token.keys_unavailable"
    assert not Evidence.objects.exists()


@pytest.mark.parametrize("member", [{"use": "enc"}, {"alg": "RS512"}, {"kid": None}, {"kty": "oct", "k": "c2VjcmV0"}])
def test_issuer_keys__not_a_signing_key_of_ours__unknown(
    trust: Callable[..., TrustedIdentity], platform: Platform, member: dict[str, Any]
) -> None:
    trust()
    platform.keys[0].update(member)
    assert bearer(platform.token()).get("/api/v1/me/").json()["code"] == "token.key_unknown"


def test_issuer_keys__network_not_allowed__nobody_is_recognised(
    trust: Callable[..., TrustedIdentity], platform: Platform, settings: Settings
) -> None:
    trust()
    settings.OUTBOUND_NETWORKS = ()
    assert bearer(platform.token()).get("/api/v1/me/").status_code == 503
    assert not platform.server.log
