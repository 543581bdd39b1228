from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.test import Client

from cybercube_portal.people.models import Grant, User
from cybercube_portal.readonly_admin import ReadOnlyAdmin
from tests.factories.people import Cast


@pytest.mark.parametrize("username", ["admin", "kim"])
def test_admin__admin_or_auditor__sees_every_table(browser_session: Callable[[str], Client], username: str) -> None:
    client = browser_session(username)
    for model in admin.site._registry:
        answer = client.get(f"/admin/{model._meta.app_label}/{model._meta.model_name}/")
        assert answer.status_code == 200, model


def test_admin__search_and_one_row__shown_without_secrets(
    browser_session: Callable[[str], Client], cast: Cast, key_of: Callable[..., str]
) -> None:
    key_of("alice")
    client = browser_session("admin")
    assert "Alice Arnold" in client.get("/admin/people/user/?q=alice").content.decode()
    shown = client.get(f"/admin/people/user/{cast.alice.pk}/change/").content.decode()
    assert "alice@example.com" in shown
    assert cast.alice.password not in shown
    key = cast.alice.api_keys.get()
    shown = client.get(f"/admin/people/apikey/{key.pk}/change/").content.decode()
    assert key.prefix in shown
    assert key.digest not in shown


def test_admin__anybody_else__refused(browser_session: Callable[[str], Client]) -> None:
    client = browser_session("alice")
    assert client.get("/admin/people/user/", follow=True).status_code == 403


def test_admin__superuser_without_a_grant__refused_like_anyone(
    browser_session: Callable[[str], Client], cast: Cast
) -> None:
    User.objects.filter(pk=cast.alice.pk).update(is_superuser=True, is_staff=True)
    assert browser_session("alice").get("/admin/people/user/", follow=True).status_code == 403


@pytest.mark.django_db
def test_admin__nobody__sent_to_the_portals_log_in_page() -> None:
    answer = Client().get("/admin/", follow=True)
    addresses = [address for address, _ in answer.redirect_chain]
    assert addresses[0].startswith("/admin/login/")
    assert not addresses[-1].startswith("/admin/")


def test_admin__writing__refused_for_every_table(browser_session: Callable[[str], Client], cast: Cast) -> None:
    client = browser_session("admin")
    grant = Grant.objects.get(user=cast.alice)
    for path in ("add/", f"{grant.pk}/change/", f"{grant.pk}/delete/"):
        assert client.post(f"/admin/people/grant/{path}", {"role": "cto", "post": "yes"}).status_code == 403
    bulk = {"action": "delete_selected", "_selected_action": [str(grant.pk)], "post": "yes"}
    client.post("/admin/people/grant/", bulk)
    assert Grant.objects.get(pk=grant.pk).role == "engineer"
    assert client.post("/admin/password_change/", {}).status_code == 404


def test_admin__every_registered_table__is_read_only() -> None:
    registered = admin.site._registry
    assert registered
    assert all(isinstance(table, ReadOnlyAdmin) for table in registered.values())
