"""How often the gate said no because of a freeze."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from releases.selectors.periods import rows_of

# A question that was put twice is two; one that was asked again while it waited is one. The condition and the path are the index's own.
DENIED = """
SELECT asked.reference, count(DISTINCT said.decision_id)
FROM unnest(%(freezes)s::text[]) AS asked (reference)
JOIN releases_gateevaluation said
     ON said.outcome = 'deny' AND said.decided_at >= %(start)s AND said.decided_at < %(end)s
    AND jsonb_path_query_array(said.reasons, '$[*] ? (@.outcome == "fail").details.freeze') @> to_jsonb(ARRAY[asked.reference])
JOIN releases_gatedecision question ON question.id = said.decision_id
WHERE %(slugs)s::text[] IS NULL OR question.service = ANY (%(slugs)s::text[])
GROUP BY asked.reference"""


def denials_by_freeze(
    freezes: Iterable[str], *, start: datetime, end: datetime, services: Iterable[str] | None = None
) -> dict[str, int]:
    """By reference, how many questions each of these freezes had denied in the half-open span, about these services (None: all)."""
    given = {
        "freezes": list(freezes),
        "start": start,
        "end": end,
        "slugs": None if services is None else list(services),
    }
    return dict(rows_of(DENIED, given)) if given["freezes"] else {}
