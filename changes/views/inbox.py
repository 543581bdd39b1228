"""What waits for this person: signatures to give in place, their own changes in trouble, records to write."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from changes.forms.moves import ReviewForm
from changes.selectors.changes import signed_by
from changes.selectors.inbox import concerns_of, differences_since
from changes.selectors.waiting import Waiting, waiting_for
from changes.views.merge_box import Button
from changes.words import named
from cybercube_portal.web import PageRequest, show

# A card is a form; more of them than this at once nobody reads (and the page would be over 300 KB).
CARDS_SHOWN = 40
SIGNED_SHOWN = 8


@require_safe
def inbox(request: PageRequest) -> HttpResponse:
    """Everything that waits, what this person has to sign first."""
    waiting = waiting_for(request.actor, now=request.now)
    changed = differences_since(request.actor, [item.change for item in waiting])
    again = [item for item in waiting if changed.get(item.change.pk)]
    first = [item for item in waiting if not changed.get(item.change.pk)]
    again_shown = again[:CARDS_SHOWN]
    first_shown = first[: CARDS_SHOWN - len(again_shown)]
    context = {
        "again": [_card(item, since=named(changed[item.change.pk])) for item in again_shown],
        "first": [_card(item, since=[]) for item in first_shown],
        "again_count": len(again),
        "first_count": len(first),
        "later": len(waiting) - len(again_shown) - len(first_shown),
        "concerns": concerns_of(request.actor, now=request.now),
        "signed": signed_by(request.actor.username)[:SIGNED_SHOWN],
    }
    return show(request, "changes/inbox.html", context)


def _card(item: Waiting, *, since: list[dict[str, Any]]) -> dict[str, Any]:
    """One change to sign: what the approval would fill, and the form that gives it."""
    change = item.change
    return {
        "change": change,
        "offer": item.offer,
        "since": since,
        "review": _button("approve", f"Approve as {item.offer.label}", change.number),
        "refuse": _button("refuse", "Refuse", change.number),
        "form": ReviewForm(initial={"content_hash": change.content_hash}, auto_id=f"id_{change.number}_%s"),
    }


def _button(verb: str, label: str, number: str) -> Button:
    url = reverse(f"change-{verb}", args=[number])
    return Button(verb=verb, label=label, url=url, icon="", tone="", allowed=True)
