"""The gate's log and its decisions as pages: what REST says, nothing written by looking, and nobody who may not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape

import pytest
from django.core.cache import cache
from django.test import Client
from rest_framework.test import APIClient

from changes.actions.approvals import approve_change
from changes.models import ChangeRequest
from cybercube_portal import clock
from cybercube_portal.people.models import Grant, User
from cybercube_portal.web.paging import PAGE_SIZE
from releases.models import Deployment
from tests.factories import changes as story
from tests.releases.asking import DIGEST, URL, Ask, evaluations
from tests.releases.conftest import NAMED
from tests.releases.page_words import MOST_QUERIES, asked_over_rest, in_any_order, public, queries_of, words

Session = Callable[[str], Client]
Hold = Callable[[datetime], datetime]


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    cache.clear()


@pytest.fixture
def alice(browser_session: Session) -> Client:
    return browser_session("alice")


PATHS = (
    "/gate/",
    "/gate/ask/",
    "/gate/changes/CR-2026-0114-001/",
    "/gate/00000000-0000-4000-8000-000000000000/",
)


@pytest.mark.parametrize("path", PATHS)
def test_page__stranger__is_sent_to_log_in(path: str, db: None, client: Client) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/login/?next={path}")


@pytest.mark.usefixtures("approved")
@pytest.mark.parametrize("path", PATHS)
def test_page__somebody_without_a_role__is_refused(path: str, alice: Client) -> None:
    Grant.objects.filter(user=User.objects.get(username="alice")).delete()
    assert alice.get(path).status_code == 403


@pytest.mark.usefixtures("approved")
def test_change__somebody_without_a_role__is_shown_without_the_gate(approved: ChangeRequest, alice: Client) -> None:
    Grant.objects.filter(user=User.objects.get(username="alice")).delete()
    page = alice.get(f"/changes/{approved.number}/")
    assert page.status_code == 200
    assert "At the gate" not in words(page)


@pytest.mark.usefixtures("_shop")
def test_log__nothing_asked_yet__shows_a_call_to_copy(alice: Client) -> None:
    page = alice.get("/gate/")
    text = unescape(page.content.decode())
    assert "http://127.0.0.1:8000/api/v1/gate/decisions/?strict=1" in text
    assert '"environment": "prd"' in text
    assert "No pipeline has asked yet." in text


def test_log__decisions__newest_first_with_the_last_answer_and_what_is_first_in_the_way(
    ask: Ask, approved: ChangeRequest, held: datetime, clock_at: Hold, alice: Client
) -> None:
    waiting = ask(actor="alice")
    clock_at(held + timedelta(minutes=1))
    denied = ask(version="v9.9.9")
    page = alice.get("/gate/")

    assert [str(row.pk) for row in page.context["page"].rows][:2] == [denied["id"], waiting["id"]]
    text = words(page)
    assert "billing-service:v9.9.9 prd Deny billing-service:v9.9.9 is not registered. and 3 more" in text
    assert "Wait The change is scheduled for Thu 15 Jan 2026, 12:00" in text
    assert f"{approved.number} ci-payments for alice" in text


def test_log__filters__narrow_alone_and_together(
    ask: Ask, api: Callable[..., APIClient], approved: ChangeRequest, alice: Client
) -> None:
    waiting, staging, unknown = ask(), ask(environment="stg"), ask(version="v9.9.9")
    other = ask(api("ci-search", scopes=["gate"]), service="search-api", version="v1.0.0")

    before = str(Deployment.objects.get().decision_id)

    def found(query: str) -> set[str]:
        return {str(row.pk) for row in alice.get("/gate/", {"q": query}).context["page"].rows} - {before}

    assert found("") == {waiting["id"], staging["id"], unknown["id"], other["id"]}
    assert found("is:wait") == {waiting["id"]}
    assert found("is:deny") == {unknown["id"], other["id"]}
    assert found("environment:stg") == {staging["id"]}
    assert found("service:search-api") == {other["id"]}
    assert found("team:@me") == {waiting["id"], staging["id"], unknown["id"]}
    assert found("team:payments is:deny") == {unknown["id"]}
    assert found(f"change:{approved.number}") == {waiting["id"]}
    assert found("-is:deny,wait") == {staging["id"]}
    assert found("version:v9.9.9") == found("v9.9") == {unknown["id"]}
    assert found("by:ci-search action:deploy") == {other["id"]}
    assert found("asked:today sort:asked") == found("")
    assert found("is:maybe") == found("environment:moon") == found("service:a\x00b") == set()


@pytest.mark.usefixtures("approved")
def test_log__filter_by_outcome__goes_by_the_last_answer(
    ask: Ask, ci: APIClient, slot: datetime, clock_at: Hold, alice: Client
) -> None:
    waiting = ask()
    clock_at(slot)
    ci.get(f"{URL}{waiting['id']}/")

    assert not alice.get("/gate/?q=is:wait").context["page"].rows
    rows = alice.get("/gate/?q=is:allow+environment:prd").context["page"].rows
    assert [str(row.pk) for row in rows] == [waiting["id"]]


@pytest.mark.usefixtures("_shop")
def test_log__filter_by_a_change_nobody_filed__finds_who_named_it(ask: Ask, alice: Client) -> None:
    named = ask(change="CR-2020-0101-001")
    rows = alice.get("/gate/?q=change:CR-2020-0101-001").context["page"].rows
    assert [str(row.pk) for row in rows] == [named["id"]]


@pytest.mark.usefixtures("artifact")
def test_log__more_than_a_page__shows_each_once_and_keeps_the_filter(ask: Ask, alice: Client) -> None:
    for _ in range(PAGE_SIZE + 3):
        ask()
    first = alice.get("/gate/?q=environment:prd")
    second = alice.get(f"/gate/{first.context['page'].next}")
    rows = [row.pk for page in (first, second) for row in page.context["page"].rows]

    assert "environment%3Aprd" in first.context["page"].next
    assert len(rows) == len(set(rows)) == PAGE_SIZE + 3
    assert queries_of(alice, "/gate/") <= MOST_QUERIES


def test_decision__as_over_rest__every_reason_and_the_same_summary(
    ask: Ask, approved: ChangeRequest, alice: Client
) -> None:
    body = ask(run={"provider": "github", "id": "17", "url": "https://ci.example.com/17"}, actor="alice")
    page = alice.get(f"/gate/{body['id']}/")

    answer = page.context["answer"]
    assert in_any_order(public(answer.reasons)) == in_any_order(body["reasons"])
    text = words(page)
    assert all(" ".join(reason["message"].split()) in text for reason in body["reasons"])
    assert answer.summary == body["summary"]
    assert "**Waiting**: deploy billing-service v2.3.1 in prd under" in text
    assert DIGEST in text
    assert '<a href="https://ci.example.com/17" rel="noopener noreferrer">github 17</a>' in page.content.decode()
    assert [reason.outcome.value for reason in answer.blocking] == ["pending"]


@pytest.mark.usefixtures("approved")
def test_decision__allowed__says_how_long_the_token_holds_and_never_shows_it(
    ask: Ask, slot: datetime, clock_at: Hold, alice: Client
) -> None:
    clock_at(slot)
    body = ask()
    page = alice.get(f"/gate/{body['id']}/")
    assert "Token Valid until Thu 15 Jan 2026, 12:15" in words(page)
    assert body["token"] not in page.content.decode()

    clock_at(slot + timedelta(minutes=15))
    assert "Token Expired Thu 15 Jan 2026, 12:15" in words(alice.get(f"/gate/{body['id']}/"))


@pytest.mark.usefixtures("artifact")
def test_decision__waited__shows_what_settled_and_not_every_look(
    ask: Ask, ci: APIClient, slot: datetime, clock_at: Hold, alice: Client
) -> None:
    held = clock.now()
    change = story.in_review(now=held, scheduled_time=slot, artifacts=(NAMED,))
    body = ask()
    for minute in (1, 2, 3):
        clock_at(held + timedelta(minutes=minute))
        ci.get(f"{URL}{body['id']}/")
    approve_change(number=change.number, actor=story.actor("bob"), now=held)
    clock_at(held + timedelta(minutes=5))
    ci.get(f"{URL}{body['id']}/")
    clock_at(slot)
    ci.get(f"{URL}{body['id']}/")
    page = alice.get(f"/gate/{body['id']}/")

    asked, first, signed, opened = page.context["entries"]
    assert (asked.who, asked.at) == ("ci-payments", held)
    assert (first.at, signed.at, opened.at) == (held, held + timedelta(minutes=5), slot)
    assert "The change is in review." in first.body.splitlines()
    assert "Settled: The change is in review." in signed.body.splitlines()
    assert opened.body == "Settled: The change is scheduled for 2026-01-15 12:00 UTC."
    assert "Judged 6 times; only what changed is shown." in words(page)


@pytest.mark.usefixtures("approved")
def test_decision__looked_at__nothing_is_judged_or_written(
    ask: Ask, slot: datetime, clock_at: Hold, alice: Client
) -> None:
    body = asked_over_rest(alice)
    clock_at(slot)
    page = alice.get(f"/gate/{body['id']}/")
    assert page.context["answer"].outcome == "wait"
    assert evaluations().count() == 1
    assert queries_of(alice, f"/gate/{body['id']}/") <= MOST_QUERIES


@pytest.mark.usefixtures("_shop")
@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "http://[", "//ci.example.com/1"])
def test_decision__run_with_an_address_that_is_none__is_named_without_a_link(url: str, ask: Ask, alice: Client) -> None:
    body = ask(run={"provider": "<b>gitlab</b>", "id": "17", "attempt": 2, "url": url})
    page = alice.get(f"/gate/{body['id']}/")
    assert "<b>gitlab</b> 17 #2" in unescape(page.content.decode())
    assert "<b>gitlab" not in page.content.decode()
    assert url not in unescape(page.content.decode())


@pytest.mark.usefixtures("_shop")
def test_decision__unknown__is_not_found(alice: Client) -> None:
    assert alice.get("/gate/00000000-0000-4000-8000-000000000000/").status_code == 404
    assert alice.get("/gate/nothing/").status_code == 404
