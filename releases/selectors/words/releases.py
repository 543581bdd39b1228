"""The words of the list of releases."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from changes.policy.approvals import ReleaseType
from cybercube_portal.people.words import person_word
from cybercube_portal.query import Language, OneOf, Text, Time, Word
from releases.policy.releases import SHOWN_STATES
from releases.selectors.releases import called
from releases.selectors.words.shared import SERVICE, TEAM, VERSION
from releases.states import RELEASE_OVER, ReleaseState

R = ReleaseState
# `is:`, several states under one word.
GROUPS: dict[str, tuple[str, ...]] = {
    "open": tuple(sorted(set(ReleaseState) - RELEASE_OVER)),
    "production": (R.MONITORING, R.RELEASED),
    "ended": (R.ROLLED_BACK, R.CANCELLED),
}

LANGUAGE = Language(
    words=(
        Word(
            name="is",
            means=_("Where it is, several states under one word"),
            values=OneOf({word: Q(state__in=states) for word, states in GROUPS.items()}),
            example="open",
        ),
        Word(
            name="state",
            means=_("Its state exactly; in review it is called as its change"),
            values=OneOf({state: called(state) for state in SHOWN_STATES}),
            example="staged",
        ),
        Word(
            name="type",
            means=_("Major, minor, patch or hotfix (§5.1)"),
            values=OneOf({kind.value: Q(type=kind) for kind in ReleaseType}),
            example="minor",
        ),
        SERVICE,
        TEAM,
        VERSION,
        Word(
            name="change",
            means=_("The change that authorises it"),
            values=Text(lambda text: Q(change=text)),
            example="CR-2026-0117-001",
        ),
        person_word("by", _("Who opened it"), lambda person: Q(created_by=person)),
        Word(name="created", means=_("When it was opened"), values=Time("created_at"), example="7d"),
        Word(name="deployed", means=_("When it went to production"), values=Time("deployed_at"), example="2026-01"),
        Word(name="published", means=_("When its notes were"), values=Time("notes_published_at"), example="today"),
    ),
    text=lambda text: Q(reference__icontains=text) | Q(version__icontains=text) | Q(service__slug__icontains=text),
    text_means=_("part of the reference, the version or the service"),
    orders={"-created": ("-created_at", "-id"), "created": ("created_at", "id")},
    usual="is:open",
)
