"""What each verb of a change asks for before it is done."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from changes.forms.fields import DurationField, WallField, WallTimes, text_area
from changes.policy.emergency import CRITERIA, Severity
from changes.states import ChangeOutcome
from cybercube_portal.stateful import choices_of
from cybercube_portal.web import PageForm
from cybercube_portal.web.sentences import worded

LONGEST = 10_000


class NothingForm(PageForm):
    """Asks nothing."""


class ReviewForm(PageForm):
    """A signature, to the content that was read."""

    comment = forms.CharField(
        label=_("Comment on your signature"),
        required=False,
        max_length=LONGEST,
        widget=text_area(2),
        help_text=_("A refusal says why. Markdown works."),
    )
    content_hash = forms.CharField(max_length=64, widget=forms.HiddenInput)


class CommentForm(PageForm):
    """A word on a change."""

    body = forms.CharField(
        label=_("Add a comment"), max_length=LONGEST, widget=text_area(3), help_text=_("Markdown works.")
    )


class CancelForm(PageForm):
    """Why it will not happen."""

    reason = forms.CharField(label=_("Why"), required=False, max_length=LONGEST, widget=forms.TextInput)


class RollBackForm(PageForm):
    """Why it is taken back (§8.6)."""

    reason = forms.CharField(label=_("Why is it rolled back?"), max_length=LONGEST, widget=text_area(2))


class FinishForm(PageForm):
    """What is worth knowing afterwards."""

    notes = forms.CharField(
        label=_("Notes"), required=False, max_length=LONGEST, widget=text_area(2), help_text=_("Markdown works.")
    )


class CloseForm(FinishForm):
    """How it ended."""

    outcome = forms.ChoiceField(
        label=_("How did it end?"),
        choices=worded(choices_of(ChangeOutcome)),
        widget=forms.RadioSelect,
    )

    field_order = ["outcome", "notes"]


class RescheduleForm(WallTimes):
    """Another slot."""

    scheduled_time = WallField(label=_("Starts"))
    estimated_duration = DurationField(label=_("Takes"), help_text=_("Such as 30m or 1h30m."))


class AuthoriseForm(WallTimes):
    """The spoken approval of an emergency (§6.4). `approvers` are (user name, label) of those who may give it."""

    approver = forms.ChoiceField(label=_("Who approved it?"))
    verbal_at = WallField(label=_("When was it said?"))
    how = forms.CharField(label=_("How?"), help_text=_("Such as: on the incident call."), max_length=1000)
    criteria = forms.MultipleChoiceField(
        label=_("What makes it an emergency?"),
        choices=worded(CRITERIA.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("At least one criterion of §6.4 must be met.")},
    )
    started_at = WallField(
        label=_("Work began"), required=False, help_text=_("If it had begun already: the record is due 24 hours later.")
    )

    def __init__(self, *args: Any, approvers: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["approver"].choices = approvers  # type: ignore[attr-defined]


class RecordForm(WallTimes):
    """The retrospective record (§6.4)."""

    what_happened = forms.CharField(
        label=_("What happened?"), max_length=50_000, widget=text_area(4), help_text=_("Markdown works.")
    )
    prevention = forms.CharField(
        label=_("How is it prevented?"), max_length=50_000, widget=text_area(3), help_text=_("Markdown works.")
    )
    severity = forms.ChoiceField(label=_("Severity"), choices=[(level.value, level.value) for level in Severity])
    postmortem_at = WallField(
        label=_("Postmortem"), required=False, help_text=_("Needed for SEV-1 and SEV-2. In your time zone.")
    )
