"""Migrations over REST: what is planned, tested, run and verified where (§9)."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import URLPattern
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from changes.api.fields import WordField
from changes.api.serializers import HappeningSerializer, MoveOptionSerializer, PersonSerializer
from changes.api.showing import history
from changes.api.verbs import Things, Verb, verb_routes
from cybercube_portal import clock
from cybercube_portal.api import (
    MomentField,
    StrictSerializer,
    idempotent,
    read_members,
    refuse_unknown_parameters,
)
from cybercube_portal.catalog.states import ENVIRONMENT_NAMES, EnvironmentCode, MigrationKind, MigrationPhase
from cybercube_portal.catalog.versions import MAX_LENGTH
from cybercube_portal.people.authentication import actor_of
from cybercube_portal.people.queries import QueriedView, query_field
from releases.actions import migrations as actions
from releases.api.deployments import decision_named
from releases.api.serializers import RunSerializer
from releases.models import Migration
from releases.policy.migration_steps import Part, Standing
from releases.selectors.migration_records import steps_of
from releases.selectors.migrations import get_migration, migrations_filtered, moves_for
from releases.selectors.words.migrations import LANGUAGE
from releases.states import MigrationState

TEXT = 10_000
STATES = [state.value for state in MigrationState]
KINDS = [kind.value for kind in MigrationKind]
PHASES = [phase.value for phase in MigrationPhase]
CODES = [code.value for code in EnvironmentCode]


class MigrationBody(StrictSerializer):
    """A migration as it is announced. `kind` and `phase` are the artifact's where that is registered: what is sent may raise them, never lower."""

    service = serializers.CharField(max_length=64, help_text="Slug.")
    version = serializers.CharField(max_length=MAX_LENGTH)
    environment = serializers.ChoiceField(list(ENVIRONMENT_NAMES))
    filename = serializers.CharField(max_length=200)
    phase = serializers.ChoiceField(PHASES, required=False)
    kind = serializers.ChoiceField(KINDS, required=False)
    change = serializers.CharField(max_length=24, required=False)
    release = serializers.CharField(max_length=160, required=False)
    note = serializers.CharField(max_length=TEXT, required=False, allow_blank=True)


class TrialBody(StrictSerializer):
    """What running it on production-like data showed (§9.4 "Before Migration")."""

    estimated_seconds = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False, allow_null=True)
    lock_impact = serializers.CharField(max_length=200, required=False, allow_blank=True)
    rollback_tested = serializers.BooleanField(required=False)
    backup = serializers.CharField(
        max_length=300, required=False, allow_blank=True, help_text="Names the backup that was verified."
    )
    note = serializers.CharField(max_length=TEXT, required=False, allow_blank=True)


class RunMigrationBody(StrictSerializer):
    """In production: the gate's decision for the action `migrate`, by its id or its token."""

    decision = serializers.CharField(max_length=20_000, required=False)
    run = RunSerializer(required=False)
    note = serializers.CharField(max_length=TEXT, required=False, allow_blank=True)


class NoteBody(StrictSerializer):
    """What is worth knowing afterwards."""

    note = serializers.CharField(max_length=TEXT, required=False, allow_blank=True)


class BecauseBody(StrictSerializer):
    """Why."""

    reason = serializers.CharField(max_length=TEXT)


class MigrationFilters(StrictSerializer):
    """Which migrations; every one given must fit."""

    service = serializers.CharField(max_length=64, required=False, help_text="Slug.")
    team = serializers.CharField(max_length=64, required=False, help_text="Slug of the service's team.")
    environment = serializers.ChoiceField(list(ENVIRONMENT_NAMES), required=False)
    state = serializers.ChoiceField(STATES, required=False)
    version = serializers.CharField(max_length=MAX_LENGTH, required=False)
    release = serializers.CharField(max_length=160, required=False)
    change = serializers.CharField(max_length=24, required=False)
    filename = serializers.CharField(max_length=200, required=False)
    query = query_field(LANGUAGE)


class ListedMigrationSerializer(StrictSerializer):
    """A migration in a list."""

    id = serializers.CharField(source="reference")
    reference = serializers.CharField()
    service = serializers.CharField(source="service.slug")
    version = serializers.CharField()
    environment = serializers.ChoiceField(CODES)
    filename = serializers.CharField()
    kind = serializers.ChoiceField(KINDS)
    phase = serializers.ChoiceField(PHASES)
    state = serializers.ChoiceField(STATES)
    change = WordField()
    release = WordField()
    lock_impact = WordField()
    estimated_seconds = serializers.IntegerField(allow_null=True)
    ran_seconds = serializers.IntegerField(
        allow_null=True, help_text="How long it ran; null while it has not run through."
    )
    rollback_tested = serializers.BooleanField()
    backup = WordField()
    note = WordField()
    created_by = PersonSerializer()
    created_at = MomentField()
    tested_at = MomentField(allow_null=True)
    started_at = MomentField(allow_null=True)
    applied_at = MomentField(allow_null=True)
    verified_at = MomentField(allow_null=True)
    ended_at = MomentField(allow_null=True)


class ChecklistLineSerializer(StrictSerializer):
    """One line of the checklist of §9.4, as records tick it. `shown_by`: what shows it, or what would."""

    part = serializers.ChoiceField([part.value for part in Part])
    text = serializers.CharField()
    standing = serializers.ChoiceField([standing.value for standing in Standing])
    shown_by = serializers.CharField()


class MigrationSerializer(ListedMigrationSerializer):
    """A migration with the moves open to the caller; `decision` is the gate's that it spent."""

    decision = serializers.UUIDField(source="decision_id", allow_null=True)
    checklist = serializers.SerializerMethodField()
    moves = serializers.SerializerMethodField()
    history = serializers.SerializerMethodField()

    @extend_schema_field(MoveOptionSerializer(many=True))
    def get_moves(self, _row: Migration) -> Any:  # noqa: ANN401 - as the moves of everything are written
        """What stands in the way of each verb."""
        return MoveOptionSerializer(self.context["moves"], many=True).data

    @extend_schema_field(ChecklistLineSerializer(many=True))
    def get_checklist(self, _row: Migration) -> Any:  # noqa: ANN401 - as the moves are
        """Every line of §9.4."""
        return ChecklistLineSerializer(self.context["checklist"], many=True).data

    @extend_schema_field(HappeningSerializer(many=True))
    def get_history(self, _row: Migration) -> Any:  # noqa: ANN401 - as every history is written
        """What happened to it."""
        return HappeningSerializer(self.context["history"], many=True).data


class MigrationsView(QueriedView):
    """All migrations."""

    serializer_class = MigrationSerializer
    language = LANGUAGE

    @extend_schema(
        operation_id="migrations_list", parameters=[MigrationFilters], responses=ListedMigrationSerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        """Migrations, the newest first unless `query` asks for another order."""
        page = self.page_of(request, MigrationFilters, migrations_filtered)
        return self.get_paginated_response(ListedMigrationSerializer(page, many=True).data)

    @extend_schema(operation_id="migrations_plan", request=MigrationBody, responses={201: MigrationSerializer})
    @idempotent
    def post(self, request: Request) -> HttpResponse:
        """Announce a migration of a service in one environment."""
        sent = read_members(request, MigrationBody)
        migration = actions.plan_migration(plan=actions.MigrationPlan(**sent), actor=actor_of(request), now=clock.now())
        return migration_answer(migration.reference, request, status=status.HTTP_201_CREATED)


class MigrationView(generics.GenericAPIView[Any]):
    """One migration."""

    serializer_class = MigrationSerializer

    @extend_schema(operation_id="migrations_read")
    def get(self, request: Request, reference: str) -> Response:
        """The migration with the moves open to you, and its history."""
        refuse_unknown_parameters(request.query_params, [])
        return migration_answer(reference, request)


def migration_answer(reference: str, request: Request, *, status: int = 200) -> Response:
    """The migration as it is now."""
    migration, now = get_migration(reference), clock.now()
    shown = MigrationSerializer(
        migration,
        context={
            "moves": moves_for(migration, actor=actor_of(request), now=now),
            "checklist": steps_of(migration, now=now),
            "history": history(reference),
        },
    )
    return Response(shown.data, status=status)


def _test(*, reference: str, **sent: Any) -> Any:  # noqa: ANN401 - what the action answers
    kept = {name: sent.pop(name) for name in ("actor", "now")}
    return actions.test_migration(reference=reference, trial=actions.Trial(**sent), **kept)


def _run(*, reference: str, decision: str = "", run: dict[str, Any] | None = None, **sent: Any) -> Any:  # noqa: ANN401
    spent = None
    if decision:
        named, claims = decision_named(decision)
        spent = actions.Spent(decision=named, claims=claims, run=run or {})
    return actions.run_migration(reference=reference, spent=spent, **sent)


VERBS: tuple[Verb, ...] = (
    Verb("test", TrialBody, _test, "It ran on production-like data: what that showed (§9.4)."),
    Verb(
        "run",
        RunMigrationBody,
        _run,
        "It is being run, after the phases before it (§9.3); in production it spends an allow of the gate for migrate.",
    ),
    Verb("apply", NoteBody, actions.apply_migration, "It ran through; production is watched for 30 minutes now."),
    Verb(
        "verify",
        NoteBody,
        actions.verify_migration,
        "Schema and application are as they should be; a note tells what was noticed meanwhile (§9.4).",
    ),
    Verb("abort", BecauseBody, actions.abort_migration, "Given up before it was applied."),
    Verb("roll_back", BecauseBody, actions.roll_back_migration, "Taken back; a way back is never asked at the gate."),
)


def migration_verb_routes() -> list[URLPattern]:
    """A route for each verb."""
    things = Things(prefix="migrations", key="reference", shape=MigrationSerializer, answer=migration_answer)
    return verb_routes(things, VERBS)
