"""What pages of freezes and of deployment windows show alike: where, when next, and the lists their forms choose from."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from changes.models.freeze import Scoped
from changes.policy.recurrence import occurrences
from changes.policy.spans import Span
from changes.selectors.freezes import recurrence_of
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.people import selectors as people

AHEAD = timedelta(days=732)
SHOWN = 5
COMMON_RULES = ("FREQ=YEARLY", "FREQ=MONTHLY", "FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "FREQ=DAILY")


def choices() -> dict[str, Any]:
    """What a form of a period chooses from. Two queries."""
    return {"services": catalog.slugs(), "teams": people.team_slugs()}


def next_ones(row: Scoped, *, now: datetime) -> tuple[Span, ...]:
    """The occurrence that covers `now` and the following, at most SHOWN, within two years."""
    return occurrences(recurrence_of(row), now, now + AHEAD)[:SHOWN]


def scope_words(row: Scoped) -> str:
    """`prd · payments, platform · not billing-service`."""
    parts = [row.environments, row.teams, row.services]
    words = [", ".join(part) for part in parts if part] or [_("Everything")]
    without = [*row.excluded_teams, *row.excluded_services]
    return " · ".join([*words, *([_("not %(names)s") % {"names": ", ".join(without)}] if without else [])])
