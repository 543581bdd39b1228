from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from changes.actions.approvals import approve_change, refuse_change
from changes.actions.content import edit_change
from changes.views import inbox
from tests.changes.pages_words import LARGEST, Sessions, within_budget, words_of
from tests.factories import changes as stories
from tests.factories.people import Cast

ADDRESSES = ("/changes/", "/inbox/", "/freezes/", "/windows/", "/templates/", "/calendar/", "/changes/new/")


def _titles(page: object) -> list[str]:
    return [row.title for row in page.context["page"].rows]  # type: ignore[attr-defined]


@pytest.mark.parametrize("address", ADDRESSES)
def test_pages__company_at_work__stay_within_the_budget(
    address: str, held: datetime, cast: Cast, browser_session: Sessions
) -> None:
    stories.artifact(stories.service(), at=held)
    for number in range(8):
        change = stories.in_review(now=held, raised_to="high", title=f"Change {number}")
        approve_change(number=change.number, actor=cast.actor("carol"), now=held)
    stories.approved(now=held, by="bob", signers=("alice",))
    stories.freeze(now=held, starts_at=held, ends_at=held + timedelta(days=3), rule="FREQ=YEARLY")
    stories.window(now=held, starts_at=held, ends_at=held + timedelta(hours=2), rule="FREQ=DAILY")
    session = browser_session("bob")
    session.get("/changes/")

    with within_budget():
        page = session.get(address)

    assert page.status_code == 200
    assert len(page.content) < LARGEST


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ["Waits", "Drafted"]),
        ("?q=", ["Refused", "Waits", "Drafted"]),
        ("?q=is:in-review", ["Waits"]),
        ("?q=is:over", ["Refused"]),
        ("?q=is:draft,over", ["Refused", "Drafted"]),
        ("?q=requester:@me", ["Waits"]),
        ("?q=requester:bob,oscar", ["Refused", "Drafted"]),
        ("?q=risk:high,critical", ["Waits"]),
        ("?q=-risk:high", ["Refused", "Drafted"]),
        ("?q=type:standard", []),
        ("?q=service:search-api", ["Drafted"]),
        ("?q=team:payments", ["Refused", "Waits"]),
        ("?q=team:@me", ["Refused", "Waits"]),
        ("?q=environment:production", ["Refused", "Waits", "Drafted"]),
        ("?q=approver:@me", ["Refused"]),
        ("?q=scheduled:7d", ["Refused", "Waits", "Drafted"]),
        ("?q=scheduled:today", []),
        ("?q=created:2026-01-14", ["Refused", "Waits", "Drafted"]),
        ("?q=closed:2026", []),
        ("?q=sort:created", ["Drafted", "Waits", "Refused"]),
        ("?q=refus", ["Refused"]),
        ("?q=-refus+-waits", ["Drafted"]),
        ("?q=CR-2026-0114-002", ["Waits"]),
        ("?q=%00&after=nonsense", ["Refused", "Waits", "Drafted"]),
    ],
)
def test_list__narrowed__shows_what_was_asked_for(
    query: str, shown: list[str], held: datetime, cast: Cast, browser_session: Sessions
) -> None:
    stories.draft(now=held, by="oscar", title="Drafted", services=("search-api",), artifacts=())
    stories.in_review(now=held, title="Waits", raised_to="high")
    refused = stories.in_review(now=held, by="bob", title="Refused")
    refuse_change(number=refused.number, comment="No.", actor=cast.actor("alice"), now=held)

    page = browser_session("alice").get(f"/changes/{query}")

    assert _titles(page) == shown


def test_list__more_than_a_page__each_change_once(held: datetime, browser_session: Sessions) -> None:
    for number in range(53):
        stories.draft(now=held, title=f"Change {number}", artifacts=())
    session = browser_session("alice")
    first = session.get("/changes/")
    second = session.get(f"/changes/{first.context['page'].next}")
    back = session.get(f"/changes/{second.context['page'].previous}")

    assert len(set(_titles(first)) | set(_titles(second))) == len(_titles(first)) + len(_titles(second)) == 53
    assert _titles(back) == _titles(first)


def test_list__title_that_is_markup__shown_as_text(held: datetime, browser_session: Sessions) -> None:
    stories.draft(now=held, title="<script>alert(1)</script>")

    assert "<script>alert(1)</script>" not in browser_session("alice").get("/changes/").content.decode()


def test_inbox__changes_without_artifacts__wait_for_the_teams_people(held: datetime, browser_session: Sessions) -> None:
    stories.in_review(now=held, artifacts=(), title="Rotate a key")

    assert "Rotate a key" in words_of(browser_session("bob").get("/inbox/"))


def test_inbox__more_than_a_page_holds__longest_wait_first_and_the_rest_counted(
    held: datetime, browser_session: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "CARDS_SHOWN", 1)
    first = stories.in_review(now=held - timedelta(hours=1))
    stories.in_review(now=held)

    page = browser_session("bob").get("/inbox/")

    assert [card["change"].number for card in page.context["first"]] == [first.number]
    assert "1 more waits" in words_of(page)


def test_inbox__edited_since_signed__says_what_changed(held: datetime, cast: Cast, browser_session: Sessions) -> None:
    change = stories.half_signed(now=held)
    edit_change(
        number=change.number,
        version=change.version,
        changes={"rollback_plan": "Flip the flag."},
        actor=cast.actor("alice"),
        now=held,
    )

    page = browser_session("bob").get("/inbox/")

    (card,) = page.context["again"]
    (row,) = card["since"]
    assert (row["before"], row["after"]) == ("Revert to billing-service:v2.3.0", "Flip the flag.")
    assert "Edited since you signed" in words_of(page)


def test_inbox__refused_due_and_overdue__each_where_it_belongs(
    held: datetime, cast: Cast, browser_session: Sessions
) -> None:
    refused = stories.in_review(now=held, title="Refused by Bob")
    refuse_change(number=refused.number, comment="No.", actor=cast.actor("bob"), now=held)
    soon = stories.approved(now=held, title="Soon", scheduled_time=held + timedelta(hours=25), artifacts=())
    overdue = stories.authorised(now=held, started_at=held - timedelta(hours=30))

    page = browser_session("alice").get("/inbox/")
    concerns = page.context["concerns"]
    assert [row.number for row in concerns.records] == [overdue.number]
    assert "Overdue" in words_of(page)
    assert refused.number in {row.number for row in concerns.own}
    assert soon.number not in {row.number for row in concerns.own}
    assert browser_session("oscar").get("/inbox/").context["concerns"].records == ()
