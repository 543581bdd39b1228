"""A long list of a rule or a segment: searched, added to and taken from without ever being on one page as a whole.

Its address names its content, so nobody changes a list that is not the one they read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cybercube_portal.errors import NotFound
from cybercube_portal.people.views.unsent import recall, sending
from cybercube_portal.web import SHOWN_AGAIN, PageRequest, show, show_again
from flags import permissions
from flags.actions.segments import change_segment
from flags.actions.serving import change_flag
from flags.evaluation import text_of
from flags.forms.lists import ListForm, conditions_in, digest_of, found_in
from flags.selectors.flags import get_served
from flags.selectors.segments import get_segment
from flags.views.flags import above, allows
from flags.views.segments import above_segments, may_edit_segments
from flags.views.serving import said

LIST = "flags/list.html"
# Values on one page; the rest is found by a word of theirs, or downloaded.
SHOWN = 200
LONGEST_WORDS = 100
Condition = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One list: its values, the conditions that have it, where its page leads back to, and what a new one is served by."""

    values: list[Any]
    conditions: list[Condition]
    crumbs: list[tuple[str, str]]
    back: str
    may_change: bool
    asks_why: bool
    save: Callable[[list[Any], str], str]


@require_http_methods(["GET", "HEAD", "POST"])
def flag_list(request: PageRequest, key: str, environment: str, digest: str) -> HttpResponse:
    """A list of the rules of a flag."""
    row = get_served(key, environment)
    conditions = _having(digest, conditions_in(row.content))
    back = reverse("flag-serving", args=[key, environment])

    def save(values: list[Any], why: str) -> str:
        rules = [
            {**rule, "conditions": [_with(digest, values, one) for one in rule["conditions"]]}
            for rule in row.content["rules"]
        ]
        served = change_flag(
            key=key,
            environment=environment,
            version=row.version,
            changes={"rules": rules},
            reason=why,
            actor=request.actor,
            now=request.now,
        )
        return said(served)

    return _answer(
        request,
        Listed(
            values=conditions[0]["value"],
            conditions=conditions,
            crumbs=[*above(row.flag), (environment, back)],
            back=reverse("flag", args=[key]),
            may_change=allows(request, permissions.CHANGE_FLAG, row.flag),
            asks_why=True,
            save=save,
        ),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def segment_list(request: PageRequest, slug: str, digest: str) -> HttpResponse:
    """A list of a segment."""
    row = get_segment(slug)
    conditions = _having(digest, (one for group in row.groups for one in group))
    back = reverse("segment", args=[slug])

    def save(values: list[Any], _why: str) -> str:
        groups = [[_with(digest, values, one) for one in group] for group in row.groups]
        change_segment(slug=slug, version=row.version, groups=groups, actor=request.actor, now=request.now)
        return _("Saved.")

    return _answer(
        request,
        Listed(
            values=conditions[0]["value"],
            conditions=conditions,
            crumbs=[*above_segments(), (slug, back)],
            back=back,
            may_change=may_edit_segments(request),
            asks_why=False,
            save=save,
        ),
    )


def _having(digest: str, conditions: Any) -> list[Condition]:  # noqa: ANN401 - whatever yields them
    found = [one for one in conditions if isinstance(one.get("value"), list) and digest_of(one["value"]) == digest]
    if not found:
        raise NotFound("This list is not served any more: somebody changed it.", code="flag.list_unknown")
    return found


def _with(digest: str, values: list[Any], condition: Condition) -> dict[str, Any]:
    is_it = isinstance(condition.get("value"), list) and digest_of(condition["value"]) == digest
    return {**condition, "value": values} if is_it else dict(condition)


def _answer(request: PageRequest, listed: Listed) -> HttpResponse:
    if request.GET.get("format") == "text":
        lines = "".join(f"{text_of(value)}\n" for value in listed.values)
        return HttpResponse(
            lines, content_type="text/plain; charset=utf-8", headers={"Content-Disposition": "attachment"}
        )
    words = request.GET.get("find", "")[:LONGEST_WORDS]
    found = found_in(listed.values, words)
    sent = request.POST if request.method == "POST" else None
    form = ListForm(sent, values=listed.values, shown=found[:SHOWN], asks_why=listed.asks_why)
    context = {
        "crumbs": listed.crumbs,
        "listed": listed,
        "number": len(listed.values),
        "words": words,
        "number_found": len(found),
        "number_shown": min(len(found), SHOWN),
        **recall(request, form),
    }
    if not form.is_valid():
        return show(request, LIST, context, form=form)
    try:
        with sending(request):
            told = listed.save(form.changed(), form.cleaned_data.get("reason", ""))
    except SHOWN_AGAIN as error:
        return show_again(request, LIST, context, form=form, error=error)
    messages.success(request, told)
    return redirect(listed.back)
