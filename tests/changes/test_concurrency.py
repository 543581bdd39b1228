"""Many at once, with real connections (reliability.md section 2): nothing stuck, nothing double, nothing signed unseen."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from changes.actions.approvals import approve_change
from changes.actions.changes import reschedule_change, revise_change, submit_change
from changes.actions.content import create_change, edit_change
from changes.models import ChangeRequest, Signature
from changes.policy import content
from changes.selectors.situation import Situation
from changes.states import ChangeState, SignatureState
from cybercube_portal.audit.models import Event
from cybercube_portal.errors import MoveRefused, NotPermitted, PortalError, Stale
from tests.factories import changes as story
from tests.factories.people import Cast

pytestmark = pytest.mark.django_db(transaction=True)

HIGH = {**story.NO_RISK, "database_schema": True}


@pytest.fixture(autouse=True)
def _service(cast: Cast) -> None:
    story.service("billing-service")


def at_once(works: Iterable[Callable[[], Any]]) -> list[Any]:
    """Run all of them in threads with connections of their own; what each returned, in order."""

    def closing(work: Callable[[], Any]) -> Callable[[], Any]:
        def run() -> Any:
            try:
                return work()
            finally:
                connection.close()

        return run

    runs = [closing(work) for work in works]
    with ThreadPoolExecutor(len(runs)) as pool:
        return [future.result(timeout=120) for future in [pool.submit(run) for run in runs]]


def copies(model: ChangeRequest, count: int) -> list[str]:
    """Numbers of `count` more changes like `model`, in review."""
    kept = {
        field.attname: getattr(model, field.attname)
        for field in ChangeRequest._meta.concrete_fields
        if field.attname not in {"id", "state", "number"}
    }
    numbers = [f"CR-2026-0113-{index:03d}" for index in range(1, count + 1)]
    ChangeRequest.objects.bulk_create(ChangeRequest(number=number, **kept) for number in numbers)
    ChangeRequest.objects.filter(number__in=numbers).update(state=ChangeState.IN_REVIEW)
    return numbers


@pytest.mark.long(14)
def test_approve__200_changes_by_five_at_once__none_stuck_none_double(now: datetime) -> None:
    numbers = copies(story.in_review(now=now, answers=HIGH, artifacts=()), 200)
    together = threading.Barrier(5)

    def sign_all(username: str) -> Callable[[], Counter[str]]:
        def work() -> Counter[str]:
            actor, said = story.actor(username), Counter[str]()
            for number in numbers:
                together.wait(timeout=60)
                try:
                    approve_change(number=number, actor=actor, now=now)
                    said["signed"] += 1
                except MoveRefused as refused:
                    said[refused.code] += 1
            return said

        return work

    said = at_once(sign_all(username) for username in ("bob", "carol", "erin", "dan", "ivan"))

    assert said[:3] == [Counter(signed=200)] * 3
    assert said[3].keys() | said[4].keys() <= {"approval.role_not_asked", "state.move_not_possible"}
    assert set(ChangeRequest.objects.filter(number__in=numbers).values_list("state", flat=True)) == {"approved"}
    assert Signature.objects.count() == 600
    approved = Counter(Event.objects.filter(verb="change.approved").values_list("object_id", flat=True))
    assert approved == Counter(numbers)


def test_approve__one_person_in_five_windows__signs_once(now: datetime) -> None:
    numbers = copies(story.in_review(now=now, answers=HIGH), 20)

    def sign_all() -> int:
        actor, signed = story.actor("bob"), 0
        for number in numbers:
            try:
                approve_change(number=number, actor=actor, now=now)
                signed += 1
            except MoveRefused:
                continue
        return signed

    assert sum(at_once([sign_all] * 5)) == 20
    assert Signature.objects.count() == 20


def test_approve__against_an_edit__what_is_approved_is_what_is_there(now: datetime) -> None:
    model = story.in_review(now=now)
    read = model.content_hash
    numbers = copies(model, 100)
    together = threading.Barrier(2)

    def edit_all() -> Counter[str]:
        said, alice = Counter[str](), story.actor("alice")
        for number in numbers:
            together.wait(timeout=60)
            try:
                edit_change(number=number, version=1, changes={"description": "Slipped in"}, actor=alice, now=now)
                said["edited"] += 1
            except MoveRefused as refused:
                said[refused.code] += 1
        return said

    def sign_all() -> Counter[str]:
        said, bob = Counter[str](), story.actor("bob")
        for index, number in enumerate(numbers):
            together.wait(timeout=60)
            try:
                approve_change(number=number, actor=bob, now=now, content_hash=read if index % 2 else None)
                said["signed"] += 1
            except Stale:
                said["stale"] += 1
        return said

    edited, signed = at_once([edit_all, sign_all])

    assert edited["edited"] + edited["change.content_is_settled"] == 100
    assert signed["signed"] + signed["stale"] == 100
    for change in ChangeRequest.objects.filter(number__in=numbers):
        given = [row.content_hash for row in change.signatures.filter(state=SignatureState.GIVEN)]
        assert change.content_hash == content.material_hash(change.material())
        assert set(given) <= {change.content_hash}
        assert (change.state == ChangeState.APPROVED) == bool(given) == Situation(change, now=now).seat_decision.allowed
    unseen = Signature.objects.filter(state=SignatureState.GIVEN, change__description="Slipped in").exclude(
        content_hash=read
    )
    # Only those who did not say what they had read may have signed the new text.
    assert all(int(signature.change.number[-3:]) % 2 == 1 for signature in unseen.select_related("change"))


def test_create__1000_at_once__1000_numbers_without_a_gap(now: datetime) -> None:
    proposal = story.proposal(now=now, artifacts=())

    def file_some() -> list[str]:
        alice = story.actor("alice")
        return [create_change(proposal=proposal, actor=alice, now=now).number for _ in range(125)]

    numbers = [number for some in at_once([file_some] * 8) for number in some]

    assert set(numbers) == {f"CR-2026-0114-{index:03d}" for index in range(1, 1001)}
    assert ChangeRequest.objects.count() == 1000


def test_edit__two_with_the_same_version__one_wins_the_other_is_told(now: datetime) -> None:
    numbers = copies(story.in_review(now=now), 30)
    together = threading.Barrier(2)

    def edit_all(title: str, username: str) -> Callable[[], int]:
        def work() -> int:
            actor, won = story.actor(username), 0
            for number in numbers:
                together.wait(timeout=60)
                try:
                    edit_change(number=number, version=1, changes={"title": title}, actor=actor, now=now)
                    won += 1
                except Stale:
                    continue
            return won

        return work

    assert sum(at_once([edit_all("Mine", "alice"), edit_all("Theirs", "bob")])) == 30
    assert set(ChangeRequest.objects.filter(number__in=numbers).values_list("version", flat=True)) == {2}


def test_everything__said_at_once_by_everybody__every_change_is_where_its_signatures_put_it(now: datetime) -> None:
    numbers = copies(story.in_review(now=now), 25)
    verbs: dict[str, Callable[[str], Any]] = {
        "bob": lambda number: approve_change(number=number, actor=story.actor("bob"), now=now),
        "erin": lambda number: approve_change(number=number, actor=story.actor("erin"), now=now),
        "alice": lambda number: revise_change(number=number, actor=story.actor("alice"), now=now),
        "ivan": lambda number: submit_change(number=number, actor=story.actor("ivan"), now=now),
        "grace": lambda number: reschedule_change(
            number=number, scheduled_time=now + timedelta(days=2), actor=story.actor("grace"), now=now
        ),
    }
    together = threading.Barrier(len(verbs))

    def say_all(say: Callable[[str], Any]) -> Callable[[], None]:
        def work() -> None:
            for number in numbers:
                together.wait(timeout=60)
                try:
                    say(number)
                except NotPermitted:
                    raise
                except PortalError:
                    continue

        return work

    at_once(say_all(say) for say in verbs.values())

    for change in ChangeRequest.objects.filter(number__in=numbers):
        complete = Situation(change, now=now).seat_decision.allowed
        assert change.state in {"draft", "in_review", "approved"}
        assert complete == (change.state == ChangeState.APPROVED), change.number
