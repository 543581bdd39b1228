"""What flags serve, over REST: read, change, kill, restore, ramp, withdraw, versions, and why somebody is answered what."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from changes.policy.content import difference
from cybercube_portal import clock
from cybercube_portal.api import (
    StrictSerializer,
    etag_of,
    idempotent,
    read_members,
    read_parameters,
    refuse_unknown_parameters,
    require_if_match,
)
from cybercube_portal.people.authentication import actor_of
from flags.actions.approving import approve_ramp
from flags.actions.reshuffling import reshuffle_flag
from flags.actions.serving import Served, change_flag, kill_flag, ramp_flag, restore_flag
from flags.actions.stopping import withdraw_step
from flags.api.serializers import (
    ENVIRONMENTS,
    ApproveRampBody,
    EvaluateBody,
    EvaluationSerializer,
    FlagVersionSerializer,
    KillBody,
    RampBody,
    ReshuffleBody,
    RestoreBody,
    ServedSerializer,
    ServingBody,
    WithdrawBody,
)
from flags.api.showing import shown_outcome, shown_served
from flags.evaluation import Environment
from flags.policy.ramps import HOLD, Ramp
from flags.selectors.flags import definitions, get_flag, get_served, open_step, versions_of
from flags.states import StepState
from flags.tracing import trace

OUTCOMES = {200: ServedSerializer, 202: ServedSerializer}


def outcome_answer(served: Served) -> Response:
    """200 with what is served now, or 202 with the change it opened (or the time it waits for)."""
    shown = shown_outcome(served)
    waits = served.step is not None and served.step.state == StepState.WAITING
    code = status.HTTP_202_ACCEPTED if waits else status.HTTP_200_OK
    return Response(ServedSerializer(shown).data, status=code, headers={"ETag": etag_of(served.row.version)})


class ServedView(generics.GenericAPIView[Any]):
    """What a flag serves in one environment."""

    serializer_class = ServedSerializer

    @extend_schema(operation_id="flags_environment_read")
    def get(self, request: Request, key: str, environment: str) -> Response:
        """What is served, and what is planned. ETag: its version."""
        refuse_unknown_parameters(request.query_params, [])
        row = get_served(key, environment)
        shown = shown_served(row, row.flag, open_step(row))
        return Response(ServedSerializer(shown).data, headers={"ETag": etag_of(row.version)})

    @extend_schema(operation_id="flags_environment_change", request=ServingBody, responses=OUTCOMES)
    def patch(self, request: Request, key: str, environment: str) -> Response:
        """Serve something else. Towards the safe variant at once; away from it in production by a change: 202 names it."""
        sent = read_members(request, ServingBody)
        named = {name: sent.pop(name) for name in ("reason", "change", "scheduled_time") if name in sent}
        version = sent.pop("version", None)
        if version is None:
            version = get_served(key, environment).version
            require_if_match(request, version)
        served = change_flag(
            key=key,
            environment=environment,
            version=version,
            changes=sent,
            actor=actor_of(request),
            now=clock.now(),
            **named,
        )
        return outcome_answer(served)


class KillView(generics.GenericAPIView[Any]):
    """The switch."""

    serializer_class = KillBody
    # Nobody is told to wait before they may switch something off (flags.md section 1).
    throttle_classes = ()

    @extend_schema(operation_id="flags_kill", request=KillBody, responses={200: ServedSerializer})
    @idempotent
    def post(self, request: Request, key: str) -> HttpResponse:
        """Serve the safe variant to everybody, at once, whatever is frozen. A ramp under way stops; its change is rolled back."""
        sent = read_members(request, KillBody)
        return outcome_answer(kill_flag(key=key, actor=actor_of(request), now=clock.now(), **sent))


class RestoreView(generics.GenericAPIView[Any]):
    """An old version again."""

    serializer_class = RestoreBody

    @extend_schema(operation_id="flags_restore", request=RestoreBody, responses=OUTCOMES)
    @idempotent
    def post(self, request: Request, key: str) -> HttpResponse:
        """Serve again what a version served, as a new version under the same rules as any other step."""
        sent = read_members(request, RestoreBody)
        return outcome_answer(restore_flag(key=key, actor=actor_of(request), now=clock.now(), **sent))


class RampView(generics.GenericAPIView[Any]):
    """Percentage by percentage."""

    serializer_class = RampBody

    @extend_schema(operation_id="flags_ramp", request=RampBody, responses=OUTCOMES)
    @idempotent
    def post(self, request: Request, key: str) -> HttpResponse:
        """Raise the rollout step by step, each held for its time or until somebody lets it go on. In production one change covers the whole ramp."""
        sent = read_members(request, RampBody)
        steps = sent.pop("steps", None)
        ramp = Ramp() if steps is None else _ramp(steps)
        return outcome_answer(ramp_flag(key=key, ramp=ramp, actor=actor_of(request), now=clock.now(), **sent))


def _ramp(steps: list[dict[str, Any]]) -> Ramp:
    return Ramp(
        percentages=tuple(step["percentage"] for step in steps),
        holds=tuple(None if step.get("approval") else step.get("hold", HOLD) for step in steps[:-1]),
    )


class ApproveRampView(generics.GenericAPIView[Any]):
    """A ramp goes on."""

    serializer_class = ApproveRampBody

    @extend_schema(operation_id="flags_approve_ramp", request=ApproveRampBody, responses={200: ServedSerializer})
    @idempotent
    def post(self, request: Request, key: str) -> HttpResponse:
        """Serve the next percentage of a ramp that waits for it; in production not by who planned it."""
        sent = read_members(request, ApproveRampBody)
        return outcome_answer(approve_ramp(key=key, actor=actor_of(request), now=clock.now(), **sent))


class ReshuffleView(generics.GenericAPIView[Any]):
    """Others fall in the same percentage."""

    serializer_class = ReshuffleBody

    @extend_schema(operation_id="flags_reshuffle", request=ReshuffleBody, responses=OUTCOMES)
    @idempotent
    def post(self, request: Request, key: str) -> HttpResponse:
        """Share people out anew: who has it loses it and others get it. In production by a change, as every raise."""
        sent = read_members(request, ReshuffleBody)
        return outcome_answer(reshuffle_flag(key=key, actor=actor_of(request), now=clock.now(), **sent))


class WithdrawView(generics.GenericAPIView[Any]):
    """Take a planned step back."""

    serializer_class = WithdrawBody

    @extend_schema(operation_id="flags_withdraw", request=WithdrawBody, responses={200: ServedSerializer})
    @idempotent
    def post(self, request: Request, key: str) -> HttpResponse:
        """Stop what is planned, or a running ramp; what is served stays as it is."""
        sent = read_members(request, WithdrawBody)
        withdraw_step(key=key, actor=actor_of(request), now=clock.now(), **sent)
        row = get_served(key, sent["environment"])
        return Response(ServedSerializer(shown_served(row, row.flag, None)).data)


class VersionFilters(StrictSerializer):
    """Of which environment; left out: of all."""

    environment = serializers.ChoiceField(ENVIRONMENTS, required=False)


class VersionsView(generics.GenericAPIView[Any]):
    """The history of a flag."""

    serializer_class = FlagVersionSerializer
    ordering = ("-at", "-id")

    @extend_schema(
        operation_id="flags_versions", parameters=[VersionFilters], responses=FlagVersionSerializer(many=True)
    )
    def get(self, request: Request, key: str) -> Response:
        """Versions, the newest first, each with what it changed."""
        filters = read_parameters(request.query_params, VersionFilters)
        versions = versions_of(get_flag(key), **filters)
        page = self.paginate_queryset(versions) or []
        before = {
            (row.flag_environment_id, row.number): row.content
            for row in versions.filter(number__in={row.number - 1 for row in page})
        }
        shown = []
        for row in page:
            old = before.get((row.flag_environment_id, row.number - 1))
            found = () if old is None else difference(old, row.content)
            said = [{"field": one.field, "before": one.before, "after": one.after} for one in found]
            shown.append({**FlagVersionSerializer(row).data, "difference": said})
        return self.get_paginated_response(shown)


class EvaluateView(generics.GenericAPIView[Any]):
    """The playground."""

    serializer_class = EvaluateBody

    @extend_schema(operation_id="flags_evaluate", request=EvaluateBody, responses={200: EvaluationSerializer})
    def post(self, request: Request, key: str) -> Response:
        """What a context is answered, step by step. Counts as no use."""
        sent = read_members(request, EvaluateBody)
        get_flag(key)
        written = definitions(sent["environment"])
        environment = Environment(written)
        result = environment.evaluate(key, sent["context"])
        steps = [] if key not in written["flags"] else trace(environment, written["flags"][key], sent["context"])
        names = ("value", "variant", "reason", "error", "detail")
        shown = {"key": key, **{name: getattr(result, name) for name in names}, "trace": steps}
        return Response(EvaluationSerializer(shown).data)
