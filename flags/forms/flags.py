"""Who a flag is: define one, edit one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from changes.forms.fields import text_area
from cybercube_portal.stateful import choices_of
from cybercube_portal.web import PageForm, WhenField
from cybercube_portal.web.sentences import worded
from flags.models import Flag
from flags.policy.naming import FlagType, ValueType

TYPE_HELP = _("Release and experiment are temporary, ops and permission stay (§7.1).")
ENVIRONMENTS = [("dev", "dev"), ("stg", "stg"), ("prd", "prd")]


class FlagForm(PageForm):
    """A new flag."""

    key = forms.CharField(
        label=_("Key"),
        max_length=100,
        help_text=_("{type}_{feature}_{variant}, such as release_new_dashboard. It never changes (§7.2)."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    name = forms.CharField(label=_("Name"), max_length=200)
    type = forms.ChoiceField(label=_("Type"), choices=worded(choices_of(FlagType)), help_text=TYPE_HELP)
    description = forms.CharField(label=_("What it controls"), required=False, max_length=10_000, widget=text_area(2))
    service = forms.ChoiceField(label=_("Service"), required=False)
    value_type = forms.ChoiceField(label=_("Answers"), choices=worded(choices_of(ValueType)), initial="boolean")
    variants = forms.CharField(
        label=_("Variants"),
        required=False,
        widget=text_area(3),
        help_text=_("One a line, such as red = #d00. Not for boolean flags: those have on and off."),
    )
    safe_variant = forms.CharField(
        label=_("Safe variant"),
        required=False,
        max_length=50,
        help_text=_("What a kill serves. Empty: off, or for other types the code's own default."),
    )
    expires_at = WhenField(
        label=_("Expires"), required=False, help_text=_("Empty: in 30 days for what is temporary (§7.6).")
    )
    client_visible = forms.BooleanField(label=_("Browsers may see it"), required=False)

    def __init__(self, *args: Any, services: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["service"].choices = [("", _("None: of my team")), *((slug, slug) for slug in services)]  # type: ignore[attr-defined]

    def clean_variants(self) -> tuple[dict[str, Any], ...]:
        """As many as there are."""
        return tuple(read_variants(self.cleaned_data["variants"], str(self.data.get("value_type"))))


class EditFlagForm(PageForm):
    """What of a flag may change; what it is called by programs and what a kill serves never do."""

    name = forms.CharField(label=_("Name"), max_length=200)
    description = forms.CharField(label=_("What it controls"), required=False, max_length=10_000, widget=text_area(2))
    service = forms.ChoiceField(label=_("Service"), required=False)
    team = forms.ChoiceField(label=_("Team"))
    owner = forms.CharField(
        label=_("Owner"), required=False, max_length=150, help_text=_("A user name: who is told when it expires.")
    )
    tags = forms.CharField(label=_("Tags"), required=False, max_length=1000, help_text=_("Words between commas."))
    expires_at = WhenField(
        label=_("Expires"), required=False, help_text=_("Later than before only with a reason (§7.6).")
    )
    permanent_reason = forms.CharField(
        label=_("Why it stays, or ends"),
        required=False,
        max_length=300,
        help_text=_("For a temporary flag without an end, or a permanent one with one."),
    )
    client_visible = forms.BooleanField(label=_("Browsers may see it"), required=False)
    variants = forms.CharField(
        label=_("Further variants"),
        required=False,
        widget=text_area(2),
        help_text=_("One a line, such as green = #0d0. Those there are stay as they are."),
    )
    reason = forms.CharField(label=_("Why"), required=False, max_length=1000)

    def __init__(self, *args: Any, flag: Flag, services: Iterable[str], teams: Iterable[str], **kwargs: Any) -> None:
        self.flag = flag
        plain = ("name", "description", "expires_at", "permanent_reason", "client_visible")
        first = {
            **{name: getattr(flag, name) for name in plain},
            "service": flag.service.slug if flag.service else "",
            "team": flag.team.slug,
            "owner": flag.owner.username if flag.owner else "",
            "tags": ", ".join(flag.tags),
        }
        super().__init__(*args, **{"initial": first, **kwargs})
        self.fields["service"].choices = [("", _("None: of the team")), *((slug, slug) for slug in services)]  # type: ignore[attr-defined]
        self.fields["team"].choices = [(slug, slug) for slug in sorted(teams)]  # type: ignore[attr-defined]
        if flag.value_type == ValueType.BOOLEAN:
            del self.fields["variants"]

    def clean_tags(self) -> list[str]:
        """Words, each once."""
        words = (word.strip()[:50] for word in self.cleaned_data["tags"].split(","))
        return list(dict.fromkeys(word for word in words if word))[:30]

    def clean_variants(self) -> list[dict[str, Any]]:
        """Those that are added."""
        return read_variants(self.cleaned_data["variants"], self.flag.value_type)

    def changes(self) -> dict[str, Any]:
        """As `edit_flag` takes them: only what differs, so that nothing is said about what was left alone."""
        sent = {name: value for name, value in self.cleaned_data.items() if name != "reason"}
        added = sent.pop("variants", [])
        changed = {name: value for name, value in sent.items() if name in self.changed_data}
        was = self.flag.expires_at
        if was is not None and changed.get("expires_at") == was.replace(second=0, microsecond=0):
            del changed["expires_at"]  # The field knows minutes.
        return {**changed, **({"variants": [*self.flag.variants, *added]} if added else {})}


def read_variants(text: str, value_type: str) -> list[dict[str, Any]]:
    """`name = value` lines, each value read as the type says. Raises ValidationError."""
    try:
        return [_variant(line, value_type) for line in text.splitlines() if line.strip()]
    except ValueError as error:
        raise forms.ValidationError(str(error), code="flag.variants_form") from error


def _variant(line: str, value_type: str) -> dict[str, Any]:
    name, equals, text = line.partition("=")
    if not equals:
        raise ValueError(f"“{line.strip()[:60]}”: write a name and a value, such as red = #d00.")
    if value_type == ValueType.STRING:
        return {"name": name.strip(), "value": text.strip()}
    try:
        return {"name": name.strip(), "value": json.loads(text)}
    except json.JSONDecodeError as error:
        raise ValueError(f"“{text.strip()[:60]}” is no value of that type.") from error
