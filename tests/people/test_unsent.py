"""What somebody typed and did not send comes back to them, on any device, and to nobody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from django.test import Client

from changes.actions.content import edit_change
from changes.models import ChangeRequest
from cybercube_portal.audit.models import Event
from cybercube_portal.people.actions.unsent import LARGEST, MOST
from cybercube_portal.people.models import UnsentForm
from cybercube_portal.people.tasks import forget_old_forms
from tests.changes.pages_words import normal, words_of
from tests.factories import changes as stories
from tests.factories.people import Cast

NEW = "/changes/new/?type=normal&service=billing-service"
Session = Callable[[str], Client]


@pytest.fixture
def held(cast: Cast, now: datetime, clock_at: Callable[[datetime], datetime]) -> datetime:
    stories.service("billing-service")
    stories.service("search-api", team="search")
    return clock_at(now)


def keep(
    client: Client, fields: dict[str, Any], address: str = NEW, title: str = "Normal change", **opened: str
) -> Any:
    sent = {"address": address, "title": title, "fields": urlencode(fields, doseq=True), **opened}
    return client.post("/unsent/", sent, headers={"HX-Request": "true"})


def test_unsent__typed_in_every_kind_of_field__comes_back_as_it_was(held: datetime, browser_session: Session) -> None:
    typed = {
        **normal(title="Half written", scheduled_time="2026-01-", estimated_duration="so"),
        "services": ["billing-service", "search-api"],
        "environments": [],
        "artifacts": ["billing-service:v2.3.1", "nonsense"],
        "risk_security": "yes",
        "release_type": "minor",
    }
    said = keep(browser_session("alice"), typed)
    form = browser_session("alice").get(NEW).context["form"]

    assert "Kept at 10:00" in words_of(said)
    shown = {name: form[name].value() for name in typed}
    assert shown == {**typed, "artifacts": ["billing-service:v2.3.1", "nonsense"]}
    assert not form.is_bound
    # One form for each address: another prefill is another form.
    assert browser_session("alice").get("/changes/new/?type=normal").context["form"]["title"].value() is None


def test_unsent__of_somebody__is_nobody_elses_and_no_event(held: datetime, browser_session: Session) -> None:
    before = Event.objects.count()
    keep(browser_session("alice"), normal(title="Nobody's business"))

    for name in ("bob", "admin"):
        session = browser_session(name)
        pages = [session.get(address) for address in (NEW, "/unsent/", "/")]
        session.post("/unsent/discard/", {"address": NEW})
        assert not [
            page for page in pages if "Nobody's business" in page.content.decode() or "not sent" in words_of(page)
        ]
    assert Event.objects.count() == before
    assert UnsentForm.objects.get().owner.username == "alice"
    assert "Not sent yet: Normal change" in words_of(browser_session("alice").get("/"))
    assert "Normal change" in words_of(browser_session("alice").get("/unsent/"))


def test_unsent__once_sent__is_gone_and_a_refused_one_stays(held: datetime, browser_session: Session) -> None:
    alice = browser_session("alice")
    keep(alice, normal())

    refused = alice.post(NEW, normal(submit="1", impact_data=""))
    assert (refused.status_code, UnsentForm.objects.count()) == (409, 1)
    alice.post(NEW, normal(submit="1"))
    assert (ChangeRequest.objects.count(), UnsentForm.objects.count()) == (1, 0)


def test_unsent__of_two_tabs__stays_apart_and_each_sends_only_its_own(
    held: datetime, browser_session: Session, clock_at: Callable[[datetime], datetime]
) -> None:
    alice = browser_session("alice")

    def opened(address: str = NEW) -> tuple[Any, dict[str, str]]:
        page = alice.get(address)
        return page, {name: page.context[f"unsent_{name}"] for name in ("page", "known")}

    def at(minute: int) -> None:
        clock_at(held + timedelta(minutes=minute))

    _page, one = opened()
    keep(alice, normal(title="One"), **one)
    at(1)
    page, two = opened()
    assert page.context["form"]["title"].value() == "One"
    # The second goes on with what the first kept, as a phone does: there is one row as long as the first is left alone.
    assert "Another tab" not in words_of(keep(alice, normal(title="Two"), **two))
    assert UnsentForm.objects.count() == 1
    at(2)
    said = words_of(keep(alice, normal(title="One again"), **one))
    assert "Another tab kept this form at 10:01; both stay." in said
    at(3)
    keep(alice, normal(title="Two again"), **two)

    page, _ = opened()
    assert page.context["form"]["title"].value() == "Two again"
    other = page.context["unsent_others"][0]
    assert "Another tab kept this form at 10:02" in words_of(page)
    page, third = opened(other.link)
    assert (page.context["form"]["title"].value(), third["known"]) == ("One again", other.kept_at.isoformat())

    # A refused form goes on as the same page, and what is sent takes along its own row alone.
    sent = {f"unsent_{name}": value for name, value in one.items()}
    assert alice.post(NEW, normal(title="", **sent)).context["unsent_page"] == one["page"]
    alice.post(NEW, normal(title="One again", **sent))
    assert [QueryDict(row.fields)["title"] for row in UnsentForm.objects.all()] == ["Two again"]
    alice.post("/unsent/discard/", {"address": NEW, **two})
    assert not UnsentForm.objects.exists()
    for nonsense in ("x" * 99, "\x00"):
        keep(alice, {"title": "x"}, page=nonsense, known=nonsense)


@pytest.mark.parametrize("address", ["/freezes/new/", "/releases/new/?service=billing-service"])
def test_unsent__of_other_long_forms__comes_back_too(address: str, held: datetime, browser_session: Session) -> None:
    ivan = browser_session("ivan")
    keep(ivan, {"title": "Audit", "version": "v3.0.0", "services": ["search-api"]}, address=address)

    form = ivan.get(address).context["form"]
    kept = {"title": "Audit", "version": "v3.0.0", "services": ["search-api"]}
    assert {name: form[name].value() for name in kept if name in form.fields} == {
        name: value for name, value in kept.items() if name in form.fields
    }
    assert "Discard and start afresh" in words_of(ivan.get(address))


def test_unsent__discarded__its_page_opens_empty(held: datetime, browser_session: Session) -> None:
    alice = browser_session("alice")
    keep(alice, normal(title="Half"))

    assert alice.post("/unsent/discard/", {"address": NEW}).headers["Location"] == NEW
    assert alice.get(NEW).context["form"]["title"].value() is None
    for away in ("//evil.example/", "/\\evil.example/", "https://evil.example/", "/no/such/page/"):
        assert alice.post("/unsent/discard/", {"address": away}).headers["Location"] == "/unsent/"


def test_unsent__of_a_change_edited_meanwhile__says_what_moved_and_is_still_a_conflict(
    held: datetime, cast: Cast, browser_session: Session
) -> None:
    change = stories.draft(now=held)
    address, alice = f"/changes/{change.number}/edit/", browser_session("alice")
    typed = normal(title="Another title", version=change.version, content_hash=change.content_hash)
    keep(alice, typed, address=address)
    new_plan = {"rollback_plan": "Flip the flag."}
    edit_change(number=change.number, version=change.version, changes=new_plan, actor=cast.actor("bob"), now=held)

    page = alice.get(address)
    assert page.context["form"]["title"].value() == "Another title"
    assert [row["after"] for row in page.context["meanwhile"]] == ["Flip the flag."]
    # A form that is wrong is shown again with the version it was read at, so that the conflict is not lost on the way.
    wrong = alice.post(address, {**typed, "title": ""})
    assert wrong.context["read"].version == change.version
    assert alice.post(address, {**typed, "version": wrong.context["read"].version}).status_code == 412
    assert ChangeRequest.objects.get().rollback_plan == "Flip the flag."


def test_keep__secrets_sent_with_it__are_not_stored(held: datetime, browser_session: Session) -> None:
    secrets = {"csrfmiddlewaretoken": "x1", "old_password": "x2", "client_secret": "x3", "api_token": "x4"}
    keep(browser_session("alice"), {**secrets, "title": "Half\x00"})

    assert QueryDict(UnsentForm.objects.get().fields).dict() == {"title": "Half\x00"}


@pytest.mark.parametrize(
    ("fields", "address", "said"),
    [
        ({"title": "x" * LARGEST}, NEW, "More than 100 KB are not kept."),
        ({f"f{number}": "" for number in range(2000)}, NEW, "A form of so many fields is not kept."),
        ({"title": "x"}, "https://evil.example/", "No page of the portal has that address."),
        ({"title": "x"}, "//evil.example/", "No page of the portal has that address."),
        ({"title": "x"}, "/no/such/page/", "No page of the portal has that address."),
        ({"title": "x"}, "/changes/new/?\x00", "No page of the portal has that address."),
        ({"title": "x"}, f"/changes/new/?q={'x' * 500}", "An address has at most 500 characters."),
    ],
)
def test_keep__too_much_or_for_no_page__refused_with_the_reason(
    fields: dict[str, str], address: str, said: str, held: datetime, browser_session: Session
) -> None:
    answer = keep(browser_session("alice"), fields, address=address)

    assert answer.status_code == 422
    assert said in words_of(answer)
    assert not UnsentForm.objects.exists()


def test_keep__by_somebody_logged_out__told_by_a_header_that_the_script_reads(cast: Cast, client: Client) -> None:
    assert "/login/" in keep(client, {"title": "Half"}).headers["HX-Redirect"]
    assert not UnsentForm.objects.exists()


def test_keep__session_of_another_token__gets_the_new_one(held: datetime, cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.alice, backend="cybercube_portal.people.authentication.PersonBackend")
    assert keep(client, {"title": "Half"}).status_code == 403

    token = client.get("/unsent/", headers={"HX-Request": "true"}).context["csrf_token"]
    sent = {"address": NEW, "title": "", "fields": "title=Half"}
    answer = client.post("/unsent/", sent, headers={"HX-Request": "true", "X-CSRFToken": str(token)})
    assert (answer.status_code, UnsentForm.objects.get().title) == (200, NEW)


def test_kept_forms__too_many_or_too_old__the_oldest_go(
    held: datetime, browser_session: Session, clock_at: Callable[[datetime], datetime]
) -> None:
    alice = browser_session("alice")
    for number in range(MOST + 2):
        clock_at(held + timedelta(minutes=number))
        keep(alice, {"title": "x"}, address=f"/changes/new/?type=normal&service=s{number}")
    assert UnsentForm.objects.count() == MOST
    assert UnsentForm.objects.last().address.endswith("=s2")  # type: ignore[union-attr]

    clock_at(held + timedelta(days=30, minutes=5))
    forget_old_forms()
    assert UnsentForm.objects.last().address.endswith("=s5")  # type: ignore[union-attr]
