"""Several changes looked at together: which of them one verb can be said of now, and why not of the others."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from changes import permissions
from changes.models import ChangeRequest
from changes.selectors.changes import changes_numbered
from changes.selectors.moves import in_the_way
from changes.selectors.situation import Situation
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.decisions import Reason
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import may

COMMENT = "comment"


@dataclass(frozen=True, slots=True)
class Prospect:
    """One change and what stands in the way there."""

    change: ChangeRequest
    reasons: tuple[Reason, ...]

    @property
    def possible(self) -> bool:
        """Whether nothing does."""
        return not self.reasons


def prospects(numbers: Collection[str], verb: str, *, actor: Actor, now: datetime) -> list[Prospect]:
    """The known ones of these changes, judged each alone. Two queries for verbs that look at the change, its state and its teams."""
    rows = list(changes_numbered(numbers))
    team_of = catalog.team_by_service({slug for row in rows for slug in row.services})
    found = []
    for row in rows:
        situation = Situation(row, now=now)
        situation.team_of = {slug: team_of[slug] for slug in row.services if slug in team_of}
        found.append(Prospect(row, _reasons(situation, verb, actor)))
    return found


def _reasons(situation: Situation, verb: str, actor: Actor) -> tuple[Reason, ...]:
    if verb == COMMENT:
        return may(actor, permissions.COMMENT, now=situation.now, services=situation.change.services).blockers
    return in_the_way(situation, verb, actor=actor)
