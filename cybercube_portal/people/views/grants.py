"""Who there is and who holds which role. Everybody sees it, admins change it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cybercube_portal.people import actions, permissions, selectors
from cybercube_portal.people.actors import Kind
from cybercube_portal.people.forms import GrantForm
from cybercube_portal.people.guard import may, require
from cybercube_portal.people.roles import Role
from cybercube_portal.web import SHOWN_AGAIN, PageRequest, Tab, page_of_rows, show, show_again

PEOPLE, LIST, NEW = "people/people.html", "people/grants.html", "people/grant_role.html"


@require_safe
def people(request: PageRequest) -> HttpResponse:
    """Everybody by team, with the roles in force."""
    users = list(selectors.users_listed().order_by("team__name", "kind", "name"))
    facts = selectors.grant_facts(user.pk for user in users)
    for user in users:
        user.held = [grant for grant in facts[user.pk] if grant.holds(at=request.now)]  # type: ignore[attr-defined]
    return show(request, PEOPLE, {"users": users, "tabs": _tabs("people"), "may_grant": _may_grant(request)})


@require_safe
def grants(request: PageRequest) -> HttpResponse:
    """Every grant that ever was, the newest first."""
    return show(request, LIST, _list(request))


@require_http_methods(["GET", "HEAD", "POST"])
def grant_role(request: PageRequest) -> HttpResponse:
    """Give somebody a role."""
    require(request.actor, permissions.GRANT_ROLE, now=request.now)
    users = selectors.users_listed().filter(kind=Kind.PERSON).exclude(pk=request.actor.id).order_by("name")
    form = GrantForm(request.POST or None, people=list(users), teams=list(selectors.teams_listed()))
    if not form.is_valid():
        return show(request, NEW, {}, form=form)
    wanted = dict(form.cleaned_data)
    try:
        grant = actions.grant_role(
            actor=request.actor,
            now=request.now,
            **{**wanted, "role": Role(wanted["role"]), "team": wanted["team"] or None},
        )
    except SHOWN_AGAIN as error:
        return show_again(request, NEW, {}, form=form, error=error)
    said = {"name": grant.user.get_full_name(), "role": Role(grant.role).label}
    messages.success(request, _("%(name)s now holds the role %(role)s.") % said)
    return redirect("grants")


@require_POST
def revoke_grant(request: PageRequest, grant_id: int) -> HttpResponse:
    """End a grant early: signatures given under it stop counting."""
    try:
        grant = actions.revoke_grant(
            grant_id=grant_id, actor=request.actor, now=request.now, reason=request.POST.get("reason", "")[:300]
        )
    except SHOWN_AGAIN as error:
        return show_again(request, LIST, _list(request), error=error)
    said = {"name": grant.user.get_full_name(), "role": Role(grant.role).label}
    messages.success(request, _("%(name)s no longer holds the role %(role)s.") % said)
    return redirect("grants")


def _list(request: PageRequest) -> dict[str, Any]:
    page = page_of_rows(request, selectors.grants_listed(), order=("-id",))
    for grant in page.rows:
        grant.standing = selectors.standing_of(grant, now=request.now)  # type: ignore[attr-defined]
    return {"page": page, "tabs": _tabs("grants"), "may_grant": _may_grant(request)}


def _may_grant(request: PageRequest) -> bool:
    return may(request.actor, permissions.GRANT_ROLE, now=request.now).allowed


def _tabs(active: str) -> list[Tab]:
    names = {"people": _("People"), "grants": _("Role grants")}
    addresses = {"people": "/people/", "grants": "/grants/"}
    return [Tab(label=label, url=addresses[name], active=name == active) for name, label in names.items()]
