from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from cybercube_portal import clock
from cybercube_portal.audit.models import Event
from cybercube_portal.audit.signing import new_secret, unseal
from cybercube_portal.catalog.actions import edit_service, register_service
from cybercube_portal.catalog.models import Service
from cybercube_portal.catalog.selectors import service_facts, services_of_team, teams_of
from cybercube_portal.catalog.service_content import tag_of
from cybercube_portal.errors import Invalid
from tests.factories.catalog import registered_service
from tests.factories.people import Cast

URL = "/api/v1/services/"
JSON = "application/json"


@pytest.fixture
def admin(browser_session: Callable[[str], Client]) -> Client:
    """An admin's browser."""
    return browser_session("admin")


SECRET = new_secret()


def ledger(**members: Any) -> dict[str, Any]:
    return {
        "slug": "ledger",
        "name": "Ledger",
        "team": "payments",
        "tier": 1,
        "description": "Books every payment.",
        "repository": "https://git.example.com/payments/ledger",
        "urls": {"stg": "https://ledger.staging.cybercube.software", "prd": "https://Ledger.cybercube.software"},
        "metrics": {"error_rate": "ledger_error_rate_5m", "latency_p99": "ledger_latency_p99_5m"},
        "thresholds": {"error_rate": 0.005},
        "allowed_hosts": ["prometheus.example.com"],
        "rollback_driver": "webhook",
        "rollback_config": {"url": "https://deploy.example.com/rollback", "secret": SECRET},
        "minimum_coverage": 80,
        "depends_on": ["billing-service"],
        **members,
    }


def test_register_service__admin__in_the_catalogue(admin: Client, billing: Service) -> None:
    answer = admin.post(URL, ledger(), content_type=JSON)
    assert answer.status_code == 201
    expected = ledger(
        minimum_coverage=80,
        allowed_hosts=[
            "deploy.example.com",
            "ledger.cybercube.software",
            "ledger.staging.cybercube.software",
            "prometheus.example.com",
        ],
    )
    del expected["rollback_config"]
    assert answer.json() == expected
    assert admin.get(f"{URL}ledger").json() == expected
    event = Event.objects.get(verb="service.registered", object_id="ledger")
    assert event.after is not None
    assert event.after["depends_on"] == ["billing-service"]
    assert "rollback_config" not in event.after


def edit(client: Client, slug: str, **members: Any) -> Any:
    """With If-Match of what it says now."""
    address = f"{URL}{slug}/"
    return client.patch(address, members, content_type=JSON, headers={"If-Match": client.get(address).headers["ETag"]})


def test_edit_service__some_fields__the_others_stay(admin: Client, billing: Service) -> None:
    answer = edit(admin, "billing-service", tier=2, team="search")
    assert answer.status_code == 200
    assert (answer.json()["tier"], answer.json()["team"], answer.json()["name"]) == (2, "search", "Billing Service")
    event = Event.objects.get(verb="service.edited")
    assert (event.before, event.after) == ({"tier": 3, "team": "payments"}, {"tier": 2, "team": "search"})


@pytest.mark.parametrize("username", ["alice", "bob", "dan", "judy", "kim"])
def test_register_service__not_an_admin__refused(
    billing: Service, browser_session: Callable[[str], Client], username: str
) -> None:
    session = browser_session(username)
    for answer in (
        session.post(URL, ledger(), content_type=JSON),
        edit(session, "billing-service", tier=4),
    ):
        assert answer.status_code == 403
        assert answer.json()["code"] == "permission.role_missing"
    assert list(Service.objects.values_list("slug", "tier")) == [("billing-service", 3)]


@pytest.mark.parametrize("username", ["admin", "ci-payments"])
def test_register_service__any_key__refused(billing: Service, api: Callable[..., APIClient], username: str) -> None:
    answer = api(username).post(URL, ledger())
    assert answer.status_code == 403
    assert answer.json()["code"] == "key.scope_missing"


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ({"slug": "Ledger"}, ("/slug", "service.slug")),
        ({"slug": "led_ger"}, ("/slug", "service.slug")),
        ({"slug": "ledger:v1"}, ("/slug", "service.slug")),
        ({"team": "nobody"}, ("/team", "team.unknown")),
        ({"depends_on": ["nothing"]}, ("/depends_on/0", "service.unknown")),
        ({"depends_on": ["ledger"]}, ("/depends_on", "service.depends_on_itself")),
        ({"urls": {"prd": "file:///etc/passwd"}}, ("/urls/prd", "service.url")),
        ({"urls": {"prd": "https://user:secret@example.com"}}, ("/urls/prd", "service.url")),
        ({"urls": {"prd": "https://exa mple.com"}}, ("/urls/prd", "service.url")),
        ({"urls": {"prd": "https://[::1"}}, ("/urls/prd", "service.url")),
        ({"urls": {"prd": "https://example.com:0"}}, ("/urls/prd", "service.url")),
        ({"repository": "javascript:alert(1)"}, ("/repository", "service.url")),
        ({"thresholds": {"error_rate": 0}}, ("/thresholds/error_rate", "service.threshold")),
        ({"thresholds": {"latency_p99": -5}}, ("/thresholds/latency_p99", "service.threshold")),
        ({"allowed_hosts": ["*"]}, ("/allowed_hosts/0", "service.host")),
        ({"allowed_hosts": ["example.com:8080"]}, ("/allowed_hosts/0", "service.host")),
        ({"rollback_config": {"note": "x" * 5000}}, ("/rollback_config", "service.too_large")),
        *(
            ({"rollback_config": config}, (f"/rollback_config/{member}", code))
            for config, member, code in (
                ({"secret": SECRET}, "url", "field.required"),
                ({"url": "https://deploy.example.com"}, "secret", "field.required"),
                ({"url": "file:///etc", "secret": SECRET}, "url", "service.rollback_config"),
                ({"url": 3, "secret": SECRET}, "url", "service.rollback_config"),
                ({"url": "https://deploy.example.com", "secret": "hunter2"}, "secret", "service.rollback_config"),
                ({"url": "https://deploy.example.com", "secret": SECRET, "to": "x"}, "to", "field.unknown"),
                ({"url": "https://deploy.example.com", "secret": SECRET, "sealed": ["x"]}, "sealed", "field.unknown"),
            )
        ),
        *(
            ({"rollback_driver": "kubernetes", "rollback_config": config}, (f"/rollback_config/{member}", code))
            for config, member, code in (
                ({"image": "registry.example.com/ledger"}, "namespace", "field.required"),
                ({"namespace": "payments-{environment}"}, "image", "field.required"),
                ({"namespace": "../kube-system", "image": "a/b"}, "namespace", "service.rollback_config"),
                ({"namespace": "payments", "image": "a/b:latest@"}, "image", "service.rollback_config"),
                ({"namespace": "payments", "image": "a/b", "url": "https://x.example"}, "url", "field.unknown"),
            )
        ),
    ],
)
def test_register_service__wrong_in_itself__422_names_the_field(
    admin: Client, billing: Service, members: dict[str, Any], found: tuple[str, str]
) -> None:
    answer = admin.post(URL, ledger(**members), content_type=JSON)
    assert answer.status_code == 422
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [found]
    assert list(Service.objects.values_list("slug", flat=True)) == ["billing-service"]


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"tier": 5}, "/tier"),
        ({"tier": "1"}, "/tier"),
        ({"owner": "bob"}, "/owner"),
        ({"urls": {"qa": "https://example.com"}}, "/urls/qa"),
        ({"metrics": {"uptime": "up"}}, "/metrics/uptime"),
        ({"minimum_coverage": 101}, "/minimum_coverage"),
        ({"rollback_driver": "prayer"}, "/rollback_driver"),
        ({"name": ""}, "/name"),
    ],
)
def test_register_service__not_of_the_schema__400_with_pointer(
    admin: Client, billing: Service, members: dict[str, Any], pointer: str
) -> None:
    answer = admin.post(URL, ledger(**members), content_type=JSON)
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_register_service__slug_taken__409(admin: Client, billing: Service) -> None:
    answer = admin.post(URL, ledger(slug="billing-service", depends_on=[]), content_type=JSON)
    assert answer.status_code == 409
    assert answer.json()["code"] == "service.exists"


def test_list_services__team__only_its_own_in_few_queries(
    billing: Service,
    search_api: Service,
    api: Callable[..., APIClient],
    django_assert_max_num_queries: Callable[[int], Any],
) -> None:
    for number in range(20):
        registered_service(f"worker-{number:02}", "payments", depends_on=["billing-service"])
    client = api("oscar")
    with django_assert_max_num_queries(8):
        answer = client.get(f"{URL}?team=payments&page_size=100")
    rows = answer.json()["results"]
    assert [row["slug"] for row in rows] == ["billing-service", *(f"worker-{number:02}" for number in range(20))]
    assert rows[1]["depends_on"] == ["billing-service"]


def test_read_service__unknown__404(api: Callable[..., APIClient]) -> None:
    answer = api("alice").get(f"{URL}ledger/")
    assert answer.status_code == 404
    assert answer.json()["code"] == "service.unknown"


def test_service_facts__several__owners_and_dependencies(billing: Service, search_api: Service) -> None:
    registered_service("ledger", "payments", depends_on=["billing-service", "search-api"])
    slugs = ["ledger", "search-api", "unknown"]
    assert teams_of(slugs) == {"payments", "search"}
    facts = service_facts(slugs)
    assert {slug: fact.depends_on for slug, fact in facts.items()} == {
        "ledger": {"billing-service", "search-api"},
        "search-api": frozenset(),
    }
    assert [service.slug for service in services_of_team("payments")] == ["billing-service", "ledger"]


def test_register_service__no_name_or_team__refused(cast: Cast) -> None:
    with pytest.raises(Invalid) as refused:
        register_service(slug="ledger", fields={"tier": 1}, actor=cast.actor("admin"), now=clock.now())
    assert [error.pointer for error in refused.value.errors] == ["/name", "/team"]


def test_edit_service__unknown_metric_by_any_door__refused(billing: Service, cast: Cast) -> None:
    with pytest.raises(Invalid) as refused:
        edit_service(
            slug="billing-service",
            tag=tag_of(billing),
            fields={"metrics": {"uptime": "up"}},
            actor=cast.actor("admin"),
            now=clock.now(),
        )
    assert [error.pointer for error in refused.value.errors] == ["/metrics/uptime"]


def test_edit_service__another_secret__both_sign_until_receivers_changed(admin: Client) -> None:
    admin.post(URL, ledger(depends_on=[]), content_type=JSON)
    other = new_secret()

    sent = {"url": "https://deploy.example.com/rollback", "secret": other}
    answers = [
        edit(admin, "ledger", rollback_config=sent),
        edit(admin, "ledger", rollback_config={"url": "https://two.example.com/"}),
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    config = Service.objects.get(slug="ledger").rollback_config
    assert [unseal(text) for text in config["sealed"]] == [other, SECRET]
    assert SECRET not in str(config)


def test_edit_service__another_driver_beside_the_old_ones_configuration__refused(admin: Client) -> None:
    admin.post(URL, ledger(depends_on=[]), content_type=JSON)

    refused = edit(admin, "ledger", rollback_driver="kubernetes")

    assert refused.status_code == 422
    assert edit(admin, "ledger", rollback_driver="manual", rollback_config={}).status_code == 200
    assert Service.objects.get(slug="ledger").rollback_config == {}


def test_edit_service__read_before_somebody_else_edited__is_stale_and_without_a_tag_is_asked_for_one(
    admin: Client, billing: Service
) -> None:
    address = f"{URL}billing-service/"
    read = admin.get(address).headers["ETag"]
    edited = edit(admin, "billing-service", tier=2)
    assert edited.headers["ETag"] not in {read, ""}

    stale = admin.patch(address, {"tier": 4}, content_type=JSON, headers={"If-Match": read})
    bare = admin.patch(address, {"tier": 4}, content_type=JSON)

    assert (stale.status_code, bare.status_code) == (412, 428)
    assert Service.objects.get(slug="billing-service").tier == 2
