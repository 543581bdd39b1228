"""Would it pass? The page answers as REST does, keeps nothing, and shows the days ahead."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.core.cache import cache
from django.test import Client

from changes.models import Freeze
from tests.releases.asking import FORECAST, SERVICE, VERSION, decisions
from tests.releases.page_words import MOST_QUERIES, QUESTION, asked_over_rest, in_any_order, public, queries_of, words

Session = Callable[[str], Client]
Hold = Callable[[datetime], datetime]
MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC")


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    cache.clear()


@pytest.fixture
def alice(browser_session: Session) -> Client:
    return browser_session("alice")


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"environment": "stg"},
        {"version": "v9.9.9"},
        {"service": "no-such-service"},
        {"action": "rollback", "version": "2.3.1"},
        {"change": "CR-2020-0101-001"},
        {"at": "2026-01-15T12:00:00+00:00"},
    ],
)
@pytest.mark.usefixtures("approved")
def test_ask__as_over_rest__the_same_answer_and_nothing_kept(members: dict[str, str], alice: Client) -> None:
    body = asked_over_rest(alice, dry_run=True, **members)
    form = {**QUESTION, "action": "deploy", "change": "", **members, "at": members.get("at", "")[:16]}
    page = alice.get("/gate/ask/", form)

    answer = page.context["answer"]
    assert answer.outcome == body["decision"]
    assert in_any_order(public(answer.reasons)) == in_any_order(body["reasons"])
    assert answer.summary == body["summary"]
    told = [" ".join(reason["message"].split()) for reason in body["reasons"]]
    # A page writes moments by its reader's clock.
    assert all(part in words(page) for message in told for part in MOMENT.split(message))
    assert not decisions().exists()


@pytest.mark.usefixtures("approved")
def test_ask__time_in_the_persons_zone__is_judged_there(alice: Client, slot: datetime) -> None:
    alice.post("/profile/timezone/", {"timezone": "Europe/Berlin"})
    page = alice.get("/gate/ask/", {**QUESTION, "action": "deploy", "at": "2026-01-15T13:00"})
    assert page.context["answer"].decided_at == slot
    assert page.context["answer"].outcome == "allow"
    assert "judged at Thu 15 Jan 2026, 13:00" in words(page)


@pytest.mark.usefixtures("approved")
def test_ask__a_freeze_within_the_slot__the_days_ahead_are_those_of_the_forecast_with_what_blocks(
    alice: Client, slot: datetime, held: datetime, freeze_from: Callable[..., Freeze]
) -> None:
    freeze_from(slot + timedelta(minutes=30), hours=0.5)
    end = held + timedelta(days=14)
    body = asked_over_rest(alice, FORECAST, to=end.isoformat())
    rows = alice.get("/gate/ask/", {**QUESTION, "action": "deploy"}).context["rows"]

    slots = [(datetime.fromisoformat(one["start"]), datetime.fromisoformat(one["end"])) for one in body["slots"]]
    assert [(row.span.start, row.span.end) for row in rows if row.is_open] == slots
    assert (rows[0].span.start, rows[-1].span.end) == (held, end)
    assert all(before.span.end == row.span.start for before, row in pairwise(rows))
    blocked = [[reason.code for reason in row.reasons] for row in rows if not row.is_open]
    assert blocked == [["schedule.slot_not_open"], ["freeze.covers_window"], ["schedule.slot_over"]]
    assert [row.length for row in rows] == ["1d2h", "30m", "30m", "30m", "12d20h30m"]


@pytest.mark.usefixtures("artifact")
def test_ask__nothing_approved__free_stretches_are_not_promised(alice: Client) -> None:
    text = words(alice.get("/gate/ask/", {**QUESTION, "action": "deploy"}))
    assert "Waiting does not settle 1 of the reasons above: a free stretch holds once it is." in text
    assert "14d Free Nothing" in text


@pytest.mark.usefixtures("_shop")
@pytest.mark.parametrize(
    ("sent", "field", "message"),
    [
        ({"service": ""}, "service", "Please fill this in."),
        ({"version": ""}, "version", "To deploy, name a version such as v2.3.1 (§3.2)."),
        ({"version": "<script>"}, "version", "“<script>” is not a version"),
        ({"version": "v1\x00"}, "version", "Null characters are not allowed."),
        ({"environment": "moon"}, "environment", "Select a valid choice. moon is not one of the available choices."),
        ({"action": "explode"}, "action", "Select a valid choice. explode is not one of the available choices."),
        ({"service": "s" * 65}, "service", "Ensure this value has at most 64 characters (it has 65)."),
        ({"change": "C" * 25}, "change", "Ensure this value has at most 24 characters (it has 25)."),
        ({"at": "tomorrow"}, "at", "Enter a valid date/time."),
    ],
)
def test_ask__what_means_nothing__is_said_at_its_field_and_the_rest_is_kept(
    sent: dict[str, str], field: str, message: str, alice: Client
) -> None:
    page = alice.get("/gate/ask/", {**QUESTION, "action": "deploy", "change": "CR-1", **sent})
    form = page.context["form"]
    assert page.status_code == 422
    assert list(form.errors) == [field]
    assert message in form.errors[field][0]
    kept = {"service": SERVICE, "version": VERSION, "change": "CR-1", **sent}
    assert all(form[name].value() == value for name, value in kept.items())
    assert "<script>" not in page.content.decode().replace("<script src", "")


@pytest.mark.usefixtures("artifact")
def test_ask__a_link_that_says_half__fills_in_the_form_and_asks_nothing(alice: Client) -> None:
    page = alice.get("/gate/ask/", {"service": SERVICE})
    assert page.status_code == 200
    assert page.context["form"]["service"].value() == SERVICE
    assert "answer" not in page.context
    assert page.context["versions"] == [VERSION]


@pytest.mark.usefixtures("approved")
def test_ask__answered__stays_within_the_budget_of_queries(alice: Client) -> None:
    path = "/gate/ask/?service=billing-service&version=v2.3.1&environment=prd&action=deploy"
    assert queries_of(alice, path) <= MOST_QUERIES
