"""Segments as people write them: groups of conditions, an empty line between two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from changes.forms.fields import text_area
from cybercube_portal.web import PageForm
from flags.forms.rules import read_conditions, written_conditions


def written_groups(groups: Iterable[Iterable[Mapping[str, Any]]]) -> str:
    """Conditions as lines, groups with an empty line between."""
    return "\n\n".join(written_conditions(group) for group in groups)


def read_groups(text: str) -> list[list[dict[str, Any]]]:
    """The same back. Raises ValueError with the line that cannot be read."""
    parts = "\n".join(line.strip() for line in text.splitlines()).split("\n\n")
    return [conditions for part in parts if (conditions := read_conditions(part))]


class SegmentForm(PageForm):
    """Who is in it. `known`: its slug, which never changes."""

    slug = forms.CharField(
        label=_("Slug"),
        max_length=60,
        help_text=_("What rules call it, such as beta-testers. It never changes."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    name = forms.CharField(label=_("Name"), max_length=200)
    groups = forms.CharField(
        label=_("Who is in it"),
        max_length=100_000,
        widget=text_area(6),
        help_text=_(
            "One condition a line. Everybody who fulfils all of them; an empty line begins another group, of which either is enough."
        ),
    )

    def __init__(self, *args: Any, known: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["groups"].widget.attrs.update({"class": "form-control mono", "spellcheck": "false"})
        if known:
            del self.fields["slug"]

    def clean_groups(self) -> list[list[dict[str, Any]]]:
        """The groups."""
        try:
            return read_groups(self.cleaned_data["groups"])
        except ValueError as error:
            raise forms.ValidationError(str(error), code="segment.groups_form") from error
