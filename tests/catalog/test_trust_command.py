from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from cybercube_portal.audit.models import Event
from cybercube_portal.catalog.models import Service, TrustedIdentity
from tests.factories.ci_platform import AUDIENCE, Platform


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("trust_identity", *arguments, stdout=out)
    return out.getvalue().strip()


def pinned(platform: Platform) -> list[str]:
    where = ["--issuer", platform.issuer, "--audience", AUDIENCE]
    return [*where, "--claim", "repository_id=4711", "--claim", "environment=prd", "--account", "ci-payments"]


def test_trust_identity_command__pinned_pipeline__its_token_opens_the_door(
    billing: Service, platform: Platform
) -> None:
    said = run("billing", *pinned(platform), "--service", "billing-service")
    assert said == "billing acts as ci-payments for billing-service."
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {platform.token()}")
    assert client.get("/api/v1/me/").json()["scopes"] == ["artifacts", "deployments", "gate"]
    assert Event.objects.get(verb="trusted_identity.created").actor["id"] == "operator"
    assert run("billing", "--revoke") == "billing is no longer trusted."
    assert client.get("/api/v1/me/").status_code == 401


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "trust.services|Name the services"),
        (["--service", "search-api"], "search-api is no service of ci-payments's team"),
        (["--service", "billing-service", "--claim", "sub=x"], "sub can change hands"),
        (["--service", "billing-service", "--claim", "ref"], "a claim is name=value"),
        (["--service", "billing-service", "--account", "nobody"], "There is no user nobody"),
        (["--revoke"], "No identity named billing"),
    ],
)
def test_trust_identity_command__too_wide_or_unknown__says_why(
    search_api: Service, billing: Service, platform: Platform, arguments: list[str], said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        run("billing", *pinned(platform), *arguments)
    assert not TrustedIdentity.objects.exists()
