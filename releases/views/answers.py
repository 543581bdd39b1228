"""An answer of the gate as pages draw it: what stands in the way first, in the words of page, API and CLI alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cybercube_portal.decisions import Reason
from releases.models import Deployment, GateDecision
from releases.policy.gate import Question
from releases.policy.gate.rules import blocks
from releases.policy.gate.summary import summary_of
from releases.selectors.gate_log import Answer
from releases.states import GateOutcome

TONES: dict[GateOutcome, str] = {GateOutcome.ALLOW: "ok", GateOutcome.WAIT: "wait", GateOutcome.DENY: "bad"}
GIVEN: dict[GateOutcome, str | Promise] = {
    GateOutcome.ALLOW: _("The gate let this pass."),
    GateOutcome.WAIT: _("The gate waits: what is pending can still make this pass."),
    GateOutcome.DENY: _("The gate did not let this pass."),
}
SUPPOSED: dict[GateOutcome, str | Promise] = {
    GateOutcome.ALLOW: _("It would pass."),
    GateOutcome.WAIT: _("It would wait: what is pending can still make it pass."),
    GateOutcome.DENY: _("It would not pass."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One answer: `blocking` in the order of the gate's own blockers, `settled` every other reason."""

    outcome: GateOutcome
    tone: str
    words: str | Promise
    blocking: tuple[Reason, ...]
    settled: tuple[Reason, ...]
    change: str
    digest: str
    decided_at: datetime
    valid_until: datetime
    next_allowed_at: datetime | None
    summary: str

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Every reason, what blocks first."""
        return self.blocking + self.settled


def shown(answer: Answer, *, supposed: bool = False) -> Shown:
    """`supposed`: a dry run, of which nothing is kept."""
    judgement = answer.judgement
    return Shown(
        outcome=answer.outcome,
        tone=TONES[answer.outcome],
        words=(SUPPOSED if supposed else GIVEN)[answer.outcome],
        blocking=judgement.blockers,
        settled=tuple(reason for reason in judgement.reasons if not blocks(reason)),
        change=answer.change,
        digest=answer.digest,
        decided_at=answer.decided_at,
        valid_until=judgement.valid_until,
        next_allowed_at=judgement.next_allowed_at,
        summary=summary_of(judgement, answer.question, change=answer.change),
    )


def ask_url(question: Question, *, at: datetime | None = None) -> str:
    """Where a page asks `question`; `at` goes by the clock on the wall of whoever follows the link."""
    sent = {
        "service": question.service,
        "version": question.version,
        "environment": question.environment,
        "action": question.action.value,
        "change": question.change,
        "at": timezone.localtime(at).replace(tzinfo=None).isoformat() if at else "",
    }
    return f"{reverse('gate-ask')}?{urlencode({name: value for name, value in sent.items() if value})}"


def run_of(thing: GateDecision | Deployment) -> Mapping[str, Any] | None:
    """{label, url} of the CI run behind it. The address is the pipeline's own word: only a web address becomes a link."""
    run = thing.run
    if not run:
        return None
    attempt = run.get("attempt", 1)
    label = f"{run.get('provider', '')} {run.get('id', '')}".strip() + (f" #{attempt}" if attempt != 1 else "")
    url = str(run.get("url", ""))
    try:
        is_web = urlsplit(url).scheme in {"http", "https"}
    except ValueError:
        is_web = False
    return {"label": label, "url": url if is_web else ""}
