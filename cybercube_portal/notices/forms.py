"""What people fill in about notices. Shapes only: the rules are the actions'."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cybercube_portal.notices.kinds import Group, Kind, Way
from cybercube_portal.notices.models import Tool
from cybercube_portal.notices.selectors.choices import Chosen
from cybercube_portal.web import PageForm

WAYS = ((Way.MAIL.value, _("Mail")), (Way.CHAT.value, _("My chat")))


class ChoicesForm(PageForm):
    """A row for each kind, a tick for each way."""

    def __init__(self, *args: Any, chosen: Iterable[Chosen], has_chat: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.has_chat = has_chat
        self.kept_back = {one.kind: one.wanted & {Way.CHAT} for one in chosen} if not has_chat else {}
        ways = WAYS if has_chat else WAYS[:1]
        for one in chosen:
            self.fields[one.kind.value] = forms.MultipleChoiceField(
                label=str(one.kind.row.label),
                choices=ways,
                required=False,
                initial=[way.value for way in one.wanted],
                widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
            )

    def groups(self) -> list[tuple[Group, list[tuple[Kind, forms.BoundField]]]]:
        """The rows under their headings."""
        return [(group, [(kind, self[kind.value]) for kind in Kind if kind.row.group is group]) for group in Group]

    def wanted(self) -> dict[Kind, frozenset[Way]]:
        """As `choose_notices` takes it; what is chosen of a chat stays while there is none. Needs a valid form."""
        return {
            kind: frozenset(map(Way, self.cleaned_data[kind.value])) | self.kept_back.get(kind, frozenset())
            for kind in Kind
        }


class ChannelForm(PageForm):
    """A chat to post to."""

    tool = forms.ChoiceField(label=_("Chat"), choices=Tool.choices)
    name = forms.CharField(
        label=_("Name"), help_text=_("As people know it, such as #payments-releases."), max_length=80
    )
    url = forms.CharField(
        label=_("Address of its webhook"),
        help_text=_(
            "From Slack: an incoming webhook. From Teams: a workflow “When a Teams webhook request is received”. "
            "It is a secret: the portal keeps it encrypted and shows it to nobody again."
        ),
        max_length=2000,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "inputmode": "url"}
        ),
    )


class TeamChannelForm(ChannelForm):
    """The same, for a team."""

    team = forms.ChoiceField(label=_("Team"), choices=[])
    field_order = ("team", "tool", "name", "url")

    def __init__(self, *args: Any, teams: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].choices = list(teams)  # type: ignore[attr-defined]


class ChannelKindsForm(PageForm):
    """What a team's chat is called and told of."""

    name = forms.CharField(label=_("Name"), max_length=80)
    kinds = forms.MultipleChoiceField(
        label=_("Posted there"),
        choices=[(kind.value, kind.row.label) for kind in Kind if not kind.row.personal],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
