"""What every list does with a query: shown on the list of changes, and that no list breaks on any text."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from datetime import datetime
from html import unescape
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from changes.models import ChangeRequest
from cybercube_portal.pages.lists import PLACES
from cybercube_portal.people.models import User
from cybercube_portal.query import Asker, parse, read
from cybercube_portal.web import lists
from cybercube_portal.web.counts import Count, count_of
from cybercube_portal.web.csv_files import cell_of
from tests.changes.pages_words import LARGEST, Sessions, within_budget, words_of
from tests.factories import changes as stories
from tests.factories.people import Cast


@pytest.fixture
def held(now: datetime, clock_at: Callable[[datetime], datetime], cast: Cast) -> datetime:
    stories.service("billing-service")
    stories.service("search-api", team="search")
    return clock_at(now)


def text_of(file: Any) -> str:
    """A file that was sent piece by piece."""
    return b"".join(file.streaming_content).decode()


def links_of(page: Any) -> dict[str, str]:
    """The queries that the links of a page lead to, by their words."""
    text = page.content.decode()
    found = re.findall(r'<a[^>]*href="\?q=([^"]*)"[^>]*>(.*?)</a>', text, re.DOTALL)
    # The help comes last: where it says the same, the first link counts.
    return {" ".join(re.sub(r"<[^>]*>", " ", words).split()): unescape(query) for query, words in reversed(found)}


@pytest.mark.parametrize(
    ("query", "says", "leads"),
    [
        (
            "tpye:normal",
            "This list has no word “tpye”.",
            {"type:normal": "type%3Anormal", "Look for it as text": "%22tpye%3Anormal%22"},
        ),
        ("env:prd is:open", "no word “env”", {"environment:prd": "environment%3Aprd+is%3Aopen"}),
        (
            "type:normal,standrad",
            "there is no “standrad”; it is one of standard, normal, emergency",
            {"type:normal,standard": "type%3Anormal%2Cstandard"},
        ),
        ("-risk:hgih", "there is no “hgih”", {"-risk:high": "-risk%3Ahigh"}),
        (
            "service:billing-servce",
            "there is no “billing-servce”.",
            {"service:billing-service": "service%3Abilling-service"},
        ),
        ("team:paymnets", "there is no “paymnets”.", {"team:payments": "team%3Apayments"}),
        ("requester:alcie", "there is no “alcie”.", {"requester:alice": "requester%3Aalice"}),
        ("sort:schedule", "sort: there is no “schedule”", {"sort:scheduled": "sort%3Ascheduled"}),
        ("sort:created sort:scheduled", "sort: names one order", {}),
        ("created:soon", "“soon” is no time", {}),
        ("is:", "is: needs a value, such as is:open.", {}),
        ("xyzzy:1", "This list has no word “xyzzy”.", {}),
        ("x" * 600, "The query is too long", {}),
    ],
)
def test_list__query_not_understood__fits_nothing_and_says_what_was_meant(
    query: str, says: str, leads: dict[str, str], held: datetime, browser_session: Sessions
) -> None:
    stories.draft(now=held)

    page = browser_session("alice").get("/changes/", {"q": query})

    assert page.status_code == 200
    assert page.context["page"].rows == ()
    assert says in words_of(page)
    links = links_of(page)
    assert {words: links.get(words) for words in leads} == leads


def test_chips__of_a_query__mark_what_it_says_and_lead_to_it_without(held: datetime, browser_session: Sessions) -> None:
    session = browser_session("alice")
    stories.draft(now=held, by="bob", title="Tax")
    page = session.get("/changes/", {"q": "IS:Open type:normal,standard -risk:high requester:bob tax sort:scheduled"})
    listed = page.context["shown"]

    assert listed.text == "is:open type:normal,standard -risk:high requester:bob tax sort:scheduled"
    on = {chip.label for _, chips in listed.groups for chip in chips if chip.active}
    assert on == {"Open", "Normal", "Standard"}
    assert [chip.label for chip in listed.rest] == ["-risk:high", "requester:bob", "tax"]
    links = links_of(page)
    rest = "-risk%3Ahigh+requester%3Abob+tax+sort%3Ascheduled"
    assert links["Drafts"] == f"is%3Adraft+type%3Anormal%2Cstandard+{rest}"
    assert links["All"] == f"type%3Anormal%2Cstandard+{rest}"
    assert links["Standard"] == f"is%3Aopen+type%3Anormal+{rest}"
    assert links["High risk"] == f"is%3Aopen+type%3Anormal%2Cstandard+{rest}+risk%3Ahigh"
    assert links["tax take away"] == "is%3Aopen+type%3Anormal%2Cstandard+-risk%3Ahigh+requester%3Abob+sort%3Ascheduled"
    assert links["Slot"].endswith("tax+sort%3A-scheduled")


@pytest.mark.parametrize("name", PLACES)
def test_examples__of_every_word_of_every_list__are_understood(
    name: str, held: datetime, browser_session: Sessions
) -> None:
    place, session = PLACES[name], browser_session("alice")
    stories.in_review(now=held)
    unknown = re.compile("there is no “(routine-deployment|billing-service)”")

    for word in place.listing.language.words:
        page = session.get(place.address(f"{word.name}:{word.example}"))
        problems = [row.problem.message for row in page.context["shown"].complaints]
        assert [text for text in problems if not unknown.search(text)] == []
        assert page.context["shown"].counted
    for order in place.listing.language.orders:
        assert not session.get(place.address(f"sort:{order}")).context["shown"].complaints
    file = session.get(place.address("") + "&format=csv")
    assert file.headers["Content-Type"].startswith("text/csv")
    assert text_of(file).startswith(str(place.listing.columns[0].title))


WORDY = st.lists(
    st.one_of(
        st.text(max_size=12),
        st.builds(
            lambda sign, word, sep, values: f"{sign}{word}{sep}{','.join(values)}",
            st.sampled_from(["", "-"]),
            st.sampled_from(
                sorted({word.name for place in PLACES.values() for word in place.listing.language.words} | {"sort"})
            ),
            st.sampled_from([":", ":<", ":>=", ""]),
            st.lists(
                st.one_of(st.sampled_from(["open", "@me", "2026-01", "7d", "..", "prd", "alice"]), st.text(max_size=6)),
                max_size=2,
            ),
        ),
    ),
    max_size=4,
).map(" ".join)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=WORDY)
def test_read__any_text__is_a_filter_the_database_takes(query: str, held: datetime) -> None:
    asker = Asker(id=1, username="alice", team="payments", now=held, zone=held.tzinfo)  # type: ignore[arg-type]
    for place in PLACES.values():
        found = read(parse(query), place.listing.language, asker)
        assert list(place.listing.rows().filter(found.where).order_by(*found.order)[:1]) is not None
        again = read(parse(str(found.query)), place.listing.language, asker)
        assert [row.message for row in again.problems] == [row.message for row in found.problems]


@pytest.mark.parametrize("name", PLACES)
def test_list__every_kind_of_word_at_once__stays_within_the_budget(
    name: str, held: datetime, browser_session: Sessions
) -> None:
    session = browser_session("alice")
    session.get("/")
    stories.draft(now=held)
    language = PLACES[name].listing.language
    known = {"service": "billing-service", "team": "@me", "template": "routine-deployment"}
    query = " ".join(f"{word.name}:{known.get(word.name, word.example)}" for word in language.words)

    with within_budget():
        page = session.get(PLACES[name].address(query))
    assert page.context["shown"].complaints == []
    assert len(page.content) < LARGEST


def test_file__of_a_query__holds_exactly_its_rows_and_no_formula(
    held: datetime, browser_session: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        stories.draft(now=held, title=f"Change {number}", artifacts=())
    stories.draft(now=held, title='=HYPERLINK("https://evil.example", "x")', artifacts=())
    stories.draft(now=held, by="oscar", title="Not mine", services=("search-api",), artifacts=())
    session = browser_session("alice")

    page = session.get("/changes/", {"q": "requester:@me sort:created"})
    link = re.search(r'href="(\?[^"]*format=csv)"', page.content.decode())
    assert link is not None
    answer = session.get("/changes/" + unescape(link[1]))
    rows = list(csv.DictReader(text_of(answer).splitlines()))

    assert [row["Title"] for row in rows] == [
        *(f"Change {number}" for number in range(5)),
        '\'=HYPERLINK("https://evil.example", "x")',
    ]
    assert rows[0]["Services"] == "billing-service"
    assert rows[0]["Slot"] == "2026-01-15T12:00:00Z"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="changes-2026-01-14.csv"'
    assert session.get("/changes/", {"q": "tpye:x", "format": "csv"}).status_code == 400

    monkeypatch.setattr(lists, "MOST_IN_FILE", 3)
    answer = session.get("/changes/", {"q": "", "format": "csv"})
    assert len(text_of(answer).splitlines()) == 1 + 3
    assert "CSV of the first 3" in words_of(session.get("/changes/", {"q": ""}))


@pytest.mark.parametrize("sign", list("=+-@\t\r＝＋－＠"))  # noqa: RUF001
def test_cell__that_begins_a_formula__is_quoted(sign: str) -> None:
    assert cell_of(f"{sign}1+1") == f"'{sign}1+1"
    assert cell_of([f"{sign}x", "y"]) == f"'{sign}x y"
    assert cell_of(-1) == -1


def test_count__beyond_what_is_counted__is_estimated_and_said_to_be(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert count_of(ChangeRequest.objects.all()) == Count(0)
    assert count_of(User.objects.all()) == Count(len(User.objects.all()))
    assert Count(34_000, about=True).said("34,000 changes") == "about 34,000 changes"

    monkeypatch.setattr("cybercube_portal.web.counts.EXACT", 2)
    found = count_of(User.objects.all())
    assert found.about
    assert found.number >= 2
    assert Count(12_345).shown == "12,345"
