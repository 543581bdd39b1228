"""What pages of the CAB's meetings ask for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from changes.actions.cab import LONGEST_NOTES, MeetingPlan
from changes.forms.fields import WallField, WallTimes, text_area
from changes.forms.moves import LONGEST
from changes.models import CabMeeting
from cybercube_portal.web import PageForm


class MeetingForm(WallTimes):
    """When the board meets, and until when it votes."""

    title = forms.CharField(label=_("Title"), max_length=160)
    scheduled_at = WallField(label=_("Meets"))
    votes_until = WallField(
        label=_("Votes are taken until"),
        required=False,
        help_text=_("Left out: until the meeting is closed. With a deadline nobody has to meet: it closes by itself."),
    )
    notes = forms.CharField(
        label=_("Notes"),
        required=False,
        max_length=LONGEST_NOTES,
        widget=text_area(3),
        help_text=_(
            "What the invitation and the minutes shall say besides the agenda, which makes itself. Markdown works."
        ),
    )

    def plan(self) -> MeetingPlan:
        """The meeting as written. Needs a valid form."""
        return MeetingPlan(**self.fields_of())

    def fields_of(self) -> dict[str, Any]:
        """What a MeetingPlan takes."""
        return {name: self.cleaned_data[name] for name in ("title", "scheduled_at", "votes_until", "notes")}


def initial_of(meeting: CabMeeting) -> dict[str, Any]:
    """The form as it was filled in."""
    return {name: getattr(meeting, name) for name in ("title", "scheduled_at", "votes_until", "notes")}


class VoteForm(PageForm):
    """A vote, on the content that was read."""

    comment = forms.CharField(
        label=_("Comment"),
        help_text=_("A refusal says why. Markdown works."),
        required=False,
        max_length=LONGEST,
        widget=text_area(2),
    )
    content_hash = forms.CharField(max_length=64, widget=forms.HiddenInput)
    change = forms.CharField(max_length=24, widget=forms.HiddenInput)
    vote = forms.ChoiceField(choices=[("approve", _("Approve")), ("refuse", _("Refuse"))], widget=forms.HiddenInput)


class ItemForm(PageForm):
    """Which change to talk about as well."""

    change = forms.CharField(
        label=_("Change"),
        max_length=24,
        widget=forms.TextInput(attrs={"placeholder": "CR-2026-0117-001", "autocomplete": "off", "class": "short"}),
    )


class CloseForm(PageForm):
    """What else the minutes shall say, below the notes that stand."""

    notes = forms.CharField(
        label=_("More for the notes"), required=False, max_length=LONGEST_NOTES, widget=text_area(4)
    )


class CancelForm(PageForm):
    """Why it does not take place."""

    reason = forms.CharField(label=_("Why"), max_length=LONGEST, widget=forms.TextInput)
