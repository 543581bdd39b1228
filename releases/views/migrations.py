"""Migrations (§9): one migration with its moves, and planning one."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from changes.selectors.moves import MoveOption
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.errors import Invalid
from cybercube_portal.web import SHOWN_AGAIN, PageRequest, show, show_again
from releases.actions import migrations as actions
from releases.models import Migration
from releases.policy.migration_steps import Part
from releases.release_forms import NoteForm, PlanMigrationForm, ReasonForm, RunForm, TrialForm
from releases.selectors.migration_records import steps_of
from releases.selectors.migrations import file_of, get_migration, moves_for
from releases.views.release import Button
from releases.views.release_timeline import entries_of, events_of

# What a page shows of a file; the artifact holds all of it.
MOST_LINES, LONGEST_LINE = 300, 300
NEW, ONE = "releases/migration_new.html", "releases/migration.html"
ICONS = {
    "test": "flask-conical",
    "run": "play",
    "apply": "activity",
    "verify": "circle-check",
    "abort": "ban",
    "roll_back": "undo-2",
}
MAIN = ("test", "run", "apply", "verify")
PARTS: dict[Part, Promise] = {
    Part.BEFORE: gettext_lazy("Before"),
    Part.DURING: gettext_lazy("During"),
    Part.AFTER: gettext_lazy("After"),
}


def _test(*, reference: str, actor: Any, now: Any, **said: Any) -> Migration:  # noqa: ANN401 - passed on
    return actions.test_migration(reference=reference, trial=actions.Trial(**said), actor=actor, now=now)


def _run(*, decision: str, **said: Any) -> Migration:
    spent = None
    if decision:
        try:
            spent = actions.Spent(decision=uuid.UUID(decision.strip()))
        except ValueError as error:
            raise Invalid.field("/decision", "decision.malformed", _("Name a decision by its id.")) from error
    return actions.run_migration(spent=spent, **said)


Verb = tuple[type[forms.Form], Callable[..., Any], str | Promise]
VERBS: dict[str, Verb] = {
    "test": (TrialForm, _test, gettext_lazy("Noted what the test showed.")),
    "run": (RunForm, _run, gettext_lazy("It is being run.")),
    "apply": (NoteForm, actions.apply_migration, gettext_lazy("It ran through: watch it for 30 minutes.")),
    "verify": (NoteForm, actions.verify_migration, gettext_lazy("Verified.")),
    "abort": (ReasonForm, actions.abort_migration, gettext_lazy("Given up.")),
    "roll_back": (ReasonForm, actions.roll_back_migration, gettext_lazy("Taken back.")),
}


@require_http_methods(["GET", "HEAD", "POST"])
def migration_new(request: PageRequest) -> HttpResponse:
    """Plan one."""
    services = sorted((slug, f"{slug} · {team}") for slug, team in catalog.slugs_with_teams())
    form = PlanMigrationForm(request.POST or None, services=services)
    context = {"crumbs": _above()}
    if not form.is_valid():
        return show(request, NEW, context, form=form)
    try:
        migration = actions.plan_migration(plan=form.plan(), actor=request.actor, now=request.now)
    except SHOWN_AGAIN as error:
        return show_again(request, NEW, context, form=form, error=error)
    messages.success(request, _("Planned."))
    return redirect("migration", migration.reference)


@require_safe
def migration(request: PageRequest, reference: str) -> HttpResponse:
    """One migration."""
    return show(request, ONE, _context(request, reference))


@require_http_methods(["GET", "HEAD", "POST"])
def migration_move(request: PageRequest, reference: str, verb: str) -> HttpResponse:
    """Say a verb. A link only opens the page."""
    if request.method != "POST":
        return redirect("migration", reference)
    kind, act, said = VERBS[verb]
    form = kind(request.POST)
    if not form.is_valid():
        return show(request, ONE, _context(request, reference, failed=verb, bound=form), form=form)
    try:
        act(reference=reference, actor=request.actor, now=request.now, **form.cleaned_data)
    except SHOWN_AGAIN as error:
        return show_again(request, ONE, _context(request, reference, failed=verb, bound=form), form=form, error=error)
    messages.success(request, str(said))
    return redirect("migration", reference)


def _context(
    request: PageRequest, reference: str, *, failed: str = "", bound: forms.Form | None = None
) -> dict[str, Any]:
    found = get_migration(reference)
    buttons = [
        _button(option, reference, bound=bound if option.verb == failed else None)
        for option in moves_for(found, actor=request.actor, now=request.now)
    ]
    lines = steps_of(found, now=request.now)
    file = file_of(found)
    written = file["sql"].splitlines() if file else []
    return {
        "migration": found,
        "parts": [(words, [line for line in lines if line.part is part]) for part, words in PARTS.items()],
        "main": next((button for button in buttons if button.verb in MAIN), None),
        "others": [button for button in buttons if button.verb not in MAIN],
        "entries": entries_of(events_of(reference)),
        "file": file,
        "sql": [line[:LONGEST_LINE] for line in written[:MOST_LINES]],
        "more_lines": len(written) - MOST_LINES,
        "crumbs": _above(),
    }


def _button(option: MoveOption, reference: str, *, bound: forms.Form | None) -> Button:
    form = VERBS[option.verb][0]
    return Button(
        verb=option.verb,
        label=option.label,
        url=reverse(f"migration-{option.verb}", args=[reference]),
        icon=ICONS[option.verb],
        tone="primary" if option.verb in MAIN else "danger",
        allowed=option.allowed,
        why=option.reasons,
        form=bound or form(),
        opened=bound is not None,
    )


def _above() -> list[tuple[str, str]]:
    return [(_("Releases"), reverse("releases")), (_("Migrations"), reverse("migrations"))]
