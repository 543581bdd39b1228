from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from cybercube_portal.people.models import User
from tests.factories.people import PASSWORD, Cast

NEW = "four quiet herons walk"


def change_password(session: Client, **fields: str) -> Any:
    typed = {"old_password": PASSWORD, "new_password": NEW, "again": NEW, **fields}
    return session.post("/profile/password/", typed)


def test_profile__roles__those_in_force_with_team_and_end(browser_session: Callable[[str], Client]) -> None:
    page = browser_session("bob").get("/profile/").content.decode()

    assert "Tech lead" in page
    assert "Payments" in page
    assert "no end" in page


def test_set_timezone__known__every_time_is_shown_in_it(browser_session: Callable[[str], Client]) -> None:
    session = browser_session("bob")
    answer = session.post("/profile/timezone/", {"timezone": "Asia/Kolkata"}, follow=True)

    assert "Times are now shown in Asia/Kolkata." in answer.content.decode()
    assert User.objects.get(username="bob").timezone == "Asia/Kolkata"
    assert "Asia/Kolkata" in session.get("/keys/issue/").content.decode()


@pytest.mark.parametrize("typed", ["Berlin", "", "Europe/Berlin\x00", "../../etc/passwd"])
def test_set_timezone__unknown__refused_at_the_field_with_what_was_typed(
    typed: str, browser_session: Callable[[str], Client]
) -> None:
    answer = browser_session("bob").post("/profile/timezone/", {"timezone": typed})

    assert answer.status_code == 422
    assert 'id="id_timezone_error"' in answer.content.decode()
    assert User.objects.get(username="bob").timezone == "UTC"


def test_set_password__right_and_strong__this_session_goes_on_the_others_end(
    cast: Cast, browser_session: Callable[[str], Client]
) -> None:
    here, elsewhere = browser_session("bob"), browser_session("bob")
    answer = change_password(here)

    assert answer.status_code == 302
    assert here.get("/profile/").status_code == 200
    assert elsewhere.get("/profile/").status_code == 302
    assert Client().post("/login/", {"username": "bob", "password": NEW}).status_code == 302


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"old_password": "not mine"}, "old_password"),
        ({"again": "four quiet herons fly"}, "again"),
        ({"new_password": "short", "again": "short"}, "new_password"),
        ({"new_password": "password1234", "again": "password1234"}, "new_password"),
        ({"new_password": "bob baker bob", "again": ""}, "again"),
    ],
)
def test_set_password__wrong_weak_or_mistyped__refused_at_its_field(
    fields: dict[str, str], field: str, browser_session: Callable[[str], Client]
) -> None:
    answer = change_password(browser_session("bob"), **fields)

    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert User.objects.get(username="bob").check_password(PASSWORD)


def test_set_password__guessed_five_times__locked_out(browser_session: Callable[[str], Client]) -> None:
    session = browser_session("bob")
    answers = [change_password(session, old_password=f"guess {number}") for number in range(5)]

    assert answers[-1].status_code == 429
    assert change_password(session).status_code == 429
    assert User.objects.get(username="bob").check_password(PASSWORD)


@pytest.mark.parametrize("theme", ["light", "dark", "auto"])
def test_set_preferences__theme__is_in_the_first_byte_of_the_next_page(theme: str, db: None, client: Client) -> None:
    answer = client.post("/preferences/", {"theme": theme, "next": "/login/"})

    assert answer.headers["Location"] == "/login/"
    assert f'data-scheme="{theme}"' in client.get("/login/").content.decode()


def test_set_preferences__nonsense__changes_nothing_and_leads_nowhere_else(db: None, client: Client) -> None:
    answer = client.post("/preferences/", {"theme": '"><script>', "keys": "maybe", "next": "https://evil.example/"})

    assert answer.headers["Location"] == "/"
    assert not answer.cookies


def test_set_preferences__single_keys_off__the_page_says_so(browser_session: Callable[[str], Client]) -> None:
    session = browser_session("bob")
    session.post("/preferences/", {"keys": "off", "next": "/profile/"})
    page = session.get("/profile/").content.decode()

    assert 'data-keys="off"' in page
    assert "Switch single keys on" in page
