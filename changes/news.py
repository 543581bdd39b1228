"""What watchers of a change or of its service are told: which events are news, of which kind, and in which words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from changes.events import ChangeEvent
from changes.messages import facts_of, path_of, thing_of
from changes.models import ChangeRequest
from changes.policy.content import difference
from changes.words import named
from cybercube_portal.notices.kinds import Kind
from cybercube_portal.notices.message import Message, one_line

if TYPE_CHECKING:
    from cybercube_portal.audit.models import Event

E = ChangeEvent
LONGEST_VALUE, MOST_FIELDS = 200, 8
# What people said with a move.
SAID = ("comment", "reason", "notes", "because")


@dataclass(frozen=True, slots=True)
class News:
    """How one event is told. `of_service`: whoever watches the service wants to hear it too."""

    kind: Kind
    line: str | Promise
    of_service: bool = False


NEWS: dict[str, News] = {
    E.SUBMITTED: News(Kind.WATCHED_MOVED, gettext_lazy("%(who)s submitted %(thing)s"), of_service=True),
    E.AUTHORISED: News(Kind.WATCHED_MOVED, gettext_lazy("%(who)s noted the approval of %(thing)s"), of_service=True),
    E.SIGNED: News(Kind.WATCHED_MOVED, gettext_lazy("%(who)s signed %(thing)s")),
    E.APPROVED: News(Kind.WATCHED_MOVED, gettext_lazy("%(thing)s is approved"), of_service=True),
    E.REFUSED: News(Kind.WATCHED_MOVED, gettext_lazy("%(who)s refused %(thing)s")),
    E.REVISED: News(Kind.WATCHED_MOVED, gettext_lazy("%(who)s took %(thing)s back to a draft")),
    E.CANCELLED: News(Kind.WATCHED_MOVED, gettext_lazy("%(who)s cancelled %(thing)s")),
    E.EXPIRED: News(Kind.WATCHED_MOVED, gettext_lazy("%(thing)s expired: its time went by unused")),
    E.REOPENED: News(Kind.WATCHED_MOVED, gettext_lazy("%(thing)s is in review again")),
    E.STARTED: News(Kind.WATCHED_MOVED, gettext_lazy("%(who)s started %(thing)s")),
    E.FINISHED: News(Kind.WATCHED_MOVED, gettext_lazy("%(who)s finished %(thing)s")),
    E.ROLLED_BACK: News(Kind.WATCHED_MOVED, gettext_lazy("%(who)s rolled back %(thing)s"), of_service=True),
    E.DOCUMENTED: News(Kind.WATCHED_MOVED, gettext_lazy("%(who)s began the record of %(thing)s")),
    E.CLOSED: News(Kind.WATCHED_MOVED, gettext_lazy("%(who)s closed %(thing)s")),
    E.EDITED: News(Kind.WATCHED_EDITED, gettext_lazy("%(who)s edited %(thing)s")),
    E.RESCHEDULED: News(Kind.WATCHED_EDITED, gettext_lazy("%(who)s rescheduled %(thing)s")),
    E.COMMENTED: News(Kind.WATCHED_COMMENTED, gettext_lazy("%(who)s commented on %(thing)s")),
}


def message_of_event(change: ChangeRequest, event: Event, *, who: str, comment: str) -> Message:
    """One event in words. `who` did it, `comment` is what they said on the change, if that is the event."""
    news = NEWS[event.verb]
    said = comment or next((str(event.data[name]) for name in SAID if event.data.get(name)), "")
    if said == "standard":
        said = _("Every condition of its template holds.")
    return Message(
        subject=str(news.line) % {"who": who, "thing": thing_of(change)},
        thing=thing_of(change),
        line=capfirst(str(news.line) % {"who": who, "thing": _("it")}),
        text=(said,) if said else (),
        facts=facts_of(change)[1:] if news.kind is Kind.WATCHED_MOVED and event.verb == E.SUBMITTED else (),
        points=tuple(_edits(event)),
        path=path_of(change.number),
        button=_("Open %(number)s") % {"number": change.number},
    )


def _edits(event: Event) -> list[str]:
    """What an edit changed, each field on a line."""
    rows = named(difference(event.before, event.after)) if event.before and event.after else []
    shown = [
        _("%(label)s: %(before)s → %(after)s")
        % {"label": row["label"].rstrip("?"), "before": _short(row["before"]), "after": _short(row["after"])}
        for row in rows[:MOST_FIELDS]
    ]
    more = len(rows) - MOST_FIELDS
    return shown if more <= 0 else [*shown, _("and %(count)d more") % {"count": more}]


def _short(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= LONGEST_VALUE else f"{line[:LONGEST_VALUE]}…"
