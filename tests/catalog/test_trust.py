"""Whom an admin may trust, and how widely (integrations.md C1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cybercube_portal import clock
from cybercube_portal.audit.models import Event
from cybercube_portal.catalog.actions import distrust_identity, trust_identity
from cybercube_portal.catalog.models import Service, TrustedIdentity
from cybercube_portal.catalog.trust_rules import is_unreviewed
from cybercube_portal.errors import Conflict, Invalid, NotFound, NotPermitted
from cybercube_portal.people.actors import OPERATOR
from tests.factories.people import Cast

Trust = Callable[..., TrustedIdentity]


def test_trust_identity__admin__recorded_with_what_it_may(trust: Trust, cast: Cast) -> None:
    trust(actor=cast.actor("admin"))
    event = Event.objects.get(verb="trusted_identity.created")
    assert event.actor["id"] == "admin"
    assert event.data["claims"] == {"repository_id": "4711", "environment": "prd"}
    assert event.data["scopes"] == ["artifacts", "deployments", "gate"]
    assert "service:billing-service" in event.subjects


@pytest.mark.parametrize("username", ["alice", "bob", "judy", "kim", "ci-payments"])
def test_trust_identity__not_an_admin__refused(trust: Trust, cast: Cast, username: str) -> None:
    trust()
    with pytest.raises(NotPermitted):
        trust("mine", actor=cast.actor(username))
    with pytest.raises(NotPermitted):
        distrust_identity(name="billing-main", actor=cast.actor(username), now=clock.now())
    assert TrustedIdentity.objects.get().revoked_at is None


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"claims": {}}, "trust.no_id"),
        ({"claims": {"repository": "cybercube/billing-service", "environment": "prd"}}, "trust.no_id"),
        ({"claims": {"repository_id": "4711"}}, "trust.too_wide"),
        ({"claims": {"project_id": "22"}}, "trust.too_wide"),
        ({"claims": {"repository_id": "4711", "event_name": "push"}}, "trust.too_wide"),
        ({"claims": {"repository_id": "4711", "environment": "prd", "sub": "repo:cybercube/x"}}, "trust.sub"),
        ({"claims": {"repository_id": "4711", "environment": ""}}, "trust.claim"),
        ({"claims": {"repository_id": "4711", "environment": "x" * 300}}, "trust.claim"),
        ({"issuer": "http://gitlab.example.com"}, "trust.issuer"),
        ({"issuer": "https://gitlab.example.com/"}, "trust.issuer"),
        ({"issuer": "https://user@gitlab.example.com"}, "trust.issuer"),
        ({"issuer": "https://[gitlab"}, "trust.issuer"),
        ({"issuer": "file:///etc/passwd"}, "trust.issuer"),
        ({"issuer": ""}, "trust.issuer"),
        ({"audience": ""}, "trust.audience"),
        ({"services": []}, "trust.services"),
        ({"services": ["search-api"]}, "trust.other_team"),
        ({"services": ["billing-service", "unknown"]}, "trust.other_team"),
        ({"account": "alice"}, "trust.account"),
        ({"scopes": []}, "api_key.scope"),
        ({"scopes": ["approvals"]}, "api_key.scope"),
        ({"scopes": ["gate", "rumours"]}, "api_key.scope"),
        ({"name": ""}, "trust.name"),
    ],
)
def test_trust_identity__wider_than_one_service__refused(
    trust: Trust, search_api: Service, options: dict[str, Any], code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        trust(**options)
    assert code in [error.code for error in refused.value.errors]
    assert not TrustedIdentity.objects.exists()


def test_trust_identity__unknown_account__refused(trust: Trust) -> None:
    with pytest.raises(NotFound):
        trust(account="ci-nobody")


def test_trust_identity__same_name_or_claims__refused_until_revoked(trust: Trust) -> None:
    trust()
    with pytest.raises(Conflict):
        trust(claims={"repository_id": "4711", "ref": "refs/heads/main"})
    with pytest.raises(Conflict):
        trust("again")
    distrust_identity(name="billing-main", actor=OPERATOR, now=clock.now())
    trust()
    with pytest.raises(NotFound):
        distrust_identity(name="nobody", actor=OPERATOR, now=clock.now())
    assert TrustedIdentity.objects.count() == 2


def test_trust_identity__as_many_and_as_long_claims_as_allowed__stored(trust: Trust) -> None:
    claims = {"repository_id": "4711", "ref": "refs/heads/main", **{f"claim-{n}": "\U0001f680" * 255 for n in range(8)}}
    trust(claims=claims)
    with pytest.raises(Conflict):
        trust("again", claims=dict(reversed(claims.items())))
    with pytest.raises(Invalid):
        trust("wider", claims=claims | {"claim-9": "x"})


def test_trust_identity__issuer_of_github__needs_no_loopback(cast: Cast, billing: Service) -> None:
    identity = trust_identity(
        name="github",
        issuer="https://token.actions.githubusercontent.com",
        audience="https://portal.cybercube.software",
        claims={"repository_id": "4711", "ref": "refs/heads/main"},
        account="ci-payments",
        services=["billing-service"],
        actor=OPERATOR,
        now=clock.now(),
    )
    assert identity.created_by is None


def test_is_unreviewed__nothing_pinned_that_names_a_platform__so_treated() -> None:
    assert is_unreviewed({"environment": "prd"}, {"environment": "prd", "event_name": "push"})
