"""The page edge: who asks and when, and a refused POST as the same page again with everything that was typed.

A view reads `request.actor` and `request.now`, makes one domain call, and answers a POST that succeeded with a redirect:

    form = CommentForm(request.POST)
    if form.is_valid():
        try:
            approve_change(number=number, actor=request.actor, now=request.now, **form.cleaned_data)
        except SHOWN_AGAIN as error:
            return show_again(request, "changes/change.html", context, form=form, error=error)
        return redirect("change", number)
    return show(request, "changes/change.html", context, form=form)

What is not in SHOWN_AGAIN (403, 404, 413, 5xx) becomes an error page by `cybercube_portal.api.handlers`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

from cybercube_portal.api.problems import problem_of
from cybercube_portal.decisions import Reason
from cybercube_portal.errors import Conflict, Invalid, MoveRefused, PortalError, Stale
from cybercube_portal.web.forms import keep_errors

if TYPE_CHECKING:
    from cybercube_portal.people.actors import Actor

View = TypeVar("View", bound=Callable[..., HttpResponse])

# Refusals a person can do something about on the page they came from.
SHOWN_AGAIN: tuple[type[PortalError], ...] = (Invalid, MoveRefused, Conflict, Stale)


class PageRequest(HttpRequest):
    """A request of somebody signed in, as `pages.middleware` leaves it. `now` was read once, aware and UTC."""

    actor: Actor
    now: datetime


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a POST changed nothing. `reasons` stand in the way; `stale` when somebody else was faster."""

    status: int
    message: str
    reasons: tuple[Reason, ...] = ()
    stale: bool = False


def asked_by_itself(view: View) -> View:
    """Marks a view that a page asks without its reader: once the session is over it ends quietly, where others lead to the log-in page."""
    view.is_asked_by_itself = True  # type: ignore[attr-defined]
    return view


def show(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, form: BaseForm | None = None
) -> HttpResponse:
    """The page; 422 when `form` was filled in and is not valid."""
    status = 422 if form is not None and form.is_bound and not form.is_valid() else 200
    return render(request, template, {**context, "form": form}, status=status)


def show_again(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, error: PortalError, form: BaseForm | None = None
) -> HttpResponse:
    """The page a POST came from with what was typed, `refusal` on top, and the refusal's status (409, 412, 422).

    Field errors of an Invalid stand at their fields; those whose field the form does not have stand at the top.
    """
    problem = problem_of(error)
    if isinstance(error, Invalid) and form is not None:
        keep_errors(form, error)
    reasons = error.decision.blockers if isinstance(error, MoveRefused) else ()
    status = problem.status if problem else 500
    refusal = None if isinstance(error, Invalid) else Refusal(status, str(error), reasons, isinstance(error, Stale))
    return render(request, template, {**context, "form": form, "refusal": refusal}, status=status)


def sent_text(sent: QueryDict, name: str, *, longest: int = 64) -> str:
    """A parameter as text that a column takes: no NUL, no blanks around it, no longer than a name is; "" where it was not sent."""
    return sent.get(name, "").replace("\x00", "").strip()[:longest]


def back_to(request: HttpRequest, *, default: str) -> str:
    """Where the `next` of a form or a link leads, when that is an address of ours; else `default`."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if ours else default
