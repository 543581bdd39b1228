from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from django.test import Client

from cybercube_portal import clock
from cybercube_portal.people.actions import issue_key
from cybercube_portal.people.actors import OPERATOR
from cybercube_portal.people.models import ApiKey
from tests.factories.people import Cast


def test_issue_key__on_the_page__text_shown_once_and_works(browser_session: Callable[[str], Client]) -> None:
    session = browser_session("bob")
    page = session.post(
        "/keys/issue/", {"name": "nightly", "scopes": ["changes", "gate"], "services": "billing-service, tax"}
    )
    text = re.search(r"ccp_[a-z0-9]{8}_[A-Za-z0-9]{40}", page.content.decode())
    assert text is not None
    me = Client().get("/api/v1/me/", headers={"Authorization": f"Bearer {text[0]}"}).json()

    assert me["username"] == "bob"
    assert me["scopes"] == ["changes", "gate"]
    assert me["services"] == ["billing-service", "tax"]
    assert "no-store" in page.headers["Cache-Control"]
    assert text[0] not in session.get("/keys/").content.decode()


def test_issue_key__end_in_the_past__refused_at_its_field_with_the_input_kept(
    browser_session: Callable[[str], Client],
) -> None:
    page = browser_session("bob").post(
        "/keys/issue/", {"name": "nightly", "scopes": ["gate"], "expires_at": "2020-01-01T10:00"}
    )

    assert page.status_code == 422
    assert 'id="id_expires_at_error"' in page.content.decode()
    assert 'value="nightly"' in page.content.decode()
    assert 'value="2020-01-01T10:00"' in page.content.decode()
    assert not ApiKey.objects.exists()


def test_issue_key__scope_no_person_has__refused(browser_session: Callable[[str], Client]) -> None:
    page = browser_session("bob").post("/keys/issue/", {"name": "nightly", "scopes": ["artifacts"]})

    assert page.status_code == 422
    assert not ApiKey.objects.exists()


def test_issue_key__end_typed_in_the_persons_zone__kept_as_that_moment(
    browser_session: Callable[[str], Client],
) -> None:
    session = browser_session("bob")
    session.post("/profile/timezone/", {"timezone": "Asia/Tokyo"})
    session.post("/keys/issue/", {"name": "nightly", "scopes": ["gate"], "expires_at": "2199-01-01T09:00"})

    assert ApiKey.objects.get().expires_at.isoformat() == "2199-01-01T00:00:00+00:00"  # type: ignore[union-attr]


def test_revoke_key__own__stops_and_shows_as_revoked(cast: Cast, browser_session: Callable[[str], Client]) -> None:
    key, _ = issue_key(username="bob", actor=OPERATOR, now=clock.now(), name="old")
    page = browser_session("bob").post(f"/keys/{key.prefix}/revoke/", follow=True).content.decode()

    assert "no longer works" in page
    assert "Revoked" in page
    assert ApiKey.objects.get().revoked_at is not None


def test_revoke_key__twice__says_why_nothing_was_changed(cast: Cast, browser_session: Callable[[str], Client]) -> None:
    key, _ = issue_key(username="bob", actor=OPERATOR, now=clock.now() - timedelta(days=1))
    session = browser_session("bob")
    session.post(f"/keys/{key.prefix}/revoke/")
    again = session.post(f"/keys/{key.prefix}/revoke/")

    assert again.status_code == 409
    assert "This key is already revoked." in again.content.decode()


def test_revoke_key__of_a_colleague__403_that_names_the_rule(
    cast: Cast, browser_session: Callable[[str], Client]
) -> None:
    key, _ = issue_key(username="alice", actor=OPERATOR, now=clock.now())
    answer = browser_session("bob").post(f"/keys/{key.prefix}/revoke/")

    assert answer.status_code == 403
    assert "does not hold a role that may do this" in answer.content.decode()
    assert "§1.4" in answer.content.decode()
    assert ApiKey.objects.get().revoked_at is None


def test_api_keys__another_persons_key__is_not_in_my_list(cast: Cast, browser_session: Callable[[str], Client]) -> None:
    issue_key(username="alice", actor=OPERATOR, now=clock.now(), name="hers")

    assert "hers" not in browser_session("admin").get("/keys/").content.decode()
