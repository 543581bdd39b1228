"""Filing a change and editing it: choose a type, fill in a form that says at once what it would meet."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from changes.actions.content import edit_change
from changes.actions.filing import file_change
from changes.forms.change import ChangeForm, Services, initial_of
from changes.forms.standard import FORMS, StandardForm, initial_of_standard
from changes.models import ChangeRequest, Template
from changes.policy.lifecycle import IMPACT
from changes.policy.risk import told_together
from changes.policy.standard import TemplateKind, conditions
from changes.proposals import proposal_of
from changes.selectors.changes import get_change
from changes.selectors.differences import difference_from
from changes.selectors.moves import written_parts
from changes.selectors.outlook import outlook_of
from changes.selectors.templates import get_template, templates_listed
from changes.states import ChangeState, ChangeType, TemplateState
from changes.words import named
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.decisions import Decision, Reason
from cybercube_portal.errors import MoveRefused, PortalError, Stale
from cybercube_portal.people.views.unsent import recall, sending
from cybercube_portal.reach import OutOfReach, within_reach
from cybercube_portal.web import SHOWN_AGAIN, PageRequest, asked_by_itself, sent_text, show, show_again

NEW, FORM, PREVIEW = "changes/new.html", "changes/form.html", "changes/parts/preview.html"
KINDS = tuple(TemplateKind)
AHEAD = timedelta(hours=25)
WALL = "%Y-%m-%dT%H:%M"
# Buttons that send the form to see what it would meet, not to file it.
LOOKS = {"check", "take"}
VERSION = re.compile(r"\d{1,9}", re.ASCII)
Form = ChangeForm | StandardForm


@dataclass(frozen=True)
class Filing:
    """What is being filed: a type, or a template of standard changes; `change` when it is an edit."""

    type: ChangeType
    template: Template | None = None
    change: ChangeRequest | None = None

    def form(self, request: PageRequest, data: Any = None) -> Form:  # noqa: ANN401 - a QueryDict or None
        """Bound to `data`, else showing the change that is edited, else fresh."""
        services = _services(request)
        asked = {} if self.change else _asked(request)
        if self.template:
            fresh = {"scheduled_time": request.now, **asked}
            first = initial_of_standard(proposal_of(self.change)) if self.change else fresh
            kind = FORMS[self.template.kind]
            return kind(data, initial=first, services=services, template=self.template)
        first = initial_of(proposal_of(self.change)) if self.change else {**self._fresh(request.now), **asked}
        return ChangeForm(data, initial=first, services=services, change_type=self.type)

    def _fresh(self, now: datetime) -> dict[str, Any]:
        """A normal change begins after its lead time, on the hour; an emergency at once."""
        soon = now.replace(second=0, microsecond=0)
        hour = (now + AHEAD).replace(minute=0, second=0, microsecond=0)
        return {"scheduled_time": soon if self.type is ChangeType.EMERGENCY else hour}

    def outlook(self, form: Form, request: PageRequest) -> dict[str, Any]:
        """What the form would meet as it is filled in, and the versions there are of its services."""
        form.is_valid()
        number = self.change.number if self.change else ""
        proposal = form.proposal(now=request.now)
        return {
            "outlook": outlook_of(proposal, now=request.now, number=number),
            "artifacts": catalog.newest_releases(services=proposal.services),
        }

    def context(self) -> dict[str, Any]:
        """What the page says around the form."""
        query = f"?template={self.template.slug}" if self.template else f"?type={self.type}"
        return {
            "filing": self,
            "conditions": conditions(self.template.kind) if self.template else (),
            "preview_url": reverse("change-preview") + query + (f"&change={self.change.number}" if self.change else ""),
            "crumbs": [(_("Changes"), reverse("changes")), *self._above()],
        }

    def _above(self) -> list[tuple[str, str]]:
        if self.change:
            return [(self.change.number, reverse("change", args=[self.change.number]))]
        return [(_("New change"), reverse("change-new"))]


@dataclass(frozen=True)
class Read:
    """The change as whoever edits it first read it: a form that was kept for days still tells what changed meanwhile."""

    version: int
    content_hash: str

    @classmethod
    def of(cls, change: ChangeRequest, sent: QueryDict) -> Read:
        """As the form says; as the change stands when it says nothing. A version that is none is never the current one."""
        if not sent:
            return cls(change.version, change.content_hash)
        version = sent.get("version", "")
        return cls(int(version) if VERSION.fullmatch(version) else 0, sent.get("content_hash", ""))

    def meanwhile(self, change: ChangeRequest) -> list[dict[str, object]]:
        """What others changed since."""
        if self.version == change.version:
            return []
        then = change.content_versions.filter(content_hash=self.content_hash).first()
        return named(difference_from(then.material, change)) if then else []


@require_http_methods(["GET", "HEAD", "POST"])
def change_new(request: PageRequest) -> HttpResponse:
    """Choose what to file, then file it: as a draft, or handed in at once."""
    filing = _filing(request)
    if filing is None:
        templates = sorted(templates_listed(state=TemplateState.ACTIVE), key=lambda row: KINDS.index(row.kind))
        cards = [(template, conditions(template.kind)) for template in templates]
        return show(request, NEW, {"cards": cards, "crumbs": [(_("Changes"), reverse("changes"))]})
    form = filing.form(request, _sent(request))
    context = filing.context() | recall(request, form)
    if request.method != "POST":
        return show(request, FORM, context | {"artifacts": catalog.newest_releases()}, form=form)
    if LOOKS & request.POST.keys() or not form.is_valid():
        return show(request, FORM, context | filing.outlook(form, request), form=form)
    submit = "submit" in request.POST and filing.type is not ChangeType.EMERGENCY
    try:
        with sending(request):
            change = file_change(
                proposal=form.proposal(now=request.now), submit=submit, actor=request.actor, now=request.now
            )
    except SHOWN_AGAIN as error:
        return _refused(request, filing, form, context, error)
    messages.success(request, _filed(change))
    return redirect("change", change.number)


@require_POST
@asked_by_itself
def change_preview(request: PageRequest) -> HttpResponse:
    """The part of the page that says what the form would meet, for htmx. Writes nothing.

    Once the session is over the form tells so itself (`unsent.js`); leaving it for the log-in page would lose what was typed.
    """
    filing = _filing(request) or Filing(ChangeType.NORMAL)
    form = filing.form(request, request.POST)
    return render(request, PREVIEW, filing.outlook(form, request) | {"filing": filing, "live_part": True})


@require_http_methods(["GET", "HEAD", "POST"])
def change_edit(request: PageRequest, number: str) -> HttpResponse:
    """Edit a draft, or what is in review: its signatures are superseded then."""
    change = get_change(number)
    filing = Filing(ChangeType(change.type), change.template, change)
    form = filing.form(request, _sent(request))
    context = filing.context() | recall(request, form)
    read = Read.of(change, request.POST if request.method == "POST" else context["unsent_fields"])
    context["read"] = read
    if filing.type is ChangeType.NORMAL:
        _unfold(form, written_parts(change).blockers)
    if request.method != "POST":
        more = {"meanwhile": read.meanwhile(change), "artifacts": catalog.newest_releases()}
        return show(request, FORM, context | more, form=form)
    if LOOKS & request.POST.keys() or not form.is_valid():
        return show(request, FORM, context | filing.outlook(form, request), form=form)
    try:
        with sending(request):
            edit_change(
                number=number,
                version=read.version,
                changes=form.edits(now=request.now),
                actor=request.actor,
                now=request.now,
            )
    except SHOWN_AGAIN as error:
        if isinstance(error, Stale):
            # Told now: whoever sends it again has read what changed.
            context |= {"meanwhile": read.meanwhile(change), "read": Read.of(change, QueryDict())}
        return _refused(request, filing, form, context, error)
    messages.success(request, _("Saved."))
    return redirect("change", number)


def _sent(request: PageRequest) -> QueryDict | None:
    """What was sent; a slot that was taken stands in place of the time that was typed."""
    if request.method != "POST":
        return None
    if "take" not in request.POST:
        return request.POST
    sent = request.POST.copy()
    sent["scheduled_time"] = sent_text(sent, "take")
    sent.pop("scheduled_time_fold", None)
    return sent


def _refused(
    request: PageRequest, filing: Filing, form: Form, context: dict[str, Any], error: PortalError
) -> HttpResponse:
    """The form again, with what it would meet, and what it lacks unfolded."""
    context |= filing.outlook(form, request)
    _unfold(form, context["outlook"].missing)
    if isinstance(error, MoveRefused):
        error = MoveRefused(Decision(told_together(error.decision.reasons)))
    return show_again(request, FORM, context, form=form, error=error)


def _unfold(form: Form, reasons: Iterable[Reason]) -> None:
    """Open what the change still lacks."""
    lacks = {str(reason.details.get("field", "")) for reason in reasons}
    if isinstance(form, ChangeForm):
        form.wanted = frozenset(lacks | {f"impact_{part}" for part in IMPACT if "impact" in lacks})


def _filing(request: PageRequest) -> Filing | None:
    """What the address asks for; None when nothing is chosen yet. Raises NotFound for an unknown template or change."""
    if number := request.GET.get("change"):
        change = get_change(number)
        return Filing(ChangeType(change.type), change.template, change)
    if slug := request.GET.get("template"):
        return Filing(ChangeType.STANDARD, get_template(slug))
    kind = request.GET.get("type")
    return Filing(ChangeType(kind)) if kind in {ChangeType.NORMAL, ChangeType.EMERGENCY} else None


def _asked(request: PageRequest) -> dict[str, Any]:
    """What a link to the form fills in: `scheduled`, a wall time of the person's zone, and `service`; nonsense fills in nothing."""
    found: dict[str, Any] = {}
    if service := request.GET.get("service", ""):
        found["services"] = [service]
    try:
        moment = datetime.strptime(request.GET.get("scheduled", ""), WALL)  # noqa: DTZ007 - the person's zone is added
        found["scheduled_time"] = timezone.make_aware(within_reach(moment.replace(tzinfo=UTC)).replace(tzinfo=None))
    except (ValueError, OutOfReach):
        return found
    return found


def _services(request: PageRequest) -> Services:
    """Slug and label of every service, those of the person's own team first."""
    mine = request.actor.team
    rows = catalog.slugs_with_teams()
    return [(slug, f"{slug} · {team}") for slug, team in sorted(rows, key=lambda row: (row[1] != mine, row))]


def _filed(change: ChangeRequest) -> str:
    said = {"number": change.number}
    if change.state == ChangeState.APPROVED:
        return _("%(number)s is filed and approved: every condition of its template holds.") % said
    if change.state == ChangeState.IN_REVIEW:
        return _("%(number)s is filed and waits for its approvers.") % said
    return _("%(number)s is kept as a draft.") % said
