"""How every list answers: the query of the address, what this person and their team saved, a page or a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

from django.db.models import Model
from django.http.response import HttpResponseBase
from django.utils import timezone

from cybercube_portal.people.actors import Actor
from cybercube_portal.people.queries import asker_for
from cybercube_portal.people.selectors import saved_views
from cybercube_portal.query import Asker
from cybercube_portal.web import Listing, ListPage, PageRequest, SavedQuery, list_page, show

Row = TypeVar("Row", bound=Model)


def show_list(
    request: PageRequest,
    listing: Listing[Row],
    template: str,
    more: Callable[[ListPage[Row]], Mapping[str, Any]] | None = None,
) -> HttpResponseBase:
    """The page `template` with `shown`, a ListPage, and what `more` makes of it; or the file that `?format=csv` asks for."""
    shown = list_page(request, listing, asker=asker_of(request), saved=_saved(request.actor, listing.name))
    if shown.is_file and not shown.complaints:
        return shown.file()
    answer = show(request, template, {"shown": shown, "page": shown.page, **(more(shown) if more else {})})
    if shown.is_file:
        # A program must not take the page for its file.
        answer.status_code = HTTPStatus.BAD_REQUEST
    return answer


def asker_of(request: PageRequest) -> Asker:
    """Whose words `@me` and `today` are."""
    return asker_for(request.actor, now=request.now, zone=timezone.get_current_timezone())


def _saved(actor: Actor, listing: str) -> tuple[SavedQuery, ...]:
    """Own views first, then those of the team; each by name. One query."""
    rows = [
        SavedQuery(
            id=view.pk,
            name=view.name,
            query=view.query,
            by="" if view.owner_id == actor.id else view.owner.get_full_name(),
            is_shared=view.team_id is not None,
            is_usual=view.is_usual,
        )
        for view in saved_views(actor, listing=listing)
    ]
    return tuple(sorted(rows, key=lambda view: (bool(view.by), view.name.lower())))
