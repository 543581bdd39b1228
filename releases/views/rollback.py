"""The way back of a deployment: what it would be and one button, then how it goes, then its notice (§8)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cybercube_portal.decisions import Reason
from cybercube_portal.people.guard import may
from cybercube_portal.web import SHOWN_AGAIN, PageRequest, show, show_again
from cybercube_portal.web.markdown import render_markdown
from releases import permissions
from releases.actions.corruption import report_corruption
from releases.actions.gate import ask_own
from releases.actions.notices import edit_notice
from releases.actions.rollback import guard_of, start_rollback
from releases.models import Deployment
from releases.policy.rollback import MATRIX, METHODS
from releases.rollback_forms import METHOD_WORDS, TRIGGER_WORDS, CorruptionForm, NoticeForm, RollBackForm
from releases.selectors.deployments import get_deployment
from releases.selectors.rollbacks import Plan, behind_same_flag, healthy_versions, last_rollback, plan_rollback
from releases.states import UNDER_WAY, DeploymentState, RollbackMethod, Trigger
from releases.views.answers import shown

TEMPLATE = "releases/roll_back.html"
METHODS_OF_PAGES = ["GET", "HEAD", "POST"]


@require_http_methods(METHODS_OF_PAGES)
def roll_back(request: PageRequest, reference: str) -> HttpResponse:
    """Show the way back that is prepared, and go it by one button; once it is gone, show how it goes."""
    deployment = get_deployment(reference)
    plan = plan_rollback(deployment, trigger=_trigger(request.GET.get("trigger", "")))
    form = _form(request, plan)
    context = _context(request, plan)
    if request.method != "POST" or not form.is_valid():
        return show(request, TEMPLATE, context, form=form)
    sent = form.cleaned_data
    try:
        rollback = start_rollback(
            reference=reference,
            reason=sent["reason"],
            trigger=Trigger(sent["trigger"]),
            to_version=sent["to_version"],
            method=RollbackMethod(sent["method"]),
            actor=request.actor,
            now=request.now,
        )
    except SHOWN_AGAIN as error:
        return show_again(request, TEMPLATE, _context(request, plan), form=form, error=error)
    said = (
        _("%(flag)s is off. What goes on is verified now.") % {"flag": rollback.rollback.flag}
        if rollback.rollback.flag
        else _("Rolling back to %(version)s.") % {"version": rollback.version}
    )
    messages.success(request, said)
    return redirect("deployment-roll_back", reference)


@require_http_methods(METHODS_OF_PAGES)
def corruption(request: PageRequest, reference: str) -> HttpResponse:
    """Call the incident commander. A link only opens the page."""
    page = f"{reverse('deployment-roll_back', args=[reference])}?trigger={Trigger.DATA_CORRUPTION.value}"
    if request.method != "POST":
        return redirect(page)
    form = CorruptionForm(request.POST)
    plan = plan_rollback(get_deployment(reference), trigger=Trigger.DATA_CORRUPTION)
    context = {**_context(request, plan), "corruption_form": form}
    if not form.is_valid():
        return show(request, TEMPLATE, context, form=form)
    try:
        incident = report_corruption(reference=reference, actor=request.actor, now=request.now, **form.cleaned_data)
    except SHOWN_AGAIN as error:
        return show_again(request, TEMPLATE, context, form=form, error=error)
    messages.success(request, _("%(incident)s is open. Stop the traffic now.") % {"incident": incident.reference})
    return redirect(page)


@require_http_methods(METHODS_OF_PAGES)
def notice(request: PageRequest, reference: str) -> HttpResponse:
    """People's words in the notice. A link only opens the page."""
    page = reverse("deployment-roll_back", args=[reference])
    if request.method != "POST":
        return redirect(page)
    form = NoticeForm(request.POST)
    if not form.is_valid():
        context = {**_context(request, plan_rollback(get_deployment(reference))), "notice_form": form}
        return show(request, TEMPLATE, context, form=form)
    edit_notice(reference=reference, actor=request.actor, now=request.now, **form.cleaned_data)
    messages.success(request, _("The notice says so now."))
    return redirect(page)


def _trigger(text: str) -> Trigger | None:
    return Trigger(text) if text in set(Trigger) else None


def _form(request: PageRequest, plan: Plan) -> RollBackForm:
    initial = {
        "reason": plan.deployment.note or str(TRIGGER_WORDS[plan.trigger]),
        "to_version": plan.target.version if plan.target else "",
        "trigger": plan.trigger.value,
        "method": plan.method.value,
    }
    # What only the incident commander may do is offered to nobody else.
    teams = [plan.deployment.service.team.slug]
    return RollBackForm(
        request.POST if request.method == "POST" else None,
        initial=initial,
        versions=healthy_versions(plan.deployment),
        methods=tuple(
            method
            for method in plan.methods
            if method is plan.method or may(request.actor, guard_of(method), now=request.now, teams=teams).allowed
        ),
    )


def _context(request: PageRequest, plan: Plan) -> dict[str, Any]:
    deployment = plan.deployment
    service = deployment.service
    rollback, is_open = _rollback(deployment)
    person = may(request.actor, guard_of(plan.method), now=request.now, teams=[service.team.slug])
    blockers: tuple[Reason, ...] = plan.decision.blockers + person.blockers
    answer = ask_own(question=plan.question, actor=request.actor) if plan.question and is_open else None
    row = getattr(rollback, "rollback", None)
    may_tell = may(request.actor, permissions.EDIT_NOTICE, now=request.now, teams=[service.team.slug]).allowed
    return {
        "deployment": deployment,
        "plan": plan,
        "others": behind_same_flag(deployment) if plan.is_flag and is_open else (),
        "rollback": rollback,
        "is_open": is_open,
        "try_again": rollback if rollback and not is_open and rollback.state == DeploymentState.FAILED else None,
        "row": row,
        "notice_html": render_markdown(row.notice, lower=2) if row else "",
        "blockers": blockers,
        "answer": shown(answer, supposed=True) if answer else None,
        "scenario": MATRIX[plan.trigger],
        "speed": METHODS[plan.method].words,
        "method_words": METHOD_WORDS[plan.method],
        "taken_method": METHOD_WORDS[RollbackMethod(row.method)] if row else "",
        "taken_trigger": TRIGGER_WORDS[Trigger(row.trigger)] if row else "",
        "is_corruption": plan.trigger is Trigger.DATA_CORRUPTION,
        "corruption_form": CorruptionForm(),
        "may_report": may(
            request.actor, permissions.REPORT_CORRUPTION, now=request.now, teams=[service.team.slug]
        ).allowed,
        "notice_form": NoticeForm(initial={"impact": row.impact, "next_steps": row.next_steps})
        if row and may_tell
        else None,
        "crumbs": [
            (_("Deployments"), reverse("deployments")),
            (deployment.reference, reverse("deployment", args=[deployment.reference])),
        ],
    }


def _rollback(deployment: Deployment) -> tuple[Deployment | None, bool]:
    """What takes it back, or the rollback it is itself; and whether it can still be asked for."""
    newest = last_rollback(deployment)
    if newest is not None:
        return get_deployment(newest.reference), False
    if deployment.is_rollback:
        return deployment, deployment.state not in UNDER_WAY
    return None, True
