"""A standard change lets its template's step go ahead, and no other (§6.2)."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.factories import changes as story
from tests.releases.asking import Ask, blocking


@pytest.mark.parametrize("action", ["scale", "configure"])
@pytest.mark.parametrize("is_named", [True, False], ids=["named", "found"])
def test_ask__under_a_scale_template__scales_and_does_nothing_else(
    ask: Ask, held: datetime, action: str, is_named: bool
) -> None:
    scaling = story.in_review(
        now=held, scheduled_time=held, type="standard", template="scale", artifacts=(), parameters={"replicas": 4}
    )
    assert scaling.state == "approved"

    answer = ask(action=action, **({"change": scaling.number} if is_named else {}))

    if action == "scale":
        assert (answer["decision"], answer["change"]) == ("allow", scaling.number)
    else:
        assert answer["decision"] == "deny"
        assert ("change.action_not_covered" if is_named else "change.missing") in blocking(answer)


def test_ask__under_a_normal_change__scales_and_configures(ask: Ask, held: datetime, slot: datetime) -> None:
    change = story.approved(now=held, scheduled_time=slot, artifacts=())

    for action in ("scale", "configure"):
        answer = ask(action=action, at=slot.isoformat(), dry_run=True)
        assert (answer["decision"], answer["change"]) == ("allow", change.number)
