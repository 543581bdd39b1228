"""What the gate says of one change: now, when its slot begins, and what it told pipelines before.

The change's page asks for it once it stands (`releases.panels`): judging takes statements of its own. Without a script it is a page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from changes.policy.scope import Action
from changes.policy.standard import TemplateKind
from changes.selectors.changes import get_change
from changes.states import ChangeState
from cybercube_portal.people.guard import require
from cybercube_portal.web import PageRequest, asked_by_itself, show
from releases.actions.gate import Asked, decide_gate
from releases.permissions import ASK_GATE
from releases.policy.gate import Question
from releases.selectors.gate_history import about_change, decisions_shown
from releases.views.answers import Shown, ask_url, shown

if TYPE_CHECKING:
    from changes.models import ChangeRequest

PAGE, PART = "releases/change.html", "releases/parts/gate_panel.html"
# Before these it may still go somewhere; after them the gate has said what it had to say.
JUDGED = frozenset(
    {
        ChangeState.DRAFT,
        ChangeState.IN_REVIEW,
        ChangeState.APPROVED,
        ChangeState.EXPIRED,
        ChangeState.IMPLEMENTING,
    }
)
# So many are judged at most; whoever wants to know more follows a link.
MOST_JUDGED = 3
MOST_KEPT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Supposed:
    """One answer of a dry run, None where too many would have to be judged. `at` None is now; `url` asks the same."""

    at: datetime | None
    url: str
    answer: Shown | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One thing that the change moves somewhere."""

    question: Question
    supposed: tuple[Supposed, ...]


@require_safe
@asked_by_itself
def gate_change(request: PageRequest, number: str) -> HttpResponse:
    """Dry runs for what the change names, and the last decisions about it."""
    require(request.actor, ASK_GATE, now=request.now)
    change = get_change(number)
    context = {
        "change": change,
        "targets": _targets(change, request) if change.state in JUDGED else (),
        "kept": list(decisions_shown().filter(about_change(change.number))[:MOST_KEPT]),
        "crumbs": [(_("Changes"), reverse("changes")), (change.number, reverse("change", args=[change.number]))],
    }
    response = show(request, PART if "HX-Request" in request.headers else PAGE, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _targets(change: ChangeRequest, request: PageRequest) -> tuple[Target, ...]:
    questions = tuple(questions_of(change))
    moments: list[datetime | None] = [None, change.scheduled_time] if request.now < change.scheduled_time else [None]
    if len(questions) * len(moments) > MOST_JUDGED:
        moments = moments[-1:]
    is_judged = len(questions) * len(moments) <= MOST_JUDGED
    return tuple(
        Target(
            question=question,
            supposed=tuple(_supposed(question, at, request, is_judged=is_judged) for at in moments),
        )
        for question in questions
    )


def questions_of(change: ChangeRequest) -> Iterator[Question]:
    """Each service in each environment: with the versions it rolls out, or to configure or scale it where it names none."""
    is_scale = change.template is not None and change.template.kind == TemplateKind.SCALE
    still = Action.SCALE if is_scale else Action.CONFIGURE
    for environment in change.environments:
        for service in change.services:
            versions = [entry["version"] for entry in change.artifacts if entry["service"] == service]
            for version in versions or [""]:
                yield Question.named(
                    service=service,
                    version=version,
                    environment=environment,
                    action=Action.DEPLOY if version else still,
                    change=change.number,
                )


def _supposed(question: Question, at: datetime | None, request: PageRequest, *, is_judged: bool) -> Supposed:
    url = ask_url(question, at=at)
    if not is_judged:
        return Supposed(at=at, url=url)
    asked = Asked(question=question, version=question.version, dry_run=True, at=at)
    return Supposed(at=at, url=url, answer=shown(decide_gate(asked=asked, actor=request.actor), supposed=True))
