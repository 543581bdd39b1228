"""The words of the list of incidents."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cybercube_portal.query import Language, OneOf, Text, Time, Word
from releases.selectors.words.shared import ENVIRONMENT, SERVICE, TEAM
from releases.states import IncidentSource, IncidentState

LANGUAGE = Language(
    words=(
        Word(
            name="is",
            means=_("Whether it is over"),
            values=OneOf({state.value: Q(state=state) for state in IncidentState}),
            example="open",
        ),
        ENVIRONMENT,
        SERVICE,
        TEAM,
        Word(
            name="source",
            means=_("Who noticed it"),
            values=OneOf({source.value: Q(source=source) for source in IncidentSource}),
            example="alert",
        ),
        Word(
            name="severity",
            means=_("Its severity"),
            values=Text(lambda text: Q(severity__iexact=text)),
            example="SEV-1",
        ),
        Word(
            name="deployment",
            means=_("The deployment it is counted against (§8.5)"),
            values=Text(lambda text: Q(deployment=text)),
            example="DEP-001",
        ),
        Word(name="noticed", means=_("When it was noticed"), values=Time("detected_at"), example="7d"),
        Word(name="resolved", means=_("When it was over"), values=Time("resolved_at"), example="today"),
    ),
    text=lambda text: Q(reference__icontains=text) | Q(title__icontains=text),
    text_means=_("part of the reference or the title"),
    orders={"-noticed": ("-detected_at", "-id"), "noticed": ("detected_at", "id")},
)
