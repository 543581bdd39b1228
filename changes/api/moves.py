"""`POST changes/{number}/{verb}/`: one row for each verb, the same for pages (house.md section 5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.http import HttpResponse
from django.urls import URLPattern
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from changes.actions import approvals, emergencies
from changes.actions import changes as actions
from changes.api import bodies
from changes.api.reading import read
from changes.api.serializers import ChangeSerializer
from changes.api.showing import shown_change
from changes.selectors.changes import get_change
from cybercube_portal import clock
from cybercube_portal.api import StrictSerializer, etag_of, idempotent, path_both
from cybercube_portal.people.authentication import actor_of

VIA = "api"


@dataclass(frozen=True, slots=True)
class Verb:
    """`act(number=…, actor=…, now=…, **body)` does it; `words` document it."""

    name: str
    body: type[StrictSerializer]
    act: Callable[..., Any]
    words: str


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
    Verb("record", bodies.RecordBody, emergencies.record_emergency, "Complete the record and close (§6.4)."),
)


def change_answer(number: str, request: Request, *, status: int = 200) -> Response:
    """The change as it is now, with its ETag."""
    change = get_change(number)
    shown = shown_change(change, actor=actor_of(request), now=clock.now())
    return Response(ChangeSerializer(shown).data, status=status, headers={"ETag": etag_of(change.version)})


def _view(verb: Verb) -> type[generics.GenericAPIView[Any]]:
    class MoveView(generics.GenericAPIView[Any]):
        serializer_class = verb.body

        @extend_schema(
            operation_id=f"changes_{verb.name}",
            description=verb.words,
            request=verb.body,
            responses={200: ChangeSerializer},
        )
        @idempotent
        def post(self, request: Request, number: str) -> HttpResponse:
            sent = read(verb.body, request)
            verb.act(number=number, actor=actor_of(request), now=clock.now(), **sent)
            return change_answer(number, request)

    MoveView.__name__ = f"{verb.name.title().replace('_', '')}ChangeView"
    MoveView.__doc__ = verb.words
    return MoveView


def move_routes() -> list[URLPattern]:
    """A route for each verb."""
    return [
        path_both(f"changes/<str:number>/{verb.name}/", _view(verb).as_view(), name=f"api-change-{verb.name}")
        for verb in VERBS
    ]
