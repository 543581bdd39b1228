from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from cybercube_portal.api.problems import is_for_programs
from cybercube_portal.audit.models import Event
from cybercube_portal.record.cloud_events import is_shared
from tests.factories.people import PASSWORD, Cast

# A calendar program cannot log in: the address itself is the secret.
# Feeds come with a key where a reader has no session: they refuse by themselves.
OPEN_TO_STRANGERS = {
    "login/",
    "preferences/",
    "badges/<str:token>/<slug:slug>.svg",
    "calendar/<str:token>.ics",
    "releases.atom",
    "services/<slug:slug>/releases.atom",
}
AUTHENTICATE_THEMSELVES = ("api/", "admin/", "health", "metrics")


def log_in(client: Client, username: str = "bob", password: str = PASSWORD, **more: str) -> Any:
    return client.post("/login/", {"username": username, "password": password, **more})


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "") -> list[tuple[str, Any]]:
    found = []
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += routes(pattern.url_patterns, route)
        else:
            found.append((route, pattern.callback))
    return found


def test_log_in__right_password__leads_home(cast: Cast, client: Client) -> None:
    answer = log_in(client)

    assert answer.status_code == 302
    assert answer.headers["Location"] == settings.LOGIN_REDIRECT_URL
    assert client.get("/profile/").status_code == 200


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        ("/grants/?after=x", "/grants/?after=x"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_log_in__next__only_ever_an_address_of_ours(wanted: str, led_to: str, cast: Cast, client: Client) -> None:
    assert log_in(client, next=wanted).headers["Location"] == led_to


def test_log_in__wrong_password__says_so_and_keeps_the_user_name(cast: Cast, client: Client) -> None:
    answer = log_in(client, password="guess")

    assert answer.status_code == 422
    assert "do not fit" in answer.content.decode()
    assert 'value="bob"' in answer.content.decode()
    assert "guess" not in answer.content.decode()


def test_log_in__user_name_longer_than_any__refused_as_a_form(cast: Cast, client: Client) -> None:
    answer = log_in(client, username="b" * 300)

    assert answer.status_code == 422
    assert "at most 150 characters" in answer.content.decode()


def test_log_in__five_wrong_passwords__locked_out_and_told_for_how_long_even_with_the_right_one(
    cast: Cast, client: Client
) -> None:
    answers: list[HttpResponse] = [log_in(client, password=f"guess {number}") for number in range(5)]
    right = log_in(client)
    colleague = log_in(Client(), username="alice")

    assert answers[-1].status_code == 429
    assert right.status_code == 429
    assert "15 minutes" in right.content.decode()
    assert right.headers["Retry-After"] == "900"
    assert colleague.status_code == 302


def kept() -> list[tuple[str, str, dict[str, Any]]]:
    rows = Event.objects.filter(verb__startswith="session.").order_by("pk")
    return [(row.verb, row.actor["id"], row.data) for row in rows]


def test_log_in_and_out__are_on_record_with_the_address_and_stay_private(cast: Cast, client: Client) -> None:
    log_in(client)
    client.post("/logout/")

    here = {"address": "127.0.0.1"}
    assert kept() == [("session.opened", "bob", here), ("session.closed", "bob", here)]
    assert set(Event.objects.filter(subjects__contains=["user:bob"])) == set(Event.objects.all())
    assert not any(is_shared(verb) for verb, _, _ in kept())


def test_log_in__refused__is_on_record_without_what_was_typed_and_a_lock_out_once(cast: Cast, client: Client) -> None:
    for number in range(9):
        log_in(client, password=f"hunter-{number}")
    log_in(client)
    log_in(client, username="hunter-2")
    log_in(client, username="", password="hunter-2")
    log_in(client, username="bob\x00", password="hunter-2")

    wrong = ("session.refused", "portal", {"because": "wrong_credentials", "address": "127.0.0.1"})
    locked = ("session.refused", "portal", {"because": "locked_out", "address": "127.0.0.1"})
    assert kept() == [wrong] * 4 + [locked]
    for row in Event.objects.all():
        assert "hunter" not in str([row.data, row.object_id, row.subjects, row.before, row.after])


def test_log_in__service_account__never(cast: Cast, client: Client) -> None:
    assert log_in(client, username="ci-payments", password="!").status_code == 422


def test_every_page__session_over_while_somebody_asks_for_a_fragment__the_whole_page_goes_to_log_in(
    db: None, client: Client
) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/people/?page=2"}
    answer = client.get("/go/?q=a", headers=headers)

    assert answer.headers["HX-Redirect"] == "/login/?next=/people/%3Fpage%3D2"


def test_every_page__signed_in__kept_by_no_shared_cache(browser_session: Callable[[str], Client]) -> None:
    assert browser_session("bob").get("/people/").headers["Cache-Control"] == "private, no-cache"


def test_log_out__by_a_link__refused_with_a_page_that_explains(browser_session: Callable[[str], Client]) -> None:
    session = browser_session("bob")
    answer = session.get("/logout/")

    assert answer.status_code == 405
    assert "only takes what a button sends" in answer.content.decode()
    assert session.get("/profile/").status_code == 200


def test_log_out__posted__the_session_is_over(browser_session: Callable[[str], Client]) -> None:
    session = browser_session("bob")
    session.post("/logout/")

    assert session.get("/profile/").headers["Location"] == "/login/?next=/profile/"


def test_every_page__stranger__led_to_the_log_in_page(db: None, client: Client) -> None:
    """Closed by default: a view opens itself to strangers only by standing in the list above."""
    opened = {
        route
        for route, view in routes(get_resolver().url_patterns)
        if not route.startswith(AUTHENTICATE_THEMSELVES)
        and not is_for_programs(f"/{route}")
        and not getattr(view, "login_required", True)
    }

    assert opened == OPEN_TO_STRANGERS
    for path in (
        "/",
        "/profile/",
        "/keys/",
        "/keys/issue/",
        "/people/",
        "/grants/",
        "/grants/grant/",
        "/waiting/count/",
    ):
        answer = client.get(path)
        assert answer.status_code == 302
        assert answer.headers["Location"] == f"/login/?next={path}"


# What a page asks as it loads or every few seconds, by its route, or by the name under which a template is handed the address.
BY_ITSELF = re.compile(r"""hx-(?:get|post)="{(?:% url "([\w-]+)"[^%]*%|{ (\w+) })}" hx-trigger="(?:load|every)""")
HANDED = {"preview_url": "change-preview", "live_url": "change-live"}
ARGUMENTS = {"change-live": ["CR-2026-0101-001"], "gate-change": ["CR-2026-0101-001"], "deployment-watch": ["DEP-001"]}


def test_page__logged_out_meanwhile__stays_as_it_is_whatever_it_asks_by_itself(db: None, client: Client) -> None:
    """Somebody may have typed into it: the log-in page would take its place."""
    templates = (settings.BASE_DIR / "templates").rglob("*.html")
    found = {
        name or HANDED[handed]
        for path in templates
        for name, handed in BY_ITSELF.findall(path.read_text(encoding="utf-8"))
    }

    assert found >= {"unread-count", "waiting-count", *ARGUMENTS, *HANDED.values()}
    for name in sorted(found):
        answer = client.get(reverse(name, args=ARGUMENTS.get(name)), headers={"HX-Request": "true"})
        assert answer.status_code == 286, name
        assert "HX-Redirect" not in answer.headers, name
