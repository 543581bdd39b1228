"""What happened to a release or a migration, in people's words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cybercube_portal.audit.selectors.events import timeline
from cybercube_portal.web import Entry, Look
from cybercube_portal.web.sentences import in_words
from releases.events import MigrationEvent, ReleaseEvent

if TYPE_CHECKING:
    from cybercube_portal.audit.models import Event

MOST = 100
R, M = ReleaseEvent, MigrationEvent


LOOKS: dict[str, Look] = {
    R.OPENED: Look(gettext_lazy("opened it"), "file-plus"),
    R.EDITED: Look(gettext_lazy("edited it"), "pencil"),
    R.ITEM_TICKED: Look(gettext_lazy("ticked"), "check", "ok"),
    R.ITEM_UNTICKED: Look(gettext_lazy("took a tick back"), "rotate-ccw", "wait"),
    R.SUBMITTED: Look(gettext_lazy("handed it to its approvers"), "send"),
    R.RETURNED: Look(gettext_lazy("took it back to preparation: its change is a draft again"), "undo", "wait"),
    R.STAGED: Look(gettext_lazy("began staging"), "package-open", "accent"),
    R.VERIFIED: Look(gettext_lazy("found it healthy in staging"), "package-check", "ok"),
    R.DEPLOYED: Look(gettext_lazy("began production"), "rocket", "accent"),
    R.WATCHED: Look(gettext_lazy("found it healthy in production, and watches it"), "activity", "ok"),
    R.CHANGELOG_EDITED: Look(gettext_lazy("wrote the changelog"), "file-text"),
    R.NOTES_EDITED: Look(gettext_lazy("wrote the release notes"), "file-text"),
    R.NOTES_PUBLISHED: Look(gettext_lazy("published and announced the release notes"), "megaphone", "ok"),
    R.PUBLISHED: Look(gettext_lazy("released it"), "party-popper", "ok"),
    R.FAILED: Look(gettext_lazy("sent it back: its deployment failed"), "circle-x", "bad"),
    R.ROLLED_BACK: Look(gettext_lazy("rolled it back"), "undo-2", "bad"),
    R.CANCELLED: Look(gettext_lazy("cancelled it"), "ban"),
    M.PLANNED: Look(gettext_lazy("planned it"), "calendar-clock"),
    M.TESTED: Look(gettext_lazy("tested it"), "flask-conical", "ok"),
    M.RUN: Look(gettext_lazy("ran it"), "play", "accent"),
    M.APPLIED: Look(gettext_lazy("noted that it ran through"), "activity", "accent"),
    M.VERIFIED: Look(gettext_lazy("verified it"), "circle-check", "ok"),
    M.ABORTED: Look(gettext_lazy("gave it up"), "ban"),
    M.ROLLED_BACK: Look(gettext_lazy("took it back"), "undo-2", "bad"),
}
# What people said with it.
SAID = ("text", "note", "reason", "because")


def events_of(subject: str) -> QuerySet[Event]:
    """The newest MOST events about itself, the newest first."""
    return timeline(subject).filter(object_id=subject)[:MOST]


def entries_of(events: Iterable[Event]) -> list[Entry]:
    """They, as lines of its timeline."""
    return [
        Entry(
            at=event.occurred_at,
            who=_("The portal") if event.actor.get("kind") == "system" else str(event.actor.get("id", "")),
            words=str(look.words),
            icon=look.icon,
            tone=look.tone,
            body="\n".join(
                in_words(event.data[name]) if name == "because" else str(event.data[name])
                for name in SAID
                if event.data.get(name)
            ),
        )
        for event in events
        if (look := LOOKS.get(event.verb)) is not None
    ]
