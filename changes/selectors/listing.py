"""The list of changes as the page narrows it: groups of states under one word each."""

from __future__ import annotations

from django.db.models import QuerySet

from changes.models import ChangeRequest
from changes.selectors.changes import changes_filtered
from changes.states import OPEN_STATES, ChangeState

S = ChangeState

# The words of the page's filter; every state is in exactly one of the last five, and `open` gathers what is not over.
GROUPS: dict[str, frozenset[ChangeState]] = {
    "open": OPEN_STATES,
    "draft": frozenset({S.DRAFT}),
    "in_review": frozenset({S.IN_REVIEW}),
    "approved": frozenset({S.APPROVED}),
    "under_way": frozenset({S.IMPLEMENTING, S.VERIFYING, S.ROLLED_BACK, S.DOCUMENTING}),
    "over": frozenset({S.CLOSED, S.CANCELLED, S.REJECTED, S.EXPIRED}),
}


def changes_in(
    group: str,
    *,
    type: str = "",  # noqa: A002 - the contract's word
    risk: str = "",
    service: str = "",
    requester: str = "",
    q: str = "",
) -> QuerySet[ChangeRequest]:
    """Changes of a group (`all` and unknown words: every state), newest first, narrowed by everything given."""
    rows = changes_filtered(type=type, risk=risk, service=service, requester=requester, q=q)
    return rows.filter(state__in=GROUPS[group]) if group in GROUPS else rows
