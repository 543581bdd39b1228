from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from cybercube_portal.urls import urlpatterns as ours


def broken(_request: HttpRequest) -> HttpResponse:
    raise RuntimeError("the password is swordfish")


def no_database(_request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    return HttpResponse()


urlpatterns = [*ours, path("broken/", broken), path("no-database/", no_database)]
handler500 = "cybercube_portal.api.handlers.server_error"


def test_page__nothing_there__404_with_the_way_around(browser_session: Callable[[str], Client]) -> None:
    answer = browser_session("bob").get("/nothing/<script>/")
    page = answer.content.decode()

    assert answer.status_code == 404
    assert "Not found" in page
    assert "<script>/" not in page
    assert answer.headers["X-Request-ID"] in page
    assert 'href="/profile/"' in page


@pytest.mark.urls(__name__)
def test_page__our_fault__500_with_the_id_and_nothing_of_the_inside(browser_session: Callable[[str], Client]) -> None:
    session = browser_session("bob")
    session.raise_request_exception = False
    answer = session.get("/broken/")
    page = answer.content.decode()

    assert answer.status_code == 500
    assert "Something went wrong on our side" in page
    assert answer.headers["X-Request-ID"] in page
    assert "swordfish" not in page
    assert "RuntimeError" not in page


@pytest.mark.urls(__name__)
@pytest.mark.django_db(transaction=True)
def test_page__database_gone__503_that_needs_no_database(browser_session: Callable[[str], Client]) -> None:
    answer = browser_session("bob").get("/no-database/")
    connection.close()

    assert answer.status_code == 503
    assert "The portal cannot answer right now" in answer.content.decode()
    assert answer.headers["Retry-After"] == "5"


def test_page__form_without_token__403_that_says_what_to_do(db: None) -> None:
    answer = Client(enforce_csrf_checks=True).post("/login/", {"username": "bob"})

    assert answer.status_code == 403
    assert "This page was open too long" in answer.content.decode()


def test_page__host_that_is_not_ours__400(db: None) -> None:
    answer = Client(raise_request_exception=False).get("/login/", headers={"Host": "evil.example"})

    assert answer.status_code == 400
    assert "This could not be read" in answer.content.decode()


def test_page__any__no_inline_script_or_style_and_a_policy_that_forbids_them(
    browser_session: Callable[[str], Client],
) -> None:
    session = browser_session("admin")
    for address in ("/", "/login/", "/profile/", "/keys/", "/keys/issue/", "/people/", "/grants/", "/grants/grant/"):
        answer = session.get(address, follow=True)
        page = answer.content.decode()
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert " style=" not in page
        assert "<style" not in page
        assert "onclick=" not in page
        assert all("src=" in tag for tag in page.split("<script")[1:])
