"""The timeline of a deployment or a release: its audit events in people's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cybercube_portal.audit.selectors.events import timeline
from cybercube_portal.web import Entry, Look
from cybercube_portal.web.sentences import in_words
from releases.events import DeploymentEvent, IncidentEvent, VerificationEvent

if TYPE_CHECKING:
    from cybercube_portal.audit.models import Event

# The newest ones; all of them are in the audit trail.
MOST = 200
D = DeploymentEvent


LOOKS: dict[str, Look] = {
    D.STARTED: Look(gettext_lazy("started it"), "play", "accent"),
    D.ADVANCED: Look(gettext_lazy("advanced the canary"), "step-forward", "accent"),
    D.FINISHED: Look(gettext_lazy("rolled it out"), "flag", "accent"),
    D.VERIFIED: Look(gettext_lazy("found it healthy"), "circle-check", "ok"),
    D.UNCERTAIN: Look(gettext_lazy("could not tell whether it is healthy"), "circle-question-mark", "wait"),
    D.FAILED: Look(gettext_lazy("failed it"), "circle-x", "bad"),
    D.TIMED_OUT: Look(gettext_lazy("failed it: its time was over"), "timer-off", "bad"),
    D.ABORTED: Look(gettext_lazy("gave it up"), "ban"),
    D.ALERTED: Look(gettext_lazy("raised an alert"), "triangle-alert", "wait"),
    D.WATCHED: Look(gettext_lazy("watched it to the end"), "eye", "ok"),
    D.ROLLBACK_STARTED: Look(gettext_lazy("began to take it back"), "undo-2", "wait"),
    D.ROLLED_BACK: Look(gettext_lazy("took it back"), "undo-2", "bad"),
    D.ROLLBACK_FAILED: Look(gettext_lazy("could not take it back"), "octagon-x", "bad"),
    D.CORRUPTION_REPORTED: Look(gettext_lazy("reported corrupted data"), "database-zap", "bad"),
    VerificationEvent.QUEUED: Look(gettext_lazy("asked for its checks"), "list-checks"),
    VerificationEvent.ENDED: Look(gettext_lazy("ran its checks"), "list-checks"),
    IncidentEvent.DETECTED: Look(gettext_lazy("opened an incident"), "siren", "bad"),
    IncidentEvent.RESOLVED: Look(gettext_lazy("resolved the incident"), "circle-check", "ok"),
}
# What people and checks said with it.
SAID = ("reason", "note", "message", "finding")
BY_CHECKS = frozenset({"message", "finding"})


def entries_of(subject: str) -> list[Entry]:
    """The newest MOST entries, the newest first. One query."""
    return [_entry(event, subject) for event in timeline(subject)[:MOST]]


def _entry(event: Event, subject: str) -> Entry:
    look = LOOKS.get(event.verb) or Look(event.verb.partition(".")[2].replace("_", " "), "circle")
    other = event.object_id if event.object_id != subject else ""
    return Entry(
        at=event.occurred_at,
        who=str(event.actor.get("name") or event.actor.get("id") or _("The portal")),
        words=f"{look.words} ({other})" if other else str(look.words),
        icon=look.icon,
        tone=look.tone,
        body=_said(event.data),
    )


def _said(data: dict[str, Any]) -> str:
    said = {name: data[name] for name in SAID if isinstance(data.get(name), str) and data[name]}
    return "\n".join(in_words(text) if name in BY_CHECKS else text for name, text in said.items())
