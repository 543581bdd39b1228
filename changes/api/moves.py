"""The verbs of a change over REST."""

from __future__ import annotations

from functools import partial

from django.urls import URLPattern
from rest_framework.request import Request
from rest_framework.response import Response

from changes.actions import approvals, emergencies
from changes.actions import changes as actions
from changes.api import bodies
from changes.api.serializers import ChangeSerializer
from changes.api.showing import shown_change
from changes.api.verbs import Things, Verb, verb_routes
from changes.selectors.changes import get_change
from cybercube_portal import clock
from cybercube_portal.api import etag_of
from cybercube_portal.people.authentication import actor_of

VIA = "api"

# `record` shares its address with the record of §6.6: see `records`.
VERBS: tuple[Verb, ...] = (
    Verb("submit", bodies.NothingBody, actions.submit_change, "Hand a draft to its approvers (§6.3)."),
    Verb("approve", bodies.ApproveBody, partial(approvals.approve_change, via=VIA), "Sign; the last seat approves it."),
    Verb("refuse", bodies.RefuseBody, partial(approvals.refuse_change, via=VIA), "One refusal stops it."),
    Verb("withdraw", bodies.NothingBody, approvals.withdraw_approval, "Take your own approval back."),
    Verb("revise", bodies.NothingBody, actions.revise_change, "Back to a draft; signatures are superseded."),
    Verb("cancel", bodies.CancelBody, actions.cancel_change, "It will not happen."),
    Verb("reschedule", bodies.RescheduleBody, actions.reschedule_change, "Another slot; the seats are judged again."),
    Verb(
        "authorise", bodies.AuthoriseBody, emergencies.authorise_change, "Note an emergency's spoken approval (§6.4)."
    ),
    Verb("confirm", bodies.NothingBody, emergencies.confirm_authorisation, "The named approver confirms it (R5)."),
    Verb("start", bodies.NothingBody, actions.start_change, "Begin, under slot, lead time, windows and freezes."),
    Verb("finish", bodies.FinishBody, actions.finish_change, "Carried out, to be verified."),
    Verb("close", bodies.CloseBody, actions.close_change, "Close it with how it ended."),
    Verb("roll_back", bodies.RollBackBody, actions.roll_back_change, "Take it back (§8)."),
    Verb("document", bodies.NothingBody, emergencies.document_change, "The emergency is over, its record is written."),
)


def change_answer(number: str, request: Request, *, status: int = 200) -> Response:
    """The change as it is now, with its ETag."""
    change = get_change(number)
    shown = shown_change(change, actor=actor_of(request), now=clock.now())
    return Response(ChangeSerializer(shown).data, status=status, headers={"ETag": etag_of(change.version)})


def move_routes() -> list[URLPattern]:
    """A route for each verb."""
    things = Things(prefix="changes", key="number", shape=ChangeSerializer, answer=change_answer)
    return verb_routes(things, VERBS)
