"""No way round the approvals: a change of kind in review, a template that is retired, a word nobody asked for (§6.2, §6.3, §6.4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from changes.actions.changes import reschedule_change, submit_change
from changes.actions.content import edit_change
from changes.actions.freezes import cancel_freeze
from changes.actions.templates import retire_template
from changes.models import ChangeRequest, Freeze
from cybercube_portal.errors import MoveRefused
from cybercube_portal.people.scopes import Scope
from tests.factories import changes as story

Client = Callable[..., APIClient]
SCALE: dict[str, Any] = {"type": "standard", "template": "scale", "parameters": {"replicas": 2}, "artifacts": ()}


def codes(refusal: pytest.ExceptionInfo[MoveRefused]) -> list[str]:
    """The reasons that stand in the way."""
    return [reason.code for reason in refusal.value.decision.blockers]


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize("kind", [SCALE, {"type": "emergency"}], ids=["standard", "emergency"])
def test_edit__in_review_to_a_kind_with_other_approvals__refused(now: datetime, kind: dict[str, Any]) -> None:
    change = story.in_review(now=now)

    with pytest.raises(MoveRefused) as refusal:
        edit_change(number=change.number, version=1, changes=kind, actor=story.actor("alice"), now=now)

    assert codes(refusal) == ["change.kind_is_settled"]
    assert ChangeRequest.objects.get(number=change.number).type == "normal"


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize(
    ("blanked", "code"),
    [({"answers": {}}, "risk.question_open"), ({"rollback_plan": " "}, "change.rollback_plan_missing")],
    ids=["answers", "rollback plan"],
)
def test_edit__in_review_takes_away_what_submitting_asked_for__refused(
    now: datetime, blanked: dict[str, Any], code: str
) -> None:
    change = story.in_review(now=now)

    with pytest.raises(MoveRefused) as refusal:
        edit_change(number=change.number, version=1, changes=blanked, actor=story.actor("alice"), now=now)

    assert code in codes(refusal)


@pytest.mark.usefixtures("held")
def test_submit__template_retired_since_the_draft__refused(now: datetime) -> None:
    draft = story.draft(now=now, **SCALE)
    for seat in ("bob", "carol", "dan"):
        retire_template(slug="scale", actor=story.actor(seat), now=now)

    with pytest.raises(MoveRefused) as refusal:
        submit_change(number=draft.number, actor=story.actor("alice"), now=now)

    assert codes(refusal) == ["standard.template_not_active"]


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize("template", ["scale", "certificate-renewal", "log-level"])
def test_submit__standard_change_without_a_deployment_names_a_version__refused(now: datetime, template: str) -> None:
    parameters = {"replicas": 2, "certificate": "api", "process_attested": True, "level": "debug", "reason": "Latency"}
    parameters["until"] = (now + timedelta(hours=30)).isoformat()
    draft = story.draft(now=now, type="standard", template=template, parameters=parameters)

    with pytest.raises(MoveRefused) as refusal:
        submit_change(number=draft.number, actor=story.actor("alice"), now=now)

    assert "standard.nothing_deployed" in codes(refusal)


@pytest.mark.usefixtures("held")
def test_reschedule__standard_change_outside_its_conditions__refused(now: datetime) -> None:
    ends = (now + timedelta(hours=30)).isoformat()
    parameters = {"level": "debug", "reason": "Latency", "until": ends}
    draft = story.draft(now=now, type="standard", template="log-level", parameters=parameters, artifacts=())
    change = submit_change(number=draft.number, actor=story.actor("alice"), now=now)

    with pytest.raises(MoveRefused) as refusal:
        reschedule_change(
            number=change.number, scheduled_time=now + timedelta(days=3), actor=story.actor("alice"), now=now
        )

    assert codes(refusal) == ["standard.temporary"]


@pytest.mark.usefixtures("held")
def test_cancel_freeze__own_draft_by_a_key_for_something_else__refused(client_of: Client, now: datetime) -> None:
    freeze = story.freeze(now=now, published=False, starts_at=now, ends_at=now + timedelta(days=1))

    answer = client_of("ivan", (Scope.GATE,)).post(f"/api/v1/freezes/{freeze.reference}/cancel/", {"reason": "no"})

    assert (answer.status_code, answer.json()["code"]) == (403, "key.scope_missing")
    assert Freeze.objects.get(pk=freeze.pk).state == "draft"


@pytest.mark.usefixtures("held")
def test_cancel_freeze__own_draft__cancelled(now: datetime) -> None:
    freeze = story.freeze(now=now, published=False, by="dan", starts_at=now, ends_at=now + timedelta(days=1))

    cancelled = cancel_freeze(reference=freeze.reference, reason="Not needed", actor=story.actor("dan"), now=now)

    assert cancelled.state == "cancelled"


@pytest.mark.usefixtures("held")
def test_publish_freeze__key_for_one_service__refused(client_of: Client, now: datetime) -> None:
    freeze = story.freeze(now=now, published=False, starts_at=now, ends_at=now + timedelta(days=1))

    answer = client_of("ivan", services=["billing-service"]).post(f"/api/v1/freezes/{freeze.reference}/publish/")

    assert (answer.status_code, answer.json()["code"]) == (403, "key.service_not_covered")
