"""What watchers of a release, or of a service, are told: which events are news, of which kind, and in which words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cybercube_portal.notices.kinds import Kind
from cybercube_portal.notices.message import Message
from releases.events import DeploymentEvent, ReleaseEvent

if TYPE_CHECKING:
    from cybercube_portal.audit.models import Event

R, D = ReleaseEvent, DeploymentEvent
# What people and checks said with it.
SAID = ("reason", "note", "message", "because")


@dataclass(frozen=True, slots=True)
class News:
    """How one event is told. `of_service`: whoever watches the service wants to hear it too."""

    kind: Kind
    line: str | Promise
    of_service: bool = False


RELEASE_NEWS: dict[str, News] = {
    R.SUBMITTED: News(Kind.WATCHED_MOVED, gettext_lazy("%(who)s handed %(thing)s to its approvers")),
    R.RETURNED: News(Kind.WATCHED_MOVED, gettext_lazy("%(thing)s is in preparation again")),
    R.STAGED: News(Kind.WATCHED_MOVED, gettext_lazy("%(thing)s goes to staging")),
    R.VERIFIED: News(Kind.WATCHED_MOVED, gettext_lazy("%(thing)s is healthy in staging")),
    R.DEPLOYED: News(Kind.WATCHED_MOVED, gettext_lazy("%(thing)s goes to production")),
    R.WATCHED: News(Kind.WATCHED_MOVED, gettext_lazy("%(thing)s is healthy in production and is being watched")),
    R.PUBLISHED: News(Kind.WATCHED_MOVED, gettext_lazy("%(thing)s is released"), of_service=True),
    R.FAILED: News(Kind.WATCHED_MOVED, gettext_lazy("%(thing)s came back: its deployment failed"), of_service=True),
    R.ROLLED_BACK: News(Kind.WATCHED_MOVED, gettext_lazy("%(thing)s was rolled back")),
    R.CANCELLED: News(Kind.WATCHED_MOVED, gettext_lazy("%(who)s cancelled %(thing)s")),
    R.EDITED: News(Kind.WATCHED_EDITED, gettext_lazy("%(who)s edited %(thing)s")),
    R.CHANGELOG_EDITED: News(Kind.WATCHED_EDITED, gettext_lazy("%(who)s wrote the changelog of %(thing)s")),
    R.NOTES_EDITED: News(Kind.WATCHED_EDITED, gettext_lazy("%(who)s wrote the notes of %(thing)s")),
}
# Told of production alone, to whoever watches the service.
DEPLOYMENT_NEWS: dict[str, News] = {
    D.VERIFIED: News(Kind.WATCHED_MOVED, gettext_lazy("%(thing)s is deployed and healthy")),
    D.FAILED: News(Kind.WATCHED_MOVED, gettext_lazy("%(thing)s failed")),
    D.TIMED_OUT: News(Kind.WATCHED_MOVED, gettext_lazy("%(thing)s failed: its time was over")),
    D.ROLLED_BACK: News(Kind.WATCHED_MOVED, gettext_lazy("%(thing)s was rolled back")),
    D.ROLLBACK_FAILED: News(Kind.WATCHED_MOVED, gettext_lazy("%(thing)s could not be rolled back")),
}


def message_of_event(news: News, event: Event, *, thing: str, path: str, who: str) -> Message:
    """One event in words. `who` did it, `thing` is what it happened to."""
    said = next((str(event.data[name]) for name in SAID if event.data.get(name)), "")
    return Message(
        subject=str(news.line) % {"who": who, "thing": thing},
        thing=thing,
        line=capfirst(str(news.line) % {"who": who, "thing": _("it")}),
        text=(said,) if said else (),
        path=path,
        button=_("Open %(reference)s") % {"reference": event.object_id},
    )
