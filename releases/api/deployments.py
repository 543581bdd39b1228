"""Deployments over REST: what went where, and the moves of one. A verb is a row of VERBS."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.urls import URLPattern
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from changes.api.bodies import NothingBody
from changes.api.verbs import Things, Verb, verb_routes
from cybercube_portal import clock
from cybercube_portal.api import (
    StrictSerializer,
    idempotent,
    read_members,
    refuse_unknown_parameters,
)
from cybercube_portal.audit.keys import SignatureRefused
from cybercube_portal.catalog.authentication import run_of
from cybercube_portal.catalog.states import ENVIRONMENT_NAMES
from cybercube_portal.errors import Invalid
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.authentication import actor_of
from cybercube_portal.people.queries import QueriedView, query_field
from releases.actions import deployments as actions
from releases.actions import verification
from releases.actions.corruption import report_corruption
from releases.actions.gate_tokens import read_token
from releases.actions.notices import edit_notice
from releases.actions.rollback import start_rollback
from releases.api.deployment_shapes import (
    STATES,
    AbortDeploymentBody,
    CorruptionBody,
    DeploymentSerializer,
    FailDeploymentBody,
    FinishDeploymentBody,
    ListedDeploymentSerializer,
    NoticeBody,
    RollBackDeploymentBody,
    StartDeploymentBody,
)
from releases.api.showing import listed_deployment, shown_deployment
from releases.selectors.deployments import deployments_filtered, get_deployment
from releases.selectors.words.deployments import LANGUAGE
from releases.states import Method, RollbackMethod, Trigger

NOT_A_DECISION = "Name a decision of the gate by its id, or send its token."


class DeploymentFilters(StrictSerializer):
    """Which deployments; every one given must fit."""

    service = serializers.CharField(max_length=64, required=False, help_text="Slug.")
    team = serializers.CharField(max_length=64, required=False, help_text="Slug.")
    environment = serializers.ChoiceField(list(ENVIRONMENT_NAMES), required=False)
    state = serializers.ChoiceField(STATES, required=False)
    version = serializers.CharField(max_length=128, required=False)
    change = serializers.CharField(max_length=24, required=False)
    release = serializers.CharField(max_length=160, required=False)
    query = query_field(LANGUAGE)


class DeploymentsView(QueriedView):
    """All deployments."""

    serializer_class = DeploymentSerializer
    language = LANGUAGE

    @extend_schema(
        operation_id="deployments_list", parameters=[DeploymentFilters], responses=ListedDeploymentSerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        """Deployments and rollbacks, the newest first unless `query` asks for another order."""
        page = self.page_of(request, DeploymentFilters, deployments_filtered)
        listed = [listed_deployment(row) for row in page]
        return self.get_paginated_response(ListedDeploymentSerializer(listed, many=True).data)

    @extend_schema(operation_id="deployments_start", request=StartDeploymentBody, responses={201: DeploymentSerializer})
    @idempotent
    def post(self, request: Request) -> HttpResponse:
        """Spend an allow of the gate and start. Refused when it is spent, expired, or for something else."""
        sent = read_members(request, StartDeploymentBody)
        deployment = actions.start_deployment(
            start=_start(sent, vouched_run=dict(run_of(request))), actor=actor_of(request), now=clock.now()
        )
        return deployment_answer(deployment.reference, request, status=status.HTTP_201_CREATED)


class DeploymentView(generics.GenericAPIView[Any]):
    """One deployment."""

    serializer_class = DeploymentSerializer

    @extend_schema(operation_id="deployments_read")
    def get(self, request: Request, reference: str) -> Response:
        """The deployment with its checks, its watch, the moves open to you, and its history."""
        refuse_unknown_parameters(request.query_params, [])
        return deployment_answer(reference, request)


def deployment_answer(reference: str, request: Request, *, status: int = 200) -> Response:
    """The deployment as it is now."""
    shown = shown_deployment(get_deployment(reference), actor=actor_of(request), now=clock.now())
    return Response(DeploymentSerializer(shown).data, status=status)


def _start(sent: dict[str, Any], *, vouched_run: dict[str, Any]) -> actions.Start:
    decision, claims = decision_named(sent["decision"])
    return actions.Start(
        decision=decision,
        claims=claims,
        method=Method(sent["method"]),
        steps=tuple(sent.get("steps", ())),
        run=vouched_run or sent.get("run", {}),
    )


def decision_named(text: str) -> tuple[uuid.UUID, dict[str, Any] | None]:
    """The id, or what the token says. Raises Invalid."""
    try:
        if text.count(".") == 2:  # noqa: PLR2004 - the three parts of a compact JWS
            claims = read_token(text)
            return uuid.UUID(str(claims.get("decision"))), claims
        return uuid.UUID(text), None
    except SignatureRefused as refused:
        raise Invalid.field("/decision", refused.code, str(refused)) from refused
    except ValueError as error:
        raise Invalid.field("/decision", "decision.malformed", NOT_A_DECISION) from error


def _roll_back(*, reference: str, actor: Actor, now: datetime, **sent: Any) -> None:
    trigger, method = sent.pop("trigger", None), sent.pop("method", None)
    start_rollback(
        reference=reference,
        actor=actor,
        now=now,
        trigger=Trigger(trigger) if trigger else None,
        method=RollbackMethod(method) if method else None,
        **sent,
    )


VERBS: tuple[Verb, ...] = (
    Verb("advance", NothingBody, actions.advance_deployment, "The canary's next step, once its pause is over (§4.5)."),
    Verb(
        "finish",
        FinishDeploymentBody,
        actions.finish_deployment,
        "The pipeline is through: it is verified, or it failed.",
    ),
    Verb(
        "verify", NothingBody, verification.verify_deployment, "Make the checks again, after they left a doubt (§4.7)."
    ),
    Verb("fail", FailDeploymentBody, verification.fail_unverified, "What could not be verified is not trusted."),
    Verb("abort", AbortDeploymentBody, actions.abort_deployment, "Given up before it was finished."),
    Verb(
        "roll_back",
        RollBackDeploymentBody,
        _roll_back,
        "Go back to what was healthy there (§8); the gate is asked on the spot.",
    ),
    Verb(
        "report_corruption",
        CorruptionBody,
        report_corruption,
        "Data are corrupt: a SEV-1 incident for the incident commander (§8.5).",
    ),
    Verb("notice", NoticeBody, edit_notice, "Customer impact and next steps of the rollback's notice (§8.6)."),
)


def deployment_verb_routes() -> list[URLPattern]:
    """A route for each verb."""
    things = Things(prefix="deployments", key="reference", shape=DeploymentSerializer, answer=deployment_answer)
    return verb_routes(things, VERBS)
