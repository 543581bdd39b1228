"""Segments as people write them: groups of conditions, an empty line between two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from changes.forms.fields import text_area
from cybercube_portal.web import PageForm
from flags.forms.lists import Lists, long_lists
from flags.forms.rules import quoted_conditions, read_conditions, written_conditions

Groups = Iterable[Iterable[Mapping[str, Any]]]


def lists_in(groups: Groups) -> dict[str, list[Any]]:
    """The long lists of a segment, by their digests."""
    return long_lists(condition for group in groups for condition in group)


def written_groups(groups: Groups, *, known: Lists | None = None) -> str:
    """Conditions as lines, groups with an empty line between; the lists that `known` has by their marks."""
    return "\n\n".join(written_conditions(group, known=known) for group in groups)


def quoted_groups(groups: Groups) -> str:
    """The same for reading: of a long list some values."""
    return "\n\n".join(quoted_conditions(group) for group in groups)


def read_groups(text: str, *, known: Lists | None = None) -> list[list[dict[str, Any]]]:
    """The same back. Raises ValueError with the line that cannot be read."""
    parts = "\n".join(line.strip() for line in text.splitlines()).split("\n\n")
    return [conditions for part in parts if (conditions := read_conditions(part, known=known))]


class SegmentForm(PageForm):
    """Who is in it. `known`: its slug, which never changes. `lists`: those that marks may call."""

    slug = forms.CharField(
        label=_("Slug"),
        max_length=60,
        help_text=_("What rules call it, such as beta-testers. It never changes."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    name = forms.CharField(label=_("Name"), max_length=200)
    groups = forms.CharField(
        label=_("Who is in it"),
        max_length=1_000_000,
        widget=text_area(6),
        help_text=_(
            "One condition a line. Everybody who fulfils all of them; an empty line begins another group, of which either is enough."
        ),
    )

    def __init__(self, *args: Any, known: str = "", lists: Lists | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lists = lists
        self.fields["groups"].widget.attrs.update({"class": "form-control mono", "spellcheck": "false"})
        if known:
            del self.fields["slug"]

    def clean_groups(self) -> list[list[dict[str, Any]]]:
        """The groups."""
        try:
            return read_groups(self.cleaned_data["groups"], known=self.lists)
        except ValueError as error:
            raise forms.ValidationError(str(error), code="segment.groups_form") from error
