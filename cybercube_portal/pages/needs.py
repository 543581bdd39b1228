"""What needs somebody, gathered from every app in one query: home's first panel beside the signatures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import CharField, Value
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from changes.selectors import needed as changes
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.selectors import unsent_forms
from flags.selectors import needed as flags
from releases.selectors import needed as releases

Row = tuple[str, str, str, str, datetime]
UNSENT = "unsent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """How one kind of need is shown: the page that answers it, what is asked, and how `at` reads."""

    page: str
    words: str | Promise
    icon: str
    at: str | Promise
    tone: str = "wait"


# The most pressing first.
ASKS: Mapping[str, Ask] = {
    releases.Need.WAY_BACK_FAILED: Ask(
        page="deployment", words=_("Way back failed"), icon="siren", at=_("since"), tone="bad"
    ),
    releases.Need.DOUBT: Ask(page="deployment", words=_("Checks left a doubt"), icon="circle-alert", at=_("since")),
    changes.Need.CONFIRM: Ask(
        page="change", words=_("Confirm your approval"), icon="signature", at=_("by"), tone="bad"
    ),
    changes.Need.RECORD: Ask(page="change", words=_("Write its record"), icon="file-pen", at=_("by"), tone="bad"),
    changes.Need.VOTE: Ask(page="cab-meeting", words=_("Vote"), icon="users", at=_("until")),
    changes.Need.REFUSED: Ask(page="change", words=_("Refused: revise or cancel"), icon="circle-x", at=_("slot")),
    changes.Need.EXPIRED: Ask(page="change", words=_("Expired: plan it anew"), icon="timer-off", at=_("slot")),
    changes.Need.CLOSE: Ask(page="change", words=_("Say how it ended"), icon="archive", at=_("slot")),
    flags.EXPIRING: Ask(page="flag", words=_("Flag to clean up"), icon="flag", at=_("ends")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One line."""

    ask: Ask
    reference: str
    title: str
    at: datetime

    @property
    def url(self) -> str:
        """Where it is answered."""
        return reverse(self.ask.page, args=[self.reference])


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """A form that this person began."""

    address: str
    title: str
    kept_at: datetime


def needs_of(actor: Actor, *, now: datetime) -> tuple[tuple[Need, ...], tuple[Unsent, ...]]:
    """Everything, the most pressing kind first and in it the soonest; and the forms left unsent, the one touched last first."""
    unsent = Value(UNSENT, output_field=CharField())
    parts = (
        unsent_forms(actor).values_list(unsent, "address", "title", Value("", output_field=CharField()), "kept_at"),
        changes.needed_votes(actor, now=now),
        releases.needed_deployments(actor, now=now),
        flags.needed_flags(actor, now=now),
    )
    rows: list[Row] = list(changes.needed_changes(actor, now=now).union(*parts, all=True))
    kinds = list(ASKS)
    asked = sorted((row for row in rows if row[0] != UNSENT), key=lambda row: (kinds.index(row[0]), row[4]))
    left = sorted((row for row in rows if row[0] == UNSENT), key=lambda row: row[4], reverse=True)
    return (
        tuple(Need(ask=ASKS[kind], reference=ref, title=title, at=at) for kind, ref, title, _state, at in asked),
        tuple(Unsent(address=address, title=title, kept_at=at) for _kind, address, title, _state, at in left),
    )
