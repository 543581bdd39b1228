"""Does the record hold? The chain, what was signed about it, a walk over it, and the file for a stranger."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from cybercube_portal.audit.keys import signing_key_id
from cybercube_portal.audit.selectors.events import chain_end, checkpoints_listed, verify_chain
from cybercube_portal.record.api.audit import LONGEST_WALK
from cybercube_portal.record.forms import WalkForm
from cybercube_portal.record.selectors import chain_watch
from cybercube_portal.record.views.tabs import enter
from cybercube_portal.web import PageRequest, show

SHOWN_CHECKPOINTS = 20


@require_safe
def chain(request: PageRequest) -> HttpResponse:
    """`?first=` walks from there, 5,000 events at most at a time."""
    context = enter(request, "audit-chain")
    size, head = chain_end()
    is_asked = "first" in request.GET
    form = WalkForm(request.GET) if is_asked else WalkForm()
    context |= {
        "size": size,
        "watch": chain_watch(),
        "head": head,
        "key_id": signing_key_id(),
        "checkpoints": checkpoints_listed().order_by("-size", "-id")[:SHOWN_CHECKPOINTS],
        "longest": LONGEST_WALK,
    }
    if is_asked and form.is_valid():
        first = min(form.cleaned_data["first"] or 1, size + 1)
        last = first + LONGEST_WALK - 1
        # Only a walk to the end also finds a checkpoint over more rows than there are.
        verdict = verify_chain(first=first, last=last if last < size else None)
        rest = verdict.size + 1 if verdict.holds and verdict.size < size else None
        context |= {"verdict": verdict, "first": first, "rest": rest}
    return show(request, "record/chain.html", context, form=form)
