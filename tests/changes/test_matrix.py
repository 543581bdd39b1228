"""Who may say which verb in which state: every cell of moves.csv (reliability.md sections 2 and 4).

yes    it is done
no     the person guard refuses (403): no role, another team, a service account
state  the state cannot go there (409)
rule   a rule of the standard stands in the way (409): not an emergency, not this approver's seat, their own change
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from changes.actions import approvals, emergencies
from changes.actions import changes as actions
from changes.actions.content import comment_change, edit_change
from changes.models import ChangeRequest
from changes.selectors.changes import get_change
from changes.selectors.moves import BY_VERB, permit
from changes.selectors.situation import Situation
from changes.states import CHANGE_MOVES, ChangeState, ChangeType
from cybercube_portal.errors import MoveRefused, NotPermitted
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.models import Team
from cybercube_portal.people.roles import EMERGENCY_APPROVERS, Role
from tests.factories import changes as story
from tests.factories.people import Cast, GrantFactory, UserFactory

TABLE = Path(__file__).with_name("moves.csv")
ROWS = list(csv.DictReader(TABLE.read_text().splitlines()))
KEYS = ("type", "state", "verb")
VERBS = (*BY_VERB, "edit", "comment")

# The column and who stands in it; those who are not of the cast are hired below.
PEOPLE = {
    "requester": "alice",
    "engineer": "elsa",
    "tech_lead": "bob",
    "product": "carol",
    "security": "frank",
    "dba": "erin",
    "ops": "dan",
    "on_call": "grace",
    "on_call_lead": "heidi",
    "engineering_manager": "ivan",
    "vp_engineering": "judy",
    "cto": "chloe",
    "incident_commander": "ines",
    "auditor": "kim",
    "admin": "admin",
    "no_role": "nina",
    "other_engineer": "oscar",
    "other_tech_lead": "sybil",
    "pipeline": "ci-payments",
    "other_pipeline": "ci-search",
}
HIGH = {**story.NO_RISK, "database_schema": True}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _hired(cast: Cast) -> None:
    story.service("billing-service")
    payments = Team.objects.get(slug="payments")
    GrantFactory.create(user=UserFactory.create(username="elsa"), role=Role.ENGINEER, team=payments)
    GrantFactory.create(user=UserFactory.create(username="chloe"), role=Role.CTO)
    GrantFactory.create(user=UserFactory.create(username="ines"), role=Role.INCIDENT_COMMANDER)
    UserFactory.create(username="nina")


def planned(state: str, now: datetime) -> tuple[ChangeRequest, datetime]:
    """A normal high-risk change in `state`, and the moment at which the verbs are said."""
    change, alice, slot = story.draft(now=now, answers=HIGH, artifacts=()), story.actor("alice"), now + 26 * HOUR
    number = change.number

    def went(*steps: Callable[[], Any]) -> ChangeRequest:
        for step in steps:
            step()
        return get_change(number)

    def say(verb: Callable[..., Any], at: datetime, **body: Any) -> Callable[[], Any]:
        return lambda: verb(number=number, actor=body.pop("by", alice), now=at, **body)

    submitted = say(actions.submit_change, now)
    signed = [say(approvals.approve_change, now, by=story.actor(name)) for name in ("bob", "carol", "erin")]
    started = [submitted, *signed, say(actions.start_change, slot)]
    refused = say(approvals.refuse_change, now, by=story.actor("bob"), comment="No")
    lives: dict[str, tuple[list[Callable[[], Any]], datetime]] = {
        "draft": ([], now),
        "in_review": ([submitted], now),
        "approved": ([submitted, *signed], slot),
        "rejected": ([submitted, refused], now),
        "expired": (
            [submitted, *signed, lambda: actions.expire_change(number=number, now=now + 9 * DAY)],
            now + 9 * DAY,
        ),
        "cancelled": ([say(actions.cancel_change, now)], now),
        "implementing": (started, slot),
        "verifying": ([*started, say(actions.finish_change, slot)], slot),
        "rolled_back": ([*started, say(actions.roll_back_change, slot, reason="Errors")], slot),
        "closed": (
            [*started, say(actions.finish_change, slot), say(actions.close_change, slot, outcome="successful")],
            slot,
        ),
    }
    steps, at = lives[state]
    return went(*steps), at


def urgent(state: str, now: datetime) -> tuple[ChangeRequest, datetime]:
    """An emergency in `state`: the on-call lead's word, noted by a second person on call, still to be confirmed."""
    alice = story.actor("alice")
    change = story.emergency(now=now) if state in {"draft", "cancelled"} else story.authorised(now=now, caller="grace")
    said: dict[str, Any] = {"number": change.number, "actor": alice, "now": now}
    told: dict[str, Any] = {"what_happened": "x", "prevention": "y", "severity": "SEV-4"}
    start, finish = lambda: actions.start_change(**said), lambda: actions.finish_change(**said)
    document = lambda: emergencies.document_change(**said)  # noqa: E731 - one step of the lives below
    lives: dict[str, list[Callable[[], Any]]] = {
        "draft": [],
        "approved": [],
        "cancelled": [lambda: actions.cancel_change(**said)],
        "implementing": [start],
        "verifying": [start, finish],
        "rolled_back": [start, lambda: actions.roll_back_change(**said, reason="Errors")],
        "documenting": [start, finish, document],
        "closed": [start, finish, document, lambda: emergencies.record_emergency(**said, **told)],
    }
    for step in lives[state]:
        step()
    return get_change(change.number), now


LIVES = {"normal": planned, "emergency": urgent}


def do(verb: str, change: ChangeRequest, actor: Actor, at: datetime) -> None:
    """Say it in earnest."""
    said: dict[str, Any] = {"number": change.number, "actor": actor, "now": at}
    is_approver = bool(EMERGENCY_APPROVERS & actor.roles(at=at))
    outcome = "rolled_back" if change.state == ChangeState.ROLLED_BACK else "successful"
    acts: dict[str, Callable[[], Any]] = {
        "submit": lambda: actions.submit_change(**said),
        "authorise": lambda: emergencies.authorise_change(
            **said,
            approver=actor.username if is_approver else "heidi",
            verbal_at=at,
            how="Phone",
            criteria=["data_loss"],
        ),
        "confirm": lambda: emergencies.confirm_authorisation(**said),
        "approve": lambda: approvals.approve_change(**said),
        "refuse": lambda: approvals.refuse_change(**said, comment="No"),
        "withdraw": lambda: approvals.withdraw_approval(**said),
        "start": lambda: actions.start_change(**said),
        "finish": lambda: actions.finish_change(**said),
        "roll_back": lambda: actions.roll_back_change(**said, reason="Errors"),
        "close": lambda: actions.close_change(**said, outcome=outcome),
        "document": lambda: emergencies.document_change(**said),
        "record": lambda: emergencies.record_emergency(**said, what_happened="x", prevention="y", severity="SEV-4"),
        "reschedule": lambda: actions.reschedule_change(**said, scheduled_time=at + 2 * DAY),
        "revise": lambda: actions.revise_change(**said),
        "cancel": lambda: actions.cancel_change(**said),
        "edit": lambda: edit_change(**said, version=change.version, changes={"title": "Another"}),
        "comment": lambda: comment_change(**said, body="Hm."),
    }
    acts[verb]()


def cell(verb: str, change: ChangeRequest, situation: Situation, actor: Actor) -> str:
    """What happens; nothing of it stays. Refusals of the moves are judged without writing, what passes is done."""
    try:
        if verb in BY_VERB:
            permit(change, verb, actor=actor, situation=situation)
        with transaction.atomic():
            do(verb, change, actor, situation.now)
            transaction.set_rollback(True)
    except NotPermitted:
        return "no"
    except MoveRefused as refused:
        return "state" if refused.code in {"state.move_not_possible", "change.content_is_settled"} else "rule"
    return "yes"


@pytest.mark.parametrize(("kind", "state"), sorted({(row["type"], row["state"]) for row in ROWS}))
def test_every_verb__by_everybody__comes_out_as_in_the_table(now: datetime, kind: str, state: str) -> None:
    change, at = LIVES[kind](state, now)
    assert change.state == state
    situation = Situation(change, now=at)
    actors = {column: story.actor(username) for column, username in PEOPLE.items()}
    wrong: dict[tuple[str, str], str] = {}
    for row in ROWS:
        if (row["type"], row["state"]) == (kind, state):
            came = {column: cell(row["verb"], change, situation, actor) for column, actor in actors.items()}
            wrong |= {(row["verb"], who): what for who, what in came.items() if what != row[who]}
    assert not wrong


def test_table__has_every_state_verb_and_role() -> None:
    for row in ROWS:
        assert set(row) == {*KEYS, *PEOPLE}
    kinds = {kind: {row["state"] for row in ROWS if row["type"] == kind} for kind in LIVES}
    assert kinds["normal"] | kinds["emergency"] == set(ChangeState)
    for kind, states in kinds.items():
        assert {(row["state"], row["verb"]) for row in ROWS if row["type"] == kind} == {
            (state, verb) for state in states for verb in VERBS
        }
    assert {role.value for role in Role} - {"engineer"} <= set(PEOPLE)
    moves = {move.verb for move in CHANGE_MOVES}
    assert moves - {"expire", "reopen"} <= set(VERBS)
    assert set(LIVES) == set(ChangeType) - {ChangeType.STANDARD}
