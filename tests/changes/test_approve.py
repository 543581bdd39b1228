"""Signing: seats fill, content binds, four eyes hold by every door."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from changes.actions.approvals import approve_change, refuse_change, withdraw_approval
from changes.actions.changes import reopen_change, revise_change, submit_change
from changes.actions.content import edit_change
from changes.models import Signature
from changes.states import ChangeState, SignatureState
from cybercube_portal.errors import MoveRefused, NotPermitted, Stale
from cybercube_portal.people.actions import revoke_grant
from cybercube_portal.people.models import Grant
from tests.factories import changes as story
from tests.factories.people import Cast


@pytest.fixture(autouse=True)
def _services(cast: Cast) -> None:
    story.service("billing-service")
    story.service("search-api", team="search")


def test_approve__last_seat_filled__change_is_approved(now: datetime) -> None:
    change = story.in_review(now=now)

    change = approve_change(number=change.number, actor=story.actor("bob"), now=now)

    assert change.state == ChangeState.APPROVED
    assert change.approved_at == now
    assert [signature.seat for signature in change.signatures.all()] == ["Engineer"]


def test_approve__author_is_approver__refused(now: datetime) -> None:
    change = story.in_review(now=now)

    with pytest.raises(MoveRefused) as refused:
        approve_change(number=change.number, actor=story.actor("alice"), now=now)

    assert refused.value.code == "approval.author_is_approver"
    assert not Signature.objects.exists()


def test_approve__editor_of_the_content__refused(now: datetime) -> None:
    change = story.draft(now=now)
    change = edit_change(
        number=change.number,
        version=change.version,
        changes={"description": "Other words"},
        actor=story.actor("bob"),
        now=now,
    )
    submit_change(number=change.number, actor=story.actor("alice"), now=now)

    with pytest.raises(MoveRefused) as refused:
        approve_change(number=change.number, actor=story.actor("bob"), now=now)

    assert refused.value.code == "approval.author_is_approver"


def test_approve__role_of_another_team__not_permitted(now: datetime) -> None:
    change = story.in_review(now=now)

    with pytest.raises(NotPermitted):
        approve_change(number=change.number, actor=story.actor("sybil"), now=now)


def test_approve__high_risk__needs_lead_and_product(now: datetime) -> None:
    change = story.in_review(now=now, answers={**story.NO_RISK, "database_schema": True})
    seats: list[str] = []
    for signer in ("bob", "carol", "erin"):
        assert change.state == ChangeState.IN_REVIEW
        change = approve_change(number=change.number, actor=story.actor(signer), now=now)
        seats.append(change.signatures.get(signer__username=signer).seat)

    assert change.state == ChangeState.APPROVED
    assert seats == ["Tech lead", "Product", "DBA"]


def test_approve__content_edited_since_it_was_read__refused(now: datetime) -> None:
    change = story.in_review(now=now)

    with pytest.raises(Stale):
        approve_change(number=change.number, actor=story.actor("bob"), now=now, content_hash="0" * 64)


def test_edit__material_content_after_a_signature__signature_superseded(now: datetime) -> None:
    change = story.in_review(now=now, answers={**story.NO_RISK, "database_schema": True})
    change = approve_change(number=change.number, actor=story.actor("bob"), now=now)

    change = edit_change(
        number=change.number,
        version=change.version,
        changes={"rollback_plan": "Restore the backup"},
        actor=story.actor("alice"),
        now=now + timedelta(hours=1),
    )

    signature = change.signatures.get()
    assert signature.state == SignatureState.SUPERSEDED
    assert change.submitted_at == now + timedelta(hours=1)
    assert change.content_versions.count() == 2


def test_edit__title_alone__signature_stands(now: datetime) -> None:
    change = story.in_review(now=now, answers={**story.NO_RISK, "database_schema": True})
    change = approve_change(number=change.number, actor=story.actor("bob"), now=now)

    change = edit_change(
        number=change.number,
        version=change.version,
        changes={"title": "A better title"},
        actor=story.actor("alice"),
        now=now,
    )

    assert change.signatures.get().state == SignatureState.GIVEN


def test_refuse__one_refusal__stops_the_change_until_revised(now: datetime) -> None:
    change = story.in_review(now=now)

    change = refuse_change(number=change.number, comment="No tests", actor=story.actor("bob"), now=now)
    assert change.state == ChangeState.REJECTED

    change = revise_change(number=change.number, actor=story.actor("alice"), now=now)
    assert change.state == ChangeState.DRAFT
    assert change.signatures.get().state == SignatureState.SUPERSEDED
    submit_change(number=change.number, actor=story.actor("alice"), now=now)
    assert approve_change(number=change.number, actor=story.actor("bob"), now=now).state == ChangeState.APPROVED


def test_withdraw__only_signature__change_is_reopened(now: datetime) -> None:
    change = story.approved(now=now)

    change = withdraw_approval(number=change.number, actor=story.actor("bob"), now=now)

    assert change.state == ChangeState.IN_REVIEW


def test_reopen__signers_role_revoked_early__signature_counts_no_more(now: datetime) -> None:
    change = story.approved(now=now)
    grant = Grant.objects.get(user__username="bob", role="tech_lead")
    revoke_grant(grant_id=grant.pk, actor=story.actor("admin"), now=now + timedelta(minutes=5))

    reopened = reopen_change(number=change.number, now=now + timedelta(minutes=6))

    assert reopened is not None
    assert reopened.state == ChangeState.IN_REVIEW


def test_approve__by_sql__four_eyes_hold(now: datetime) -> None:
    change = story.in_review(now=now)

    with pytest.raises(IntegrityError, match="four eyes"), transaction.atomic():
        Signature.objects.create(
            change=change,
            signer_id=story.actor("alice").id,
            state=SignatureState.GIVEN,
            content_hash=change.content_hash,
            signed_at=now,
        )


def test_state__by_sql__illegal_move_refused(now: datetime) -> None:
    change = story.draft(now=now)

    with (
        pytest.raises(ProgrammingError, match="Invalid transition"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "UPDATE changes_changerequest SET state = 'closed', outcome = 'failed' WHERE id = %s", [change.pk]
        )
