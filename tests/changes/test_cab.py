"""Meetings of the CAB: the agenda makes itself, votes are signatures, minutes are kept with dissent, a deadline closes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from changes.actions.cab import MeetingPlan, attend_meeting, close_by_deadline, plan_meeting, vote_in_meeting
from changes.actions.minutes import remind_voters
from changes.models import CabMeeting, ChangeRequest, Signature
from changes.selectors.cab import due_for_reminder, past_their_deadline
from changes.tasks import watch_meetings
from cybercube_portal.audit.models import Delivery, Event
from cybercube_portal.errors import MoveRefused
from cybercube_portal.people.scopes import Scope
from tests.factories import changes as story

Client = Callable[..., APIClient]
MEETINGS = "/api/v1/cab-meetings/"
BOARD = ("ivan", "carol", "dan")
SIGNS = (Scope.CHANGES, Scope.APPROVALS)
CRITICAL = {**story.NO_RISK, "breaking_api": True}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOST_QUERIES = 12


@pytest.fixture
def critical(held: datetime) -> ChangeRequest:
    """A breaking change that waits for the board."""
    return story.in_review(now=held, title="Drop the v1 API", answers=CRITICAL)


@pytest.fixture
def planned(held: datetime) -> CabMeeting:
    """A meeting tomorrow whose votes end the day after."""
    plan = MeetingPlan(title="Weekly CAB", scheduled_at=held + DAY, votes_until=held + 2 * DAY)
    return plan_meeting(plan=plan, actor=story.actor("ivan"), now=held)


def vote(meeting: CabMeeting, change: ChangeRequest, by: str, *, now: datetime, **fields: Any) -> CabMeeting:
    given = {"vote": "approve", **fields}
    return vote_in_meeting(reference=meeting.reference, change=change.number, actor=story.actor(by), now=now, **given)


def test_plan__over_rest__agenda_lists_what_is_risky_and_nothing_else(
    client_of: Client, critical: ChangeRequest, held: datetime
) -> None:
    story.in_review(now=held, title="A patch")
    high = story.in_review(now=held, title="A column", answers={**story.NO_RISK, "database_schema": True})

    answer = client_of("ivan", SIGNS).post(MEETINGS, {"title": "Weekly", "scheduled_at": (held + DAY).isoformat()})

    assert answer.status_code == 201, answer.json()
    shown = answer.json()
    assert [(item["change"], item["why"]) for item in shown["agenda"]] == [
        (critical.number, "critical"),
        (high.number, "high"),
    ]
    assert {"Product", "Ops"} <= set(shown["agenda"][0]["missing"])
    assert (shown["state"], shown["has_quorum"], shown["minutes"]) == ("planned", False, "")
    assert Event.objects.get(verb="cab_meeting.planned").object_id == shown["reference"]


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({"title": "Weekly"}, 400, "/scheduled_at"),
        ({"title": " ", "scheduled_at": "2026-02-01T10:00:00Z"}, 400, "/title"),
        ({"title": "Weekly", "scheduled_at": "2026-01-01T10:00:00Z"}, 422, "/scheduled_at"),
        (
            {"title": "Weekly", "scheduled_at": "2026-02-01T10:00:00Z", "votes_until": "2026-01-01T10:00:00Z"},
            422,
            "/votes_until",
        ),
        ({"title": "Weekly", "scheduled_at": "tomorrow"}, 400, "/scheduled_at"),
        ({"title": "Weekly", "scheduled_at": "2026-02-01T10:00:00Z", "quorum": True}, 400, "/quorum"),
    ],
)
def test_plan__what_cannot_be_meant__refused_and_nothing_written(
    client_of: Client, held: datetime, body: dict[str, Any], status: int, pointer: str
) -> None:
    answer = client_of("ivan").post(MEETINGS, body)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (status, pointer)
    assert not CabMeeting.objects.exists()


def test_vote__every_seat_of_the_board__approves_the_change_and_counts_as_present(
    critical: ChangeRequest, planned: CabMeeting, held: datetime
) -> None:
    for person in BOARD:
        change = ChangeRequest.objects.get(pk=critical.pk)
        if change.state == "in_review":
            vote(planned, critical, person, now=held)

    assert ChangeRequest.objects.get(pk=critical.pk).state == "approved"
    votes = Signature.objects.filter(meeting=planned.reference)
    assert {row.signer.username for row in votes.select_related("signer")} >= set(BOARD)
    assert {row.via for row in votes} == {"page"}
    assert set(planned.attendances.values_list("person__username", flat=True)) >= set(BOARD)


def test_vote__one_refuses__stops_the_change_and_the_dissent_stays_in_the_minutes(
    client_of: Client, critical: ChangeRequest, planned: CabMeeting, held: datetime
) -> None:
    vote(planned, critical, "ivan", now=held)
    ivan = client_of("ivan", SIGNS)
    refused = client_of("carol", SIGNS).post(
        f"{MEETINGS}{planned.reference}/vote/",
        {"change": critical.number, "vote": "refuse", "comment": "Two clients still call it."},
    )
    assert refused.status_code == 200, refused.json()
    assert ivan.post(f"{MEETINGS}{planned.reference}/open/").json()["state"] == "in_session"

    closed = ivan.post(f"{MEETINGS}{planned.reference}/close/", {"notes": "Ask the clients first."}).json()

    assert (closed["state"], closed["has_quorum"]) == ("closed", False)
    (outcome,) = closed["outcomes"]
    assert outcome["outcome"] == "refused"
    assert [(one["by"], one["vote"]) for one in outcome["votes"]][1][1] == "refused"
    assert "refused: Two clients still call it." in closed["minutes"]
    assert "Ask the clients first." in closed["minutes"]
    assert closed["agenda"] == []


def test_vote__requester__refused_as_anywhere(client_of: Client, critical: ChangeRequest, planned: CabMeeting) -> None:
    answer = client_of("alice", SIGNS).post(
        f"{MEETINGS}{planned.reference}/vote/", {"change": critical.number, "vote": "approve"}
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "approval.author_is_approver")
    assert not Signature.objects.exists()


def test_vote__not_on_the_agenda_until_added__then_taken(
    client_of: Client, planned: CabMeeting, held: datetime
) -> None:
    patch = story.in_review(now=held, title="A patch")
    body, address = {"change": patch.number, "vote": "approve"}, f"{MEETINGS}{planned.reference}/"
    bob = client_of("bob", SIGNS)
    assert bob.post(f"{address}vote/", body).json()["code"] == "cab.not_on_agenda"
    assert bob.post(f"{address}add/", {"change": "CR-1999-0101-001"}).status_code == 404

    added = bob.post(f"{address}add/", {"change": patch.number}).json()

    assert [(item["change"], item["why"]) for item in added["agenda"]] == [(patch.number, "added")]
    assert bob.post(f"{address}vote/", body).status_code == 200


def test_vote__after_the_deadline_or_the_end__refused_but_the_change_still_takes_it(
    critical: ChangeRequest, planned: CabMeeting, held: datetime
) -> None:
    with pytest.raises(MoveRefused) as late:
        vote(planned, critical, "ivan", now=held + 2 * DAY)
    assert late.value.code == "cab.deadline_passed"
    close_by_deadline(reference=planned.reference, now=held + 2 * DAY)
    with pytest.raises(MoveRefused) as over:
        vote(planned, critical, "ivan", now=held + 2 * DAY)
    assert over.value.code == "cab.meeting_over"


def test_deadline__passed_without_a_session__worker_closes_it_with_minutes(
    critical: ChangeRequest,
    planned: CabMeeting,
    held: datetime,
    clock_at: Callable[[datetime], datetime],
) -> None:
    assert past_their_deadline(now=held + DAY) == []
    vote(planned, critical, "carol", now=held)
    clock_at(held + 2 * DAY)

    watch_meetings()
    watch_meetings()

    meeting = CabMeeting.objects.get(pk=planned.pk)
    assert (meeting.state, meeting.has_quorum) == ("closed", False)
    assert "Held by deadline" in meeting.minutes
    assert Event.objects.filter(verb="cab_meeting.closed").count() == 1


def test_reminder__a_day_before_the_deadline__once_to_who_has_not_voted(
    critical: ChangeRequest, planned: CabMeeting, held: datetime
) -> None:
    vote(planned, critical, "carol", now=held)
    assert due_for_reminder(now=held, until=held + DAY) == []

    told = [remind_voters(reference=planned.reference, now=held + DAY) for _ in range(2)]

    to = set(Delivery.objects.filter(about=planned.reference).values_list("target", flat=True))
    assert told[0] == len(to) > 0
    assert told[1] == 0
    assert any(address.startswith("ivan") for address in to)
    assert not any(address.startswith("carol") for address in to)


def test_attend__said_twice__counts_once_and_cannot_be_taken_back(planned: CabMeeting, held: datetime) -> None:
    for _ in range(2):
        attend_meeting(reference=planned.reference, actor=story.actor("dan"), now=held)

    assert planned.attendances.count() == 1
    with pytest.raises(DatabaseError), transaction.atomic():
        planned.attendances.all().delete()


def test_edit__from_an_older_version__refused(client_of: Client, planned: CabMeeting) -> None:
    ivan, address = client_of("ivan"), f"{MEETINGS}{planned.reference}/"
    etag = ivan.get(address).headers["ETag"]
    assert ivan.patch(address, {"notes": "One"}).status_code == 428
    assert ivan.patch(address, {"notes": "One"}, HTTP_IF_MATCH=etag).json()["notes"] == "One"
    assert ivan.patch(address, {"notes": "Two"}, HTTP_IF_MATCH=etag).status_code == 412


def test_cancel__a_planned_one__needs_a_reason_and_ends_votes(
    client_of: Client, critical: ChangeRequest, planned: CabMeeting, held: datetime
) -> None:
    ivan, address = client_of("ivan", SIGNS), f"{MEETINGS}{planned.reference}/"
    assert ivan.post(f"{address}cancel/", {}).status_code == 400
    assert ivan.post(f"{address}cancel/", {"reason": "Holidays"}).json()["state"] == "cancelled"
    answer = ivan.post(f"{address}vote/", {"change": critical.number, "vote": "approve"})
    assert (answer.status_code, answer.json()["code"]) == (409, "cab.meeting_over")


def test_pages__workbench_item_and_minutes__within_the_budget_of_queries(
    browser_session: Callable[[str], Browser], critical: ChangeRequest, planned: CabMeeting, held: datetime
) -> None:
    for number in range(3):
        story.in_review(now=held, title=f"Column {number}", answers={**story.NO_RISK, "database_schema": True})
    vote(planned, critical, "carol", now=held)
    session = browser_session("ivan")
    session.get("/")
    for path in ("/cab/", f"/cab/{planned.reference}/", f"/cab/{planned.reference}/pack/"):
        with CaptureQueriesContext(connection) as queries:
            page = session.get(path)
        assert page.status_code == 200
        assert len(queries) <= MOST_QUERIES, "\n".join(query["sql"][:160] for query in queries)
    with CaptureQueriesContext(connection) as queries:
        item = session.get(f"/cab/{planned.reference}/items/{critical.number}/").content.decode()
    assert "Item 1 of 4" in item
    assert 'rel="next"' in item
    assert len(queries) <= MOST_QUERIES, "\n".join(query["sql"][:160] for query in queries)


def test_pages__the_days_around_the_agenda__bars_bands_others_and_clashes_as_a_picture_and_a_table(
    browser_session: Callable[[str], Browser], critical: ChangeRequest, planned: CabMeeting, held: datetime
) -> None:
    other = story.in_review(now=held, by="bob", title="A patch", scheduled_time=critical.scheduled_time)
    slot = critical.scheduled_time
    freeze = story.freeze(now=held, title="Quarter end", starts_at=slot + HOUR, ends_at=slot + DAY)
    far = story.in_review(now=held, title="Later", answers=CRITICAL, scheduled_time=slot + 28 * DAY)
    vote(planned, critical, "carol", now=held)
    session = browser_session("ivan")

    page = session.get(f"/cab/{planned.reference}/")

    strip = page.context["strip"]
    (day,) = (day for week in strip.weeks for day in week.days if critical.number in _numbers(day.items))
    (item,) = day.items
    assert (item.position, item.bar.against) == (1, (other.number,))
    assert [bar.change.number for bar in day.others] == [other.number]
    assert far.number in _numbers(item for week in strip.weeks for day in week.days for item in day.items)
    assert freeze.reference in {one.row.reference for told in strip.told for one in told.day.frozen}
    text = page.content.decode()
    assert f"/cab/{planned.reference}/items/{critical.number}/" in text
    assert [seat["person"].name for seat in page.context["seats"] if seat["person"]] == ["Carol Castro"]
    assert ">carol<" not in text
    pack = session.get(f"/cab/{planned.reference}/pack/").context["strip"]
    assert [told.day.date for told in pack.told] == [told.day.date for told in strip.told]
    own = session.get(f"/cab/{planned.reference}/items/{critical.number}/").context["strip"]
    assert [told.day.date for told in own.told] == [day.day.date]


def _numbers(items: Iterable[Any]) -> list[str]:
    return [item.bar.change.number for item in items]


def test_page__vote_in_place__noted_and_leads_to_the_next_item(
    browser_session: Callable[[str], Browser], critical: ChangeRequest, planned: CabMeeting, held: datetime
) -> None:
    high = story.in_review(now=held, title="A column", answers={**story.NO_RISK, "database_schema": True})
    session, address = browser_session("ivan"), f"/cab/{planned.reference}/items/{critical.number}/"
    page = session.get(address)
    hidden = {"content_hash": critical.content_hash, "change": critical.number}
    assert page.context["approve"].allowed

    no_words = session.post(address, {**hidden, "vote": "refuse", "comment": ""})
    assert no_words.status_code == 422
    assert "A refusal says why." in no_words.content.decode()
    stale = session.post(address, {**hidden, "content_hash": "0" * 64, "vote": "approve"})
    assert stale.status_code == 412
    voted = session.post(address, {**hidden, "vote": "approve", "comment": "Fine."})

    assert voted.status_code == 302
    assert voted["Location"] == f"/cab/{planned.reference}/items/{high.number}/"
    assert Signature.objects.get(meeting=planned.reference).comment == "Fine."


def test_page__close_by_a_form__shows_decisions_and_minutes(
    browser_session: Callable[[str], Browser], critical: ChangeRequest, planned: CabMeeting, held: datetime
) -> None:
    session = browser_session("ivan")
    session.post(f"/cab/{planned.reference}/open/")
    shown = session.get(f"/cab/{planned.reference}/")
    CabMeeting.objects.filter(pk=planned.pk).update(notes="Noted by somebody else meanwhile.")

    form = shown.context["asked"]["close"]
    typed = {"notes": f"{form['notes'].value() or ''}Next week again."}
    page = session.post(f"/cab/{planned.reference}/close/", typed, follow=True).content.decode()

    assert "Deferred" in page
    assert "Next week again." in page
    assert "Noted by somebody else meanwhile." in page
    assert session.get(f"/cab/{planned.reference}/minutes.md")["Content-Type"].startswith("text/markdown")
