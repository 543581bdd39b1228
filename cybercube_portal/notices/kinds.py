"""Every notice the portal gives: one row says what it is, whom it reaches and why, and whether it may be switched off.

A new notice is a new row here, its words in the app that gives it (`messages.py`), and one call of `actions.tell`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Way(StrEnum):
    """How a notice reaches a person beside the portal's own list."""

    MAIL = "mail"
    CHAT = "chat"


class Group(StrEnum):
    """Where a row stands on the page of choices."""

    CHANGES = "changes"
    EMERGENCIES = "emergencies"
    PRODUCTION = "production"
    RELEASES = "releases"
    WATCHED = "watched"

    @property
    def label(self) -> str | Promise:
        """As people read it."""
        return GROUPS[self]


GROUPS: dict[Group, str | Promise] = {
    Group.CHANGES: _("Changes and approvals"),
    Group.EMERGENCIES: _("Emergencies"),
    Group.PRODUCTION: _("Production and rollback"),
    Group.RELEASES: _("Releases, migrations and flags"),
    Group.WATCHED: _("What you watch"),
}


class Kind(StrEnum):
    """The notices."""

    APPROVAL_WANTED = "approval_wanted"
    CHANGE_MOVED = "change_moved"
    LEAD_TIME_SHORT = "lead_time_short"
    CAB_REMINDER = "cab_reminder"
    FREEZE_AHEAD = "freeze_ahead"
    EMERGENCY_FILED = "emergency_filed"
    CONFIRMATION_WANTED = "confirmation_wanted"
    EMERGENCY_OVERDUE = "emergency_overdue"
    DEPLOYMENT_UNCERTAIN = "deployment_uncertain"
    DEPLOYMENT_ALERTED = "deployment_alerted"
    ROLLBACK_PREPARED = "rollback_prepared"
    ROLLBACK_BY_HAND = "rollback_by_hand"
    ROLLBACK_FAILED = "rollback_failed"
    ROLLBACK_NOTICE = "rollback_notice"
    DATA_CORRUPTION = "data_corruption"
    BYPASS_FOUND = "bypass_found"
    CHAIN_BROKEN = "chain_broken"
    RELEASE_PLANNED = "release_planned"
    NOTES_PUBLISHED = "notes_published"
    MIGRATION_WATCHED = "migration_watched"
    FLAG_EXPIRES = "flag_expires"
    FLAGS_TO_CLEAN = "flags_to_clean"
    WATCHED_MOVED = "watched_moved"
    WATCHED_EDITED = "watched_edited"
    WATCHED_COMMENTED = "watched_commented"

    @property
    def row(self) -> Row:
        """What the table says of it."""
        return ROWS[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`because` ends the sentence "You get this because …".

    `kept`: a notice of safety, it reaches a person by one way at least. `at_once`: it never waits to be bundled.
    `chat`: posted to chats unless somebody chooses otherwise. `personal`: of no interest to a team's chat.
    `tone` is one of `web.badges`: how loud it looks.
    """

    label: str | Promise
    because: str | Promise
    section: str
    group: Group
    kept: bool = False
    at_once: bool = True
    chat: bool = True
    personal: bool = False
    tone: str = "neutral"


C, E, P, R, W = Group.CHANGES, Group.EMERGENCIES, Group.PRODUCTION, Group.RELEASES, Group.WATCHED

ROWS: dict[Kind, Row] = {
    Kind.APPROVAL_WANTED: Row(
        label=_("A change waits for my signature"),
        because=_("you can fill one of its open seats"),
        section="§5.6",
        group=C,
        tone="wait",
    ),
    Kind.CHANGE_MOVED: Row(
        label=_("My change was refused, went back to review, or expired"),
        because=_("you filed this change"),
        section="§6.3",
        group=C,
        personal=True,
        tone="wait",
    ),
    Kind.LEAD_TIME_SHORT: Row(
        label=_("My change cannot start when it is planned"),
        because=_("you filed this change"),
        section="§6.1",
        group=C,
        chat=False,
        personal=True,
        tone="wait",
    ),
    Kind.CAB_REMINDER: Row(
        label=_("Votes of the CAB end soon"),
        because=_("you sit on the CAB and did not vote yet"),
        section="§5.6",
        group=C,
        chat=False,
        personal=True,
        tone="wait",
    ),
    Kind.FREEZE_AHEAD: Row(
        label=_("A change freeze begins"),
        because=_("the freeze covers your team"),
        section="§6.5",
        group=C,
        tone="accent",
    ),
    Kind.EMERGENCY_FILED: Row(
        label=_("An emergency was filed"),
        because=_("you may authorise emergencies"),
        section="§6.4",
        group=E,
        kept=True,
        tone="bad",
    ),
    Kind.CONFIRMATION_WANTED: Row(
        label=_("My spoken approval waits to be confirmed"),
        because=_("somebody noted that you approved it"),
        section="§6.4",
        group=E,
        kept=True,
        personal=True,
        tone="wait",
    ),
    Kind.EMERGENCY_OVERDUE: Row(
        label=_("An emergency owes its record or its confirmation"),
        because=_("you manage the team of this service"),
        section="§6.4",
        group=E,
        kept=True,
        tone="bad",
    ),
    Kind.DEPLOYMENT_UNCERTAIN: Row(
        label=_("A deployment could not be verified"),
        because=_("you are on call for this service"),
        section="§4.7",
        group=P,
        kept=True,
        tone="wait",
    ),
    Kind.DEPLOYMENT_ALERTED: Row(
        label=_("The watch over a deployment found something"),
        because=_("you are on call for this service"),
        section="§8.5",
        group=P,
        kept=True,
        tone="bad",
    ),
    Kind.ROLLBACK_PREPARED: Row(
        label=_("A deployment failed and its rollback is prepared"),
        because=_("you are on call for this service"),
        section="§8.5",
        group=P,
        kept=True,
        tone="bad",
    ),
    Kind.ROLLBACK_BY_HAND: Row(
        label=_("A rollback waits for somebody to carry it out"),
        because=_("you are on call for this service"),
        section="§8.3",
        group=P,
        kept=True,
        tone="bad",
    ),
    Kind.ROLLBACK_FAILED: Row(
        label=_("A rollback failed"),
        because=_("you are on call for this service"),
        section="§8.3",
        group=P,
        kept=True,
        tone="bad",
    ),
    Kind.ROLLBACK_NOTICE: Row(
        label=_("Production was rolled back"),
        because=_("you belong to the team of this service, or hold a role for it"),
        section="§8.6",
        group=P,
        kept=True,
        tone="bad",
    ),
    Kind.DATA_CORRUPTION: Row(
        label=_("Corrupted data were reported"),
        because=_("you command incidents or are on call for this service"),
        section="§8.5",
        group=P,
        kept=True,
        tone="bad",
    ),
    Kind.BYPASS_FOUND: Row(
        label=_("Production runs what the gate did not let through"),
        because=_("you are on call for this service or lead its team"),
        section="§6.1",
        group=P,
        kept=True,
        tone="bad",
    ),
    Kind.CHAIN_BROKEN: Row(
        label=_("The audit trail was tampered with"),
        because=_("you read the audit trail"),
        section="§6.6",
        group=P,
        kept=True,
        personal=True,
        tone="bad",
    ),
    Kind.RELEASE_PLANNED: Row(
        label=_("A release is planned and I am on call"),
        because=_("you are on call for this service"),
        section="§5.3",
        group=R,
        kept=True,
        tone="accent",
    ),
    Kind.NOTES_PUBLISHED: Row(
        label=_("Release notes were published"),
        because=_("you belong to the team of this service, or hold a role for it"),
        section="§5.2",
        group=R,
        tone="accent",
    ),
    Kind.MIGRATION_WATCHED: Row(
        label=_("A migration waits to be verified"),
        because=_("you planned it, or are a DBA for this service"),
        section="§9.4",
        group=R,
        tone="wait",
    ),
    Kind.FLAG_EXPIRES: Row(
        label=_("A flag expires"),
        because=_("you own this flag, or lead its team"),
        section="§7.6",
        group=R,
        tone="wait",
    ),
    Kind.FLAGS_TO_CLEAN: Row(
        label=_("Flags of my team to clean up, every Monday"),
        because=_("your team owns these flags"),
        section="§7.6",
        group=R,
        at_once=False,
        tone="wait",
    ),
    Kind.WATCHED_MOVED: Row(
        label=_("It moves: submitted, approved, started, closed …"),
        because=_("you watch it"),
        section="§6.3",
        group=W,
        at_once=False,
        chat=False,
    ),
    Kind.WATCHED_EDITED: Row(
        label=_("It is edited"),
        because=_("you watch it"),
        section="§6.3",
        group=W,
        at_once=False,
        chat=False,
    ),
    Kind.WATCHED_COMMENTED: Row(
        label=_("Somebody comments on it"),
        because=_("you watch it"),
        section="§6.3",
        group=W,
        at_once=False,
        chat=False,
    ),
}
