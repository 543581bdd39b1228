from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.core.cache import cache
from django.utils.safestring import SafeString, mark_safe

from changes import panels
from changes.actions.approvals import approve_change
from changes.actions.content import comment_change, edit_change
from changes.actions.freezes import grant_exception
from changes.models import ChangeRequest, Signature
from changes.views.moves import VERBS
from cybercube_portal.web import PageRequest
from tests.changes.pages_words import LARGEST, Sessions, within_budget, words_of
from tests.factories import changes as stories
from tests.factories.people import Cast


@pytest.fixture
def _no_panels() -> Iterator[None]:
    """Upper apps' panels ask their own questions."""
    kept = dict(panels.PANELS)
    panels.PANELS.clear()
    yield
    panels.PANELS.clear()
    panels.PANELS.update(kept)


@pytest.mark.parametrize("username", ["alice", "bob", "carol"])
def test_change__much_happened_to_it__stays_within_the_budget(
    username: str, held: datetime, cast: Cast, browser_session: Sessions
) -> None:
    stories.artifact(stories.service(), at=held)
    change = stories.half_signed(now=held)
    edit_change(
        number=change.number,
        version=change.version,
        changes={"rollback_plan": "Flip the flag."},
        actor=cast.actor("alice"),
        now=held,
    )
    approve_change(number=change.number, actor=cast.actor("carol"), now=held, comment="Fine.")
    freeze = stories.freeze(now=held, starts_at=held, ends_at=held + timedelta(days=3))
    grant_exception(
        reference=freeze.reference, change=change.number, reason="By law.", actor=cast.actor("ivan"), now=held
    )
    stories.window(now=held, starts_at=held, ends_at=held + timedelta(hours=2), rule="FREQ=DAILY")
    stories.in_review(now=held, by="bob")
    for number in range(30):
        comment_change(number=change.number, body=f"Comment {number}", actor=cast.actor("sybil"), now=held)
    session = browser_session(username)
    cache.clear()

    with within_budget():
        page = session.get(f"/changes/{change.number}/")

    said = words_of(page)
    assert len(page.content) < LARGEST
    assert "Sybil Sato commented" in said
    assert "By law." in said
    assert ("What changed since you signed" in said) is (username == "bob")


def test_change__texts_of_people__are_markdown_and_what_the_portal_says_is_not(
    held: datetime, cast: Cast, browser_session: Sessions
) -> None:
    plan = "1. Stop\n\n```sh\nkubectl rollout undo deploy/billing\n```"
    change = stories.in_review(now=held, rollback_plan=plan, description="As *said* <b>there</b>")
    comment_change(number=change.number, body=f"- see {change.number}", actor=cast.actor("sybil"), now=held)
    approve_change(number=change.number, actor=cast.actor("bob"), now=held, comment="**Fine.**")

    said = browser_session("alice").get(f"/changes/{change.number}/").content.decode()

    assert "<ol>\n<li>Stop</li>\n</ol>" in said
    assert '<code class="language-sh">kubectl rollout undo deploy/billing\n</code>' in said
    assert "<p>As <em>said</em> &lt;b&gt;there&lt;/b&gt;</p>" in said
    assert f'<li>see <a href="/changes/{change.number}/"' in said
    assert "<p><strong>Fine.</strong></p>" in said
    assert "Markdown works." in said


def test_change__edited_since_my_signature__shown_line_by_line_there_in_the_inbox_and_in_the_timeline(
    held: datetime, cast: Cast, browser_session: Sessions
) -> None:
    plan = "\n".join(["Stop it", *(f"Look at node {node}" for node in range(9)), "Start two replicas"])
    change = stories.in_review(now=held, answers=stories.NO_RISK | {"database_schema": True}, rollback_plan=plan)
    approve_change(number=change.number, actor=cast.actor("bob"), now=held)
    edit_change(
        number=change.number,
        version=ChangeRequest.objects.get(pk=change.pk).version,
        changes={"rollback_plan": plan.replace("two", "four"), "environments": ["stg", "prd"], "artifacts": ()},
        actor=cast.actor("alice"),
        now=held,
    )
    session = browser_session("bob")

    for path, times in ((f"/changes/{change.number}/", 2), ("/inbox/", 1)):
        page = session.get(path)
        assert page.content.count(b"Start <mark>two</mark> replicas") == times
        assert page.content.count(b"Start <mark>four</mark> replicas") == times
        assert "8 unchanged lines" in words_of(page)
        assert "+ Added: stg" in words_of(page)
        assert "Taken out: billing-service:v2.3.1" in words_of(page)


def test_change__texts_as_long_as_they_may_be__stay_within_the_budget(
    held: datetime, browser_session: Sessions
) -> None:
    change = stories.in_review(now=held, description="&" * 40_000, rollback_plan="[a](b)" * 500)

    session = browser_session("alice")
    cache.clear()

    with within_budget():
        page = session.get(f"/changes/{change.number}/")

    assert page.status_code == 200
    assert len(page.content) < LARGEST


def test_change__unknown_number__not_found(held: datetime, browser_session: Sessions) -> None:
    assert browser_session("alice").get("/changes/CR-2026-0101-999/").status_code == 404


@pytest.mark.parametrize(
    ("username", "label", "why"),
    [
        ("bob", "Approve as Engineer, 1 of 1", ""),
        ("alice", "Approve as Engineer, 1 of 1", "You requested this change and cannot sign it."),
        ("carol", "Approve", "This change asks for no role you hold"),
        ("kim", "Approve", "does not hold a role that may do this"),
    ],
)
def test_approve_button__by_person__says_its_effect_or_why_not(
    username: str, label: str, why: str, held: datetime, browser_session: Sessions
) -> None:
    change = stories.in_review(now=held)

    page = browser_session(username).get(f"/changes/{change.number}/")

    review = page.context["box"].review
    assert review.label == label
    assert why in words_of(page)
    assert review.allowed is not bool(why)


def test_seats__open__name_who_could_sign_but_not_the_requester(held: datetime, browser_session: Sessions) -> None:
    change = stories.half_signed(now=held)

    seats = {
        seat.label: seat for seat in browser_session("alice").get(f"/changes/{change.number}/").context["box"].seats
    }

    assert (seats["Tech lead"].state, seats["Tech lead"].by) == ("filled", "Bob Baker")
    assert (seats["Product"].state, seats["Product"].who) == ("open", "Carol Castro")
    assert "§5.6 high risk" in seats["Product"].sources


def test_approve__content_edited_since__refused_and_nothing_signed(
    held: datetime, cast: Cast, browser_session: Sessions
) -> None:
    change = stories.in_review(now=held)
    edit_change(
        number=change.number,
        version=change.version,
        changes={"rollback_plan": "Flip the flag."},
        actor=cast.actor("alice"),
        now=held,
    )

    page = browser_session("bob").post(
        f"/changes/{change.number}/approve/", {"content_hash": change.content_hash, "comment": "Read it."}
    )

    assert page.status_code == 412
    assert "Somebody else changed this since you opened it" in words_of(page)
    assert "Read it." in page.content.decode()
    assert not Signature.objects.exists()


def test_approve__without_a_content_hash__refused(held: datetime, browser_session: Sessions) -> None:
    change = stories.in_review(now=held)

    assert browser_session("bob").post(f"/changes/{change.number}/approve/", {}).status_code == 422
    assert not Signature.objects.exists()


def test_approve__own_change__refused_with_the_reason(held: datetime, browser_session: Sessions) -> None:
    change = stories.in_review(now=held)

    page = browser_session("alice").post(f"/changes/{change.number}/approve/", {"content_hash": change.content_hash})

    assert page.status_code == 409
    assert "You requested this change and cannot sign it." in words_of(page)


def test_refuse__without_a_comment__asks_for_one(held: datetime, browser_session: Sessions) -> None:
    change = stories.in_review(now=held)

    page = browser_session("bob").post(f"/changes/{change.number}/refuse/", {"content_hash": change.content_hash})

    assert page.status_code == 422
    assert "A refusal says why." in words_of(page)
    assert ChangeRequest.objects.get().state == "in_review"


@pytest.mark.parametrize("verb", [verb.name for verb in VERBS])
def test_verb__followed_as_a_link__only_opens_the_page(verb: str, held: datetime, browser_session: Sessions) -> None:
    change = stories.in_review(now=held)

    page = browser_session("bob").get(f"/changes/{change.number}/{verb}/")

    assert (page.status_code, page.headers["Location"]) == (302, f"/changes/{change.number}/")
    assert ChangeRequest.objects.get().state == "in_review"


def test_life__through_the_pages__from_approval_to_closed(
    held: datetime, browser_session: Sessions, clock_at: object
) -> None:
    change = stories.in_review(now=held)
    page = f"/changes/{change.number}/"
    browser_session("bob").post(f"{page}approve/", {"content_hash": change.content_hash})
    clock_at(change.scheduled_time)  # type: ignore[operator]
    alice = browser_session("alice")
    alice.post(f"{page}start/")
    alice.post(f"{page}finish/", {"notes": "Took ten minutes."})
    alice.post(f"{page}close/", {"outcome": "successful"})

    change = ChangeRequest.objects.get()
    assert (change.state, change.outcome, change.notes) == ("closed", "successful", "Took ten minutes.")
    assert "Alice Arnold started it" in words_of(alice.get(page))


def test_start__before_its_slot__refused_with_the_reason_in_place(held: datetime, browser_session: Sessions) -> None:
    change = stories.approved(now=held)

    page = browser_session("alice").post(f"/changes/{change.number}/start/")

    assert page.status_code == 409
    assert "The change is scheduled for" in words_of(page)


def test_reschedule__high_risk__signatures_superseded_and_said(held: datetime, browser_session: Sessions) -> None:
    change = stories.half_signed(now=held)

    sent = {"scheduled_time": "2026-01-20T10:00", "estimated_duration": "1h"}
    page = browser_session("alice").post(f"/changes/{change.number}/reschedule/", sent, follow=True)

    assert "The schedule is part of what was signed." in words_of(page)


def test_emergency__authorised_carried_out_and_recorded(
    held: datetime, browser_session: Sessions, clock_at: object
) -> None:
    change = stories.emergency(now=held)
    page = f"/changes/{change.number}/"
    heidi, alice = browser_session("heidi"), browser_session("alice")
    said = {"approver": "heidi", "verbal_at": "2026-01-14T09:58", "how": "On the call", "criteria": ["production_down"]}
    heidi.post(f"{page}authorise/", said)
    for verb in ("start", "finish", "document"):
        alice.post(f"{page}{verb}/")
    whole = {"what_happened": "A certificate expired.", "prevention": "Alert on its age.", "severity": "SEV-2"}
    short = alice.post(f"{page}record/", whole)
    alice.post(f"{page}record/", {**whole, "postmortem_at": "2026-01-16T10:00"})

    assert short.status_code == 409
    assert "SEV-2 has no postmortem scheduled." in words_of(short)
    assert "A certificate expired." in short.content.decode()
    assert ChangeRequest.objects.get().state == "closed"


def test_emergency__the_requester_is_not_among_the_approvers(held: datetime, browser_session: Sessions) -> None:
    change = stories.emergency(now=held, by="judy")

    form = next(
        button.form
        for button in [browser_session("heidi").get(f"/changes/{change.number}/").context["box"].main]
        if button.verb == "authorise"
    )

    assert {value for value, _label in form.fields["approver"].choices} == {"heidi", "ivan"}


@pytest.mark.usefixtures("_no_panels")
def test_panel__registered_by_an_upper_app__shown_below_the_box(held: datetime, browser_session: Sessions) -> None:
    change = stories.draft(now=held)

    def panel(shown: ChangeRequest, request: PageRequest) -> SafeString:
        return mark_safe(f"<p>Gate of {shown.number} for {request.actor.username}</p>")  # noqa: S308 - no input in it

    panels.register_panel(panel)

    assert f"Gate of {change.number} for alice" in words_of(browser_session("alice").get(f"/changes/{change.number}/"))


def test_comment__empty_or_markup__refused_or_shown_as_text(held: datetime, browser_session: Sessions) -> None:
    change = stories.draft(now=held)
    session = browser_session("kim")

    empty = session.post(f"/changes/{change.number}/comment/", {"body": " "})
    page = session.post(f"/changes/{change.number}/comment/", {"body": "<img src=x onerror=alert(1)>"}, follow=True)

    assert empty.status_code == 422
    assert "<img src=x" not in page.content.decode()
    assert "<img src=x onerror=alert(1)>" in words_of(page)
