"""The gate's endpoints. The question itself takes a short way: past REST framework, in two statements (performance.md section 3)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import Throttled, UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cybercube_portal import clock
from cybercube_portal.api import Problem, read_body, read_parameters, take
from cybercube_portal.api import answer as answer_problem
from cybercube_portal.api.callers import credential_of
from cybercube_portal.api.idempotency import REPLAYED, key_of
from cybercube_portal.api.refusals import KeyReused
from cybercube_portal.api.schema import IDEMPOTENCY_KEY
from cybercube_portal.api.throttling import show
from cybercube_portal.audit.keys import jwks
from cybercube_portal.catalog.authentication import run_of
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.authentication import actor_of
from cybercube_portal.people.guard import require
from cybercube_portal.people.keys import digest_of, is_well_formed
from cybercube_portal.people.queries import QueriedView, query_field
from releases.actions.gate import decide_gate
from releases.actions.gate_tokens import CannotSign
from releases.api.answers import body_of, respond
from releases.api.questions import read_forecast, read_question
from releases.api.serializers import (
    OUTCOMES,
    AskSerializer,
    DecisionSerializer,
    ForecastRequestSerializer,
    ForecastSerializer,
    ListedDecisionSerializer,
)
from releases.api.waiting import COME_BACK, LONGEST, wait_for
from releases.permissions import ASK_GATE
from releases.policy.gate.forecast import forecast
from releases.selectors.gate import read_facts
from releases.selectors.gate_log import decisions_listed, seen_by
from releases.selectors.words.gate import LANGUAGE

BUDGET = "gate"
STRICT = OpenApiParameter(
    "strict", OpenApiTypes.BOOL, description="1: anything but an allow answers 403, as a problem with the same members."
)


class AskParameters(serializers.Serializer[Any]):
    """How the answer is given."""

    strict = serializers.BooleanField(required=False)


class WaitParameters(AskParameters):
    """How long to hold."""

    wait = serializers.IntegerField(min_value=0, max_value=LONGEST, required=False)


class DecisionFilters(serializers.Serializer[Any]):
    """Which decisions; every one given must fit."""

    service = serializers.CharField(max_length=64, required=False, help_text="Slug.")
    environment = serializers.CharField(max_length=32, required=False, help_text="dev, stg or prd.")
    change = serializers.CharField(max_length=24, required=False, help_text="What spoke for it last.")
    decision = serializers.ChoiceField(OUTCOMES, required=False, source="outcome")
    query = query_field(LANGUAGE)


def ask_gate(request: HttpRequest) -> HttpResponse:
    """One question, one answer. Raises the refusals that ProblemMiddleware translates; a fault is never an answer."""
    key_digest, actor, run, credential = _caller(request)
    rate = take(credential, budget=BUDGET)
    show(request, rate)
    if rate is not None and not rate.allowed:
        raise Throttled(rate.retry_after)
    is_strict = bool(request.GET) and read_parameters(request.GET, AskParameters).get("strict", False)
    if request.content_type != "application/json":
        raise UnsupportedMediaType(request.content_type or "nothing")
    asked = read_question(read_body(request), idempotency_key=key_of(request) or "", vouched_run=run)
    try:
        answer = decide_gate(asked=asked, key_digest=key_digest, actor=actor)
    except CannotSign as fault:
        return _unavailable(request, fault)
    if answer.is_kept and answer.decision.question_hash != asked.question_hash:
        raise KeyReused(
            "This Idempotency-Key was already sent with another question. Use a new key for a new question."
        )
    body = body_of(answer, is_dry_run=asked.dry_run)
    response = respond(request, body, status=HTTPStatus.CREATED, is_strict=is_strict)
    if answer.is_kept:
        response.headers[REPLAYED] = "true"
    return response


def _unavailable(request: HttpRequest, fault: CannotSign) -> HttpResponse:
    return answer_problem(
        request,
        Problem(
            status=HTTPStatus.SERVICE_UNAVAILABLE,
            code=fault.code,
            detail=str(fault),
            headers={"Retry-After": str(COME_BACK)},
        ),
    )


def _caller(request: HttpRequest) -> tuple[str, Actor | None, dict[str, Any], str]:
    """The digest of an API key, to be looked up with the facts; or an actor proved otherwise. And the name of its budget.

    Raises NotAuthenticated and rest_framework's AuthenticationFailed.
    """
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and is_well_formed(text.strip()):
        digest = digest_of(text.strip())
        return digest, None, {}, f"key:{digest[:32]}"
    whole = DecisionsView().initialize_request(request)
    actor = actor_of(whole)
    return "", actor, dict(run_of(whole)), credential_of(whole)


class DecisionsView(QueriedView):
    """The gate's log, and the question to it."""

    serializer_class = ListedDecisionSerializer
    language = LANGUAGE
    budget = BUDGET

    @extend_schema(
        operation_id="gate_decisions_list", parameters=[DecisionFilters], responses=ListedDecisionSerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        """What was asked, the newest first unless `query` asks for another order, each with its last answer. A service account sees what it asked, or what its key names."""
        actor = actor_of(request)
        require(actor, ASK_GATE, now=clock.now())
        page = self.page_of(request, DecisionFilters, seen_by(actor, decisions_listed()).filter)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        operation_id="gate_decisions_create",
        request=AskSerializer,
        responses={201: DecisionSerializer},
        parameters=[STRICT, IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> HttpResponse:
        """May this go there now? Every rule is judged and told; the answer is on disk before it leaves."""
        return ask_gate(request._request)  # noqa: SLF001 - the short way takes the plain request


class DecisionView(generics.GenericAPIView[Any]):
    """One question and how it stands."""

    serializer_class = DecisionSerializer
    budget = BUDGET

    @extend_schema(operation_id="gate_decisions_read", parameters=[WaitParameters])
    def get(self, request: Request, decision_id: uuid.UUID) -> HttpResponse:
        """The answer, judged again while it waits; `wait` holds the call until it waits no more, at most 30 seconds."""
        sent = read_parameters(request.query_params, WaitParameters)
        try:
            answer, had_place = wait_for(decision_id, actor=actor_of(request), seconds=sent.get("wait", 0))
        except CannotSign as fault:
            return _unavailable(request._request, fault)  # noqa: SLF001 - answers are written by plain Django
        body = body_of(answer)
        response = respond(
            request._request,  # noqa: SLF001 - answers are written by plain Django
            body,
            status=HTTPStatus.OK,
            is_strict=sent.get("strict", False),
        )
        if not had_place:
            response.headers["Retry-After"] = str(COME_BACK)
        return response


class ForecastView(generics.GenericAPIView[Any]):
    """When it would pass."""

    serializer_class = ForecastSerializer
    budget = BUDGET

    @extend_schema(operation_id="gate_forecast", request=ForecastRequestSerializer, responses={200: ForecastSerializer})
    def post(self, request: Request) -> Response:
        """The next slots in which it would pass, and what blocks until then. Nothing is kept."""
        now, actor = clock.now(), actor_of(request)
        require(actor, ASK_GATE, now=now)
        question, start, end = read_forecast(request.data, now=now)
        reading = read_facts(question, actor=actor, at=start, look_ahead=end - start)
        change = reading.facts.change
        found = forecast(reading.facts, until=end)
        answer = {
            "service": question.service,
            "version": question.version,
            "environment": question.environment,
            "change": change.number if change else None,
            "from": start,
            "to": end,
            "slots": found.slots,
            "blockers": found.blockers,
            "conditions": found.conditions,
        }
        return Response(self.get_serializer(answer).data)


def short_way(view: type[APIView]) -> Callable[..., HttpResponseBase]:
    """The view's route, with its POST taken past REST framework; the schema still reads the class."""
    whole = view.as_view()

    @csrf_exempt
    @wraps(whole)
    def answer(request: HttpRequest, **captured: Any) -> HttpResponseBase:
        # A browser's session is held to its CSRF token where it is recognised, in `_caller`.
        return ask_gate(request) if request.method == "POST" else whole(request, **captured)

    return answer


@require_safe
def key_set(_request: HttpRequest) -> HttpResponse:
    """The public keys that verify tokens and checkpoints offline (RFC 7517)."""
    return JsonResponse(
        jwks(), content_type="application/jwk-set+json", headers={"Cache-Control": "public, max-age=300"}
    )
