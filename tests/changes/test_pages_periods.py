from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from changes.models import DeploymentWindow, Freeze, Template
from tests.changes.pages_words import Sessions, words_of
from tests.factories import changes as stories


def _period(**fields: Any) -> dict[str, Any]:
    return {
        "title": "Winter holidays",
        "timezone": "Europe/Berlin",
        "starts_at": "2026-12-23T00:00",
        "ends_at": "2027-01-02T00:00",
        "environments": ["prd"],
        **fields,
    }


def _freeze(**fields: Any) -> dict[str, Any]:
    return _period(**{"kind": "holiday", "hard": "on", **fields})


def _read(client: Client, address: str) -> str:
    return str(client.get(address).context["version_read"])


def test_freeze__written_published_and_passed_by_one_change__shown(held: datetime, browser_session: Sessions) -> None:
    change = stories.in_review(now=held)
    dan, ivan = browser_session("dan"), browser_session("ivan")

    dan.post("/freezes/new/", _freeze(rule="FREQ=YEARLY", excluded_dates="2027-12-24"))
    freeze = Freeze.objects.get()
    page = f"/freezes/{freeze.reference}/"
    ivan.post(f"{page}publish/")
    ivan.post(f"{page}exceptions/", {"change": change.number, "reason": "The tax table changes by law."})

    said = words_of(ivan.get(page))
    assert freeze.starts_at.isoformat() == "2026-12-22T23:00:00+00:00"
    assert "Upcoming" in said
    assert "No deployments, emergency changes only" in said
    assert "The tax table changes by law." in said
    assert "Wed 22 Dec 2027, 23:00" in said
    assert "The tax table changes by law." in words_of(ivan.get(f"/changes/{change.number}/"))


def test_freeze__custom__forbids_what_was_chosen(held: datetime, browser_session: Sessions) -> None:
    sent = _freeze(kind="custom", types=["normal"], risks=["high", "critical"], migrations_only="on")

    page = browser_session("dan").post("/freezes/new/", sent, follow=True)

    assert Freeze.objects.get().predicate == {"types": ["normal"], "risks": ["high", "critical"], "has_migration": True}
    assert "No normal changes at high or critical risk with a database migration" in words_of(page)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"timezone": "Mars/Olympus"}, "is not an IANA time zone"),
        ({"ends_at": "2026-12-01T00:00"}, "It would end before it starts."),
        ({"rule": "FREQ=SOMETIMES"}, "FREQ"),
        ({"starts_at": "2026-03-29T02:30"}, "does not exist in Europe/Berlin"),
        ({"excluded_dates": "Christmas"}, "Christmas is not a day"),
        ({"services": ["no-such-service"]}, "no-such-service"),
        ({"title": ""}, "Please fill this in."),
    ],
)
def test_freeze__something_wrong__nothing_written_everything_kept(
    fields: dict[str, Any], said: str, held: datetime, browser_session: Sessions
) -> None:
    page = browser_session("dan").post("/freezes/new/", _freeze(reason="Few people are around.", **fields))

    assert page.status_code == 422
    assert said in words_of(page)
    assert "Few people are around." in page.content.decode()
    assert not Freeze.objects.exists()


def test_freeze__edited_as_a_draft__shows_its_own_zones_clock(held: datetime, browser_session: Sessions) -> None:
    dan = browser_session("dan")
    dan.post("/freezes/new/", _freeze())
    freeze = Freeze.objects.get()

    shown = dan.get(f"/freezes/{freeze.reference}/edit/").content.decode()
    address = f"/freezes/{freeze.reference}/edit/"
    dan.post(address, _freeze(title="Quiet days", kind="custom", risks=["high"], version=_read(dan, address)))

    assert 'value="2026-12-23T00:00"' in shown
    assert "In your time zone" not in shown
    assert (Freeze.objects.get().title, Freeze.objects.get().predicate) == ("Quiet days", {"risks": ["high"]})
    again = dan.get(f"/freezes/{freeze.reference}/edit/").context["form"]
    assert (again.initial["kind"], again.initial["risks"]) == ("custom", ["high"])


def test_freeze__lifted_without_a_reason__asked_for_it_then_past(held: datetime, browser_session: Sessions) -> None:
    freeze = stories.freeze(now=held, starts_at=held, ends_at=held + timedelta(days=3))
    ivan = browser_session("ivan")

    asked = ivan.post(f"/freezes/{freeze.reference}/lift/", {"reason": ""})
    ivan.post(f"/freezes/{freeze.reference}/lift/", {"reason": "The event was cancelled."})

    assert asked.status_code == 422
    assert "Year end" not in words_of(ivan.get("/freezes/"))
    assert "Year end" in words_of(ivan.get("/freezes/?when=past"))
    assert "The event was cancelled." in words_of(ivan.get(f"/freezes/{freeze.reference}/"))


def test_exception__to_an_unknown_change_or_for_ones_own__refused(held: datetime, browser_session: Sessions) -> None:
    freeze = stories.freeze(now=held, starts_at=held, ends_at=held + timedelta(days=3))
    own = stories.draft(now=held, by="ivan")
    ivan = browser_session("ivan")
    address = f"/freezes/{freeze.reference}/exceptions/"

    assert ivan.post(address, {"change": "CR-2026-0101-999", "reason": "Please"}).status_code == 404
    refused = ivan.post(address, {"change": own.number, "reason": "Please"})
    assert refused.status_code == 409
    assert "Nobody grants an exception to their own change." in words_of(refused)


@pytest.mark.parametrize("verb", ["publish", "lift", "cancel", "exceptions"])
def test_freeze__verb_followed_as_a_link__only_opens_the_page(
    verb: str, held: datetime, browser_session: Sessions
) -> None:
    freeze = stories.freeze(now=held, published=False, starts_at=held, ends_at=held + timedelta(days=3))

    assert browser_session("ivan").get(f"/freezes/{freeze.reference}/{verb}/").status_code == 302
    assert Freeze.objects.get().state == "draft"


def test_freeze__by_an_engineer__no_buttons_and_refused(held: datetime, browser_session: Sessions) -> None:
    freeze = stories.freeze(now=held, starts_at=held, ends_at=held + timedelta(days=3))
    alice = browser_session("alice")

    said = words_of(alice.get(f"/freezes/{freeze.reference}/"))
    assert "Lift for everybody" not in said
    assert alice.post(f"/freezes/{freeze.reference}/lift/", {"reason": "I need to deploy."}).status_code == 403
    assert alice.post("/freezes/new/", _freeze()).status_code == 403


def test_window__opened_moved_and_removed(held: datetime, browser_session: Sessions) -> None:
    dan = browser_session("dan")
    sent = _period(title="Office hours", starts_at="2026-01-19T09:00", ends_at="2026-01-19T17:00", rule="FREQ=DAILY")
    dan.post("/windows/new/", sent)
    window = DeploymentWindow.objects.get()
    address = f"/windows/{window.reference}/edit/"
    dan.post(address, {**sent, "ends_at": "2026-01-19T16:00", "version": _read(dan, address)})

    said = words_of(dan.get("/windows/"))
    assert "Mon 19 Jan 2026, 08:00" in said
    assert "Mon 19 Jan 2026, 15:00" in said
    dan.post(f"/windows/{window.reference}/remove/")
    assert "No window restricts anybody" in words_of(dan.get("/windows/"))
    assert browser_session("alice").post("/windows/new/", sent).status_code == 403


def test_template__proposed__active_with_the_third_seat_and_offered(held: datetime, browser_session: Sessions) -> None:
    sent = {"title": "Scale search", "slug": "search-scale", "kind": "scale", "lowest": "2", "highest": "6"}
    sent |= {"services": ["search-api"]}  # type: ignore[dict-item]
    browser_session("alice").post("/templates/new/", sent)
    for username in ("ivan", "carol"):
        browser_session(username).post("/templates/search-scale/activate/")
    half = words_of(browser_session("dan").get("/templates/"))
    browser_session("dan").post("/templates/search-scale/activate/")

    assert "Proposed" in half
    assert "Sign to activate" in half
    assert Template.objects.get(slug="search-scale").state == "active"
    assert "Scale search" in words_of(browser_session("oscar").get("/changes/new/"))


def test_template__signed_twice_by_one_person__refused_with_the_reason(
    held: datetime, browser_session: Sessions
) -> None:
    ivan = browser_session("ivan")
    ivan.post("/templates/scale/retire/")

    again = ivan.post("/templates/scale/retire/")

    assert again.status_code == 409
    assert "You have signed already." in words_of(again)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "scale", "lowest": "", "highest": ""}, "takes replicas"),
        ({"kind": "scale", "lowest": "9", "highest": "2"}, "takes replicas"),
        ({"kind": "config-update", "lowest": "1", "highest": "2"}, "takes no bounds"),
        ({"slug": "scale"}, "There is a template scale already."),
        ({"slug": "not a slug"}, "Short name"),
    ],
)
def test_template__something_wrong__nothing_proposed(
    fields: dict[str, str], said: str, held: datetime, browser_session: Sessions
) -> None:
    sent = {"title": "Mine", "slug": "mine", "kind": "config-update", **fields}

    page = browser_session("alice").post("/templates/new/", sent)

    assert page.status_code in {409, 422}
    assert said in words_of(page)
    assert not Template.objects.filter(title="Mine").exists()
