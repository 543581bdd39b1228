"""What releases, deployments, checks, migrations and the gate add to the one timeline of a change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy, ngettext

from changes.panels import register_lines, register_looks
from cybercube_portal.web import Entry, Look
from cybercube_portal.web.badges import badge_of
from cybercube_portal.web.sentences import in_words
from releases.events import DeploymentEvent, MigrationEvent, ObservationEvent, ReleaseEvent, VerificationEvent
from releases.models import GateEvaluation
from releases.selectors.gate_history import Blockers
from releases.states import GateOutcome

if TYPE_CHECKING:
    from changes.models import ChangeRequest
    from cybercube_portal.audit.models import Event

D, R, M = DeploymentEvent, ReleaseEvent, MigrationEvent
# The thing itself follows as a link.
LOOKS: dict[str, Look] = {
    D.STARTED: Look(gettext_lazy("started the deployment"), "rocket", "accent"),
    D.ADVANCED: Look(gettext_lazy("advanced the canary of"), "step-forward", "accent"),
    D.FINISHED: Look(gettext_lazy("rolled out"), "flag", "accent"),
    D.VERIFIED: Look(gettext_lazy("found healthy"), "circle-check", "ok"),
    D.UNCERTAIN: Look(gettext_lazy("could not tell the health of"), "circle-question-mark", "wait"),
    D.FAILED: Look(gettext_lazy("failed"), "circle-x", "bad"),
    D.TIMED_OUT: Look(gettext_lazy("failed for lack of time"), "timer-off", "bad"),
    D.ABORTED: Look(gettext_lazy("gave up"), "ban"),
    D.ALERTED: Look(gettext_lazy("raised an alert about"), "triangle-alert", "wait"),
    D.WATCHED: Look(gettext_lazy("watched to the end"), "eye", "ok"),
    D.ROLLBACK_STARTED: Look(gettext_lazy("began to take back"), "undo-2", "wait"),
    D.HANDED_OVER: Look(gettext_lazy("handed over the rollback"), "undo-2", "accent"),
    D.ROLLED_BACK: Look(gettext_lazy("took back"), "undo-2", "bad"),
    D.ROLLBACK_FAILED: Look(gettext_lazy("could not take back"), "octagon-x", "bad"),
    D.CORRUPTION_REPORTED: Look(gettext_lazy("reported corrupted data after"), "database-zap", "bad"),
    D.NOTICE_EDITED: Look(gettext_lazy("edited the rollback notice of"), "file-pen"),
    D.NOTICE_SENT: Look(gettext_lazy("sent the rollback notice of"), "megaphone"),
    VerificationEvent.QUEUED: Look(gettext_lazy("asked for the checks of"), "list-checks"),
    VerificationEvent.ENDED: Look(gettext_lazy("checked"), "list-checks", "accent"),
    R.OPENED: Look(gettext_lazy("opened the release"), "package"),
    R.EDITED: Look(gettext_lazy("edited the release"), "package"),
    R.ITEM_TICKED: Look(gettext_lazy("ticked an item of"), "check", "ok", gettext_lazy("ticked %(count)d items of")),
    R.ITEM_UNTICKED: Look(
        gettext_lazy("took back a tick of"), "rotate-ccw", "wait", gettext_lazy("took back %(count)d ticks of")
    ),
    R.SUBMITTED: Look(gettext_lazy("handed in the release"), "send"),
    R.RETURNED: Look(gettext_lazy("took back to preparation the release"), "undo", "wait"),
    R.STAGED: Look(gettext_lazy("began staging of"), "package-open", "accent"),
    R.VERIFIED: Look(gettext_lazy("found healthy in staging the release"), "package-check", "ok"),
    R.DEPLOYED: Look(gettext_lazy("began production of"), "rocket", "accent"),
    R.WATCHED: Look(gettext_lazy("watches in production the release"), "activity", "ok"),
    R.CHANGELOG_EDITED: Look(gettext_lazy("wrote the changelog of"), "file-text"),
    R.NOTES_EDITED: Look(gettext_lazy("wrote the notes of"), "file-text"),
    R.NOTES_PUBLISHED: Look(gettext_lazy("published the notes of"), "megaphone", "ok"),
    R.PUBLISHED: Look(gettext_lazy("released"), "party-popper", "ok"),
    R.FAILED: Look(gettext_lazy("sent back the release"), "circle-x", "bad"),
    R.ROLLED_BACK: Look(gettext_lazy("rolled back the release"), "undo-2", "bad"),
    R.CANCELLED: Look(gettext_lazy("cancelled the release"), "ban"),
    M.PLANNED: Look(gettext_lazy("planned the migration"), "database"),
    M.TESTED: Look(gettext_lazy("tested the migration"), "flask-conical", "ok"),
    M.RUN: Look(gettext_lazy("ran the migration"), "play", "accent"),
    M.APPLIED: Look(gettext_lazy("applied the migration"), "activity", "accent"),
    M.VERIFIED: Look(gettext_lazy("verified the migration"), "circle-check", "ok"),
    M.ABORTED: Look(gettext_lazy("gave up the migration"), "ban"),
    M.ROLLED_BACK: Look(gettext_lazy("took back the migration"), "undo-2", "bad"),
    ObservationEvent.BYPASS_FOUND: Look(gettext_lazy("found a version nobody let through in"), "shield-alert", "bad"),
}
PAGES = {
    "deployment": lambda reference: reverse("deployment", args=[reference]),
    "release": lambda reference: reverse("release", args=[reference]),
    "migration": lambda reference: reverse("migration", args=[reference]),
}
# Where an event says which thing it is about, that stands first.
ABOUT = frozenset({D.STARTED, D.ROLLBACK_STARTED, R.OPENED, M.PLANNED, M.RUN})
SAID = ("text", "reason", "note", "message", "finding", "because")
# Of these, what checks and rules say; the rest was typed by people.
BY_RULES = frozenset({"message", "finding", "because"})
GATE = {
    GateOutcome.ALLOW: Look(gettext_lazy("was let through the gate"), "shield-check", "ok"),
    GateOutcome.WAIT: Look(gettext_lazy("was told to wait at the gate"), "hourglass", "wait"),
    GateOutcome.DENY: Look(gettext_lazy("was denied at the gate"), "octagon-x", "bad"),
}


def register() -> None:
    """Called when the app is loaded."""
    register_looks(LOOKS, said=said, pages=PAGES)
    register_lines(gate_lines, asks=gate_asks, counted=answers_about)


def said(event: Event) -> str:
    """What is worth reading with it: what went where, what the checks found, what somebody wrote."""
    data = event.data
    lines = [_about(data)] if event.verb in ABOUT else []
    if event.verb == VerificationEvent.ENDED:
        lines.append(", ".join(_check(check) for check in data.get("checks", ())))
    lines += [
        in_words(data[name]) if name in BY_RULES else data[name] for name in SAID if isinstance(data.get(name), str)
    ]
    return "\n".join(filter(None, lines))


def _about(data: dict[str, Any]) -> str:
    what = " ".join(filter(None, (data.get("service"), data.get("version") or data.get("filename"))))
    return f"{what} → {data['environment']}" if data.get("environment") else what


def _check(check: dict[str, Any]) -> str:
    name = in_words(str(check["kind"]).replace("_", " "))
    return f"{name}: {str(badge_of('verdict', check['verdict']).word).lower()}"


def answers_about(number: str) -> QuerySet[GateEvaluation]:
    """Every answer of the gate's that spoke of a change."""
    return GateEvaluation.objects.filter(change=number)


def gate_asks(change: ChangeRequest) -> tuple[QuerySet[GateEvaluation]]:
    """The last answer to each question, without its reasons: a row of them is long."""
    last = answers_about(change.number).order_by("decision_id", "-id").distinct("decision_id")
    asked = {name: F(f"decision__{name}") for name in ("service", "version", "environment", "asked_by")}
    return (last.only("decision_id", "outcome", "decided_at").annotate(blockers=Blockers("reasons"), **asked),)


def gate_lines(answers: Iterable[Any]) -> Iterator[Entry]:
    """One line for each question."""
    for answer in answers:
        look = GATE[GateOutcome(answer.outcome)]
        first, more = [in_words(one) for one in answer.blockers[:1]], len(answer.blockers) - 1
        rest = [ngettext("and %(count)d more", "and %(count)d more", more) % {"count": more}] if more > 0 else []
        yield Entry(
            at=answer.decided_at,
            who=answer.asked_by,
            words=f"{look.words}:",
            icon=look.icon,
            tone=look.tone,
            link=reverse("gate-decision", args=[answer.decision_id]),
            link_label=" ".join(filter(None, (answer.service, answer.version))) + f" → {answer.environment}",
            body=" ".join([*first, *rest]),
        )
