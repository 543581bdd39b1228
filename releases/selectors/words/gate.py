"""The words of the gate's log."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from changes.policy.scope import Action
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.catalog.words import team_word
from cybercube_portal.query import Language, Named, Names, OneOf, Text, Time, Word
from releases.models import GateDecision
from releases.selectors.gate_history import about_change, denied_by_freeze, with_last_outcome
from releases.selectors.words.shared import ENVIRONMENT
from releases.states import GateOutcome


def _asked_about(names: Collection[str]) -> dict[str, str]:
    """Pipelines ask about services that nobody registered, too."""
    asked = GateDecision.objects.filter(service__in=names).order_by().values_list("service", flat=True).distinct()
    return {name: name for name in {*asked, *catalog.slugs()} & set(names)}


LANGUAGE = Language(
    words=(
        Word(
            name="is",
            means=_("What the gate says last"),
            values=OneOf({outcome.value: with_last_outcome(outcome) for outcome in GateOutcome}),
            example="deny",
        ),
        ENVIRONMENT,
        Word(
            name="service",
            means=_("The service that was asked about"),
            values=Named(Names(find=_asked_about, every=catalog.slugs), lambda slug: Q(service=slug)),
            example="billing-service",
        ),
        team_word(lambda owned: Q(service__in=owned.slugs)),
        Word(
            name="version",
            means=_("The version, as asked"),
            values=Text(lambda text: Q(version=text)),
            example="v2.3.1",
        ),
        Word(
            name="change",
            means=_("The change that was named, or that spoke for it"),
            values=Text(about_change),
            example="CR-2026-0117-001",
        ),
        Word(
            name="freeze",
            means=_("The freeze that had it denied"),
            values=Text(denied_by_freeze),
            example="FRZ-001",
        ),
        Word(
            name="action",
            means=_("What was asked for"),
            values=OneOf({action.value: Q(action=action) for action in Action}),
            example="migrate",
        ),
        Word(
            name="by",
            means=_("Whose credential asked"),
            values=Text(lambda text: Q(asked_by=text)),
            example="ci-payments",
        ),
        Word(name="asked", means=_("When it was asked"), values=Time("asked_at"), example="today"),
    ),
    text=lambda text: Q(service__icontains=text) | Q(version__icontains=text) | Q(change_named__icontains=text),
    text_means=_("part of the service, the version or the change that was named"),
    orders={"-asked": ("-asked_at", "-id"), "asked": ("asked_at", "id")},
)
