"""One decision: every reason, and how the answer went while the question waited."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from itertools import pairwise

from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from cybercube_portal.errors import NotFound
from cybercube_portal.people.guard import require
from cybercube_portal.web import Entry, PageRequest, show
from cybercube_portal.web.badges import badge_of
from cybercube_portal.web.sentences import in_words
from releases.models import GateDecision
from releases.permissions import ASK_GATE
from releases.selectors.gate_history import History, Turn, history_of
from releases.selectors.gate_log import latest_answer
from releases.states import GateOutcome
from releases.views.answers import TONES, ask_url, run_of, shown

SAID: dict[GateOutcome, str | Promise] = {
    GateOutcome.ALLOW: gettext_lazy("let it pass"),
    GateOutcome.WAIT: gettext_lazy("told it to wait"),
    GateOutcome.DENY: gettext_lazy("did not let it pass"),
}


@require_safe
def gate_decision(request: PageRequest, decision_id: uuid.UUID) -> HttpResponse:
    """What the log holds of it: nothing is judged anew by looking."""
    require(request.actor, ASK_GATE, now=request.now)
    answer = latest_answer(decision_id)
    if answer is None:
        raise NotFound(_("There is no such decision."), code="gate.decision_unknown")
    history = history_of(decision_id)
    context = {
        "decision": answer.decision,
        "question": answer.question,
        "answer": shown(answer),
        "is_allowed": answer.outcome is GateOutcome.ALLOW,
        "is_token_valid": request.now < answer.judgement.valid_until,
        "release": answer.release,
        "run": run_of(answer.decision),
        "entries": list(_entries(answer.decision, history)),
        "count": history.count,
        "ask_url": ask_url(answer.question),
        "crumbs": [(_("Gate"), reverse("gate"))],
    }
    return show(request, "releases/decision.html", context)


def _entries(decision: GateDecision, history: History) -> Iterator[Entry]:
    """The question, then each turn of the answer with what came and what went."""
    question = (
        f"{in_words(decision.get_action_display())}: {decision.service} {decision.version} → {decision.environment}"
    )
    yield Entry(
        at=decision.asked_at, who=decision.asked_by, words=_("asked"), icon="circle-question-mark", body=question
    )
    if not history.turns:
        return
    first = history.turns[0]
    yield _entry(first, "\n".join(map(in_words, first.blockers)))
    for before, turn in pairwise(history.turns):
        again = _("judged it again: it still waits") if turn.outcome is before.outcome else ""
        yield _entry(turn, _difference(before, turn), words=again)


def _entry(turn: Turn, body: str, *, words: str = "") -> Entry:
    return Entry(
        at=turn.at,
        who=_("The gate"),
        words=words or str(SAID[turn.outcome]),
        icon=badge_of("gate", turn.outcome).icon,
        tone=TONES[turn.outcome],
        body=body,
    )


def _difference(before: Turn, turn: Turn) -> str:
    settled = [
        _("Settled: %(message)s") % {"message": in_words(one)} for one in before.blockers if one not in turn.blockers
    ]
    new = [_("New: %(message)s") % {"message": in_words(one)} for one in turn.blockers if one not in before.blockers]
    return "\n".join([*settled, *new])
