"""The words of the list of deployments."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from changes.policy.scope import Action
from cybercube_portal.people.words import person_word
from cybercube_portal.query import Language, OneOf, Time, Word
from releases.selectors.words.shared import CHANGE, ENVIRONMENT, RELEASE, SERVICE, TEAM, VERSION
from releases.states import UNDER_WAY, DeploymentState, Method

D = DeploymentState
# `is:`, several states under one word.
GROUPS: dict[str, frozenset[DeploymentState]] = {
    "under_way": UNDER_WAY | {D.ROLLING_BACK},
    "healthy": frozenset({D.HEALTHY}),
    "failed": frozenset({D.FAILED, D.ROLLBACK_FAILED, D.ABORTED}),
    "taken_back": frozenset({D.ROLLED_BACK}),
}

LANGUAGE = Language(
    words=(
        Word(
            name="is",
            means=_("How it goes, several states under one word; or a rollback"),
            values=OneOf(
                {
                    **{word: Q(state__in=sorted(states)) for word, states in GROUPS.items()},
                    "rollback": Q(action=Action.ROLLBACK),
                }
            ),
            example="under_way",
        ),
        Word(
            name="state",
            means=_("Its state exactly"),
            values=OneOf({state.value: Q(state=state) for state in DeploymentState}),
            example="verifying",
        ),
        ENVIRONMENT,
        SERVICE,
        TEAM,
        VERSION,
        CHANGE,
        RELEASE,
        Word(
            name="method",
            means=_("How it is rolled out (§4.3)"),
            values=OneOf({method.value: Q(method=method) for method in Method}),
            example="canary",
        ),
        person_word("by", _("Who started it"), lambda person: Q(started_by=person)),
        Word(name="created", means=_("When it was reported"), values=Time("created_at"), example="7d"),
        Word(name="verified", means=_("When it was found healthy"), values=Time("verified_at"), example="today"),
    ),
    text=lambda text: Q(reference__icontains=text) | Q(version__icontains=text),
    text_means=_("part of the reference or the version"),
    orders={"-created": ("-created_at", "-id"), "created": ("created_at", "id")},
)
