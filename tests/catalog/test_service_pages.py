"""Registering and editing a service on pages: everything REST takes, with what was typed kept when it is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from cybercube_portal.audit.models import Event
from cybercube_portal.audit.signing import new_secret
from cybercube_portal.catalog.models import Service
from tests.factories.people import Cast

NEW, EDIT = "/services/new/", "/services/ledger/edit/"
BODY = {
    "slug": "ledger",
    "name": "Ledger",
    "team": "payments",
    "tier": "2",
    "urls_prd": "https://ledger.example.com",
    "thresholds_error_rate": "0.02",
    "rollback_driver": "webhook",
    "rollback_config_url": "https://deploy.example.com/hook",
    "rollback_config_secret": new_secret(),
    # Of another driver: left where it is.
    "rollback_config_namespace": "payments",
}


@pytest.fixture
def admin(cast: Cast, browser_session: Callable[[str], Client]) -> Client:
    return browser_session("admin")


def read_by(reader: Client) -> dict[str, str]:
    """What the form says it was read from."""
    found = re.search(r'name="version" value="(\w+)"', reader.get(EDIT).content.decode())
    assert found
    return {"version": found[1]}


def test_service__registered_and_edited__is_what_was_typed_and_on_record(admin: Client) -> None:
    assert admin.post(NEW, BODY).status_code == 302
    service = Service.objects.get(slug="ledger")
    assert (service.team.slug, service.tier, service.thresholds) == ("payments", 2, {"error_rate": 0.02})
    assert service.allowed_hosts == ["deploy.example.com", "ledger.example.com"]
    assert sorted(service.rollback_config) == ["sealed", "url"]
    sealed = service.rollback_config["sealed"]

    shown = admin.get(EDIT).content.decode()
    assert "https://deploy.example.com/hook" in shown
    assert BODY["rollback_config_secret"] not in shown
    assert f'href="{EDIT}"' in admin.get("/services/ledger/").content.decode()
    changed: dict[str, Any] = {**BODY, "name": "The ledger", "tier": "1", "rollback_config_secret": ""}
    assert admin.post(EDIT, read_by(admin) | changed).status_code == 302
    service.refresh_from_db()
    assert (service.name, service.tier, service.rollback_config["sealed"]) == ("The ledger", 1, sealed)
    event = Event.objects.get(verb="service.edited")
    assert (event.before or {})["name"] == "Ledger"
    assert (event.after or {})["name"] == "The ledger"
    assert admin.post(NEW, BODY).status_code == 409, "there is one already"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"urls_prd": "ftp://x"}, "An address starts with"),
        ({"thresholds_error_rate": "-1"}, "A threshold is a positive number"),
        ({"rollback_config_url": ""}, "needs url"),
        ({"rollback_config_secret": "short"}, "A secret is whsec_"),
        ({"depends_on": "nothing"}, "There is no service nothing"),
        ({"slug": "Not A Slug"}, "Not A Slug"),
        ({"team": "nobody"}, "Select a valid choice"),
        ({"tier": "9"}, "Select a valid choice"),
    ],
)
def test_service__something_wrong__said_at_its_field_and_the_rest_is_kept(
    admin: Client, change: dict[str, str], words: str
) -> None:
    answer = admin.post(NEW, {**BODY, "name": "A name to keep", **change})

    assert answer.status_code == 422
    shown = answer.content.decode()
    assert words in shown
    assert "A name to keep" in shown
    assert BODY["rollback_config_secret"] not in shown
    assert not Service.objects.filter(name="A name to keep").exists()


def test_service__by_an_engineer__the_form_says_who_may_and_nothing_is_written(
    admin: Client, browser_session: Callable[[str], Client]
) -> None:
    admin.post(NEW, BODY)
    alice = browser_session("alice")
    assert "disabled" in alice.get(EDIT).content.decode()
    assert EDIT not in alice.get("/services/ledger/").content.decode()
    assert alice.post(EDIT, read_by(alice) | {**BODY, "name": "Mine"}).status_code == 403
    assert Service.objects.get(slug="ledger").name == "Ledger"


def test_service__edited_by_two_at_once__the_second_is_told_and_keeps_what_was_typed(admin: Client) -> None:
    admin.post(NEW, BODY)
    hosts = "deploy.example.com\r\nledger.example.com"
    mine = {**BODY, **read_by(admin), "name": "Mine", "rollback_config_secret": new_secret(), "allowed_hosts": hosts}
    assert admin.post(EDIT, {**BODY, **read_by(admin), "name": "Theirs", "tier": "1"}).status_code == 302

    refused = admin.post(EDIT, mine)

    assert refused.status_code == 412
    shown = refused.content.decode()
    assert "Somebody else changed this since you opened it" in shown
    assert "ledger was changed by somebody else since you read it." in shown
    assert re.search(r'name="name"[^>]* value="Mine"', shown), "what was typed stays"
    saved = shown.partition("What is saved now")[2].partition("</dl>")[0]
    rows = re.findall(r"<dt>(.*?)</dt>\s*<dd[^>]*>(.*?)</dd>", saved)
    assert rows == [("Name", "Theirs"), ("Tier", "1"), ("Kubernetes: namespace", "—")]
    assert Service.objects.get(slug="ledger").name == "Theirs"
    found = re.search(r'name="version" value="(\w+)"', shown)
    assert found
    assert admin.post(EDIT, {**mine, "version": found[1]}).status_code == 302, "sent again, having been told"
    assert Service.objects.get(slug="ledger").name == "Mine"


def test_service__form_that_says_nothing_of_what_was_read__is_refused(admin: Client) -> None:
    admin.post(NEW, BODY)
    assert admin.post(EDIT, {**BODY, "name": "Mine"}).status_code == 412
