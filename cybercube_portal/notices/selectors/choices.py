"""What a person chose, beside what is usual: one row of the page of choices for each kind."""

from __future__ import annotations

from dataclasses import dataclass

from cybercube_portal.notices.kinds import Kind, Way
from cybercube_portal.notices.models import Choice
from cybercube_portal.notices.policy.ways import is_wanted
from cybercube_portal.notices.selectors.readers import usual_ways


@dataclass(frozen=True, slots=True)
class Chosen:
    """`wanted` holds the ways a kind shall take."""

    kind: Kind
    wanted: frozenset[Way]


def choices_of(person: int) -> list[Chosen]:
    """Every kind with what the person wants of it, in the table's order. One query."""
    rows = Choice.objects.filter(person_id=person).values_list("kind", "way", "wanted")
    chosen: dict[str, dict[Way, bool]] = {}
    for kind, way, wanted in rows:
        chosen.setdefault(kind, {})[Way(way)] = wanted
    return [
        Chosen(
            kind,
            frozenset(way for way in Way if is_wanted(way, chosen=chosen.get(kind, {}), usual=usual_ways(kind))),
        )
        for kind in Kind
    ]
