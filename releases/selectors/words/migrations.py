"""The words of the list of migrations."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cybercube_portal.catalog.states import MigrationKind, MigrationPhase
from cybercube_portal.catalog.words import lint_word
from cybercube_portal.people.words import person_word
from cybercube_portal.query import Language, OneOf, Text, Time, Word
from releases.selectors.words.shared import CHANGE, ENVIRONMENT, RELEASE, SERVICE, TEAM, VERSION
from releases.states import MigrationState

M = MigrationState
# `is:`, several states under one word; `open` gathers what is not over.
GROUPS: dict[str, tuple[MigrationState, ...]] = {
    "open": (M.PLANNED, M.TESTED, M.RUNNING, M.APPLIED),
    "under_way": (M.RUNNING, M.APPLIED),
    "verified": (M.VERIFIED,),
    "ended": (M.ABORTED, M.ROLLED_BACK),
}

LANGUAGE = Language(
    words=(
        Word(
            name="is",
            means=_("How it goes, several states under one word; ended: aborted or rolled back"),
            values=OneOf({word: Q(state__in=states) for word, states in GROUPS.items()}),
            example="open",
        ),
        Word(
            name="state",
            means=_("Its state exactly"),
            values=OneOf({state.value: Q(state=state) for state in MigrationState}),
            example="applied",
        ),
        ENVIRONMENT,
        SERVICE,
        TEAM,
        Word(
            name="phase",
            means=_("Expand, backfill or contract (§9.3)"),
            values=OneOf({phase.value: Q(phase=phase) for phase in MigrationPhase}),
            example="contract",
        ),
        Word(
            name="kind",
            means=_("Of the schema or of data (§5.6)"),
            values=OneOf({kind.value: Q(kind=kind) for kind in MigrationKind}),
            example="data",
        ),
        lint_word(),
        Word(
            name="lock",
            means=_("Part of what it locks (§9.4)"),
            values=Text(lambda text: Q(lock_impact__icontains=text)),
            example="exclusive",
        ),
        VERSION,
        CHANGE,
        RELEASE,
        person_word("by", _("Who planned it"), lambda person: Q(created_by=person)),
        Word(name="created", means=_("When it was planned"), values=Time("created_at"), example="7d"),
        Word(name="applied", means=_("When it ran through"), values=Time("applied_at"), example="today"),
        Word(name="verified", means=_("When it was verified"), values=Time("verified_at"), example="2026-01"),
    ),
    text=lambda text: Q(reference__icontains=text) | Q(filename__icontains=text),
    text_means=_("part of the reference or the file's name"),
    orders={"-created": ("-created_at", "-id"), "created": ("created_at", "id")},
)
