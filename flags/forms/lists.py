"""Long lists in a condition: called by a mark where a form would drown in them, quoted in part where people read, edited on a page of their own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from changes.forms.fields import text_area
from cybercube_portal.web import PageForm
from flags.evaluation import text_of

# What a form writes out, and what is quoted where nobody edits.
WRITTEN_OUT, QUOTED = 50, 20
DIGITS = 12
MARK = re.compile(rf"#([0-9a-f]{{{DIGITS}}})(?: \([^()]*\))?", re.ASCII)
BETWEEN = re.compile(r"[,;\n\r\t]+")

Lists = Mapping[str, list[Any]]


def digest_of(values: Sequence[Any]) -> str:
    """What a list is called by: twelve digits of its content."""
    return sha256(json.dumps(values).encode()).hexdigest()[:DIGITS]


def long_lists(conditions: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Every list in `conditions` that is too long for a form, by its digest."""
    values = (condition.get("value") for condition in conditions)
    return {digest_of(value): value for value in values if isinstance(value, list) and len(value) > WRITTEN_OUT}


def conditions_in(content: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """The conditions of all rules of a content."""
    return (condition for rule in content["rules"] for condition in rule["conditions"])


def mark_of(values: Sequence[Any]) -> str:
    """`#3f2a9c01d4e7 (9,812 values)`: what is in the brackets is for people."""
    return f"#{digest_of(values)} ({_counted(len(values))})"


def long_lists_shown(known: Lists, address: Callable[[str], str]) -> list[tuple[str, str]]:
    """(mark, address of its page) of each list."""
    return [(mark_of(values), address(digest)) for digest, values in known.items()]


def marked(text: str, known: Lists) -> list[Any] | None:
    """The list that `text` calls by its mark; None when it is no mark. Raises ValueError for a mark of a list that is not known."""
    found = MARK.fullmatch(text)
    if found is None:
        return None
    if found[1] not in known:
        raise ValueError(f"The list #{found[1]} is not served here: write its values.")
    return known[found[1]]


def quoted(values: Sequence[Any], beside: Collection[str] = frozenset()) -> str:
    """Some of `values` and how many there are more; beside another list only those that it lacks."""
    texts = [text_of(value) or "" for value in values]
    shown = [text for text in texts if text not in beside][:QUOTED]
    if not shown:
        return _counted(len(texts))
    more = gettext("and %(number)s more") % {"number": f"{len(texts) - len(shown):,}"}
    return f"{', '.join(shown)} {more}"


def _counted(number: int) -> str:
    return ngettext("%(number)s value", "%(number)s values", number) % {"number": f"{number:,}"}


def read_values(text: str) -> list[str]:
    """What somebody pasted: values between commas, semicolons, tabs or lines, each once."""
    return list(dict.fromkeys(word for part in BETWEEN.split(text) if (word := part.strip())))


def changed_list(values: Sequence[Any], *, added: Iterable[str], taken: Iterable[str]) -> list[Any]:
    """`values` without those `taken`, then those `added` that it lacks. Values are told apart as conditions compare them."""
    away = set(taken)
    kept = [value for value in values if text_of(value) not in away]
    have = {text_of(value) for value in kept}
    return [*kept, *(value for value in added if value not in have and value not in away)]


def found_in(values: Sequence[Any], words: str) -> list[str]:
    """The values that hold every word of `words`, in their order, whatever the case."""
    wanted = words.lower().split()
    return [text for value in values if (text := text_of(value) or "") and all(word in text.lower() for word in wanted)]


class ListForm(PageForm):
    """What comes to a list and what goes; `shown`: those of its `values` that the page shows, to be ticked."""

    added = forms.CharField(
        label=_("Add"),
        required=False,
        max_length=1_000_000,
        widget=text_area(4),
        help_text=_("As you have them: a column of a table, or values between commas."),
    )
    taken = forms.CharField(label=_("Take away"), required=False, max_length=1_000_000, widget=text_area(4))
    ticked = forms.MultipleChoiceField(
        label=_("Take away what is ticked"), required=False, widget=forms.CheckboxSelectMultiple
    )
    reason = forms.CharField(label=_("Why"), required=False, max_length=1000)

    def __init__(self, *args: Any, values: Sequence[Any], shown: Iterable[str], asks_why: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.values = values
        have = {text_of(value) for value in values}
        sent = self.data.getlist("ticked") if isinstance(self.data, QueryDict) else []
        offered = dict.fromkeys([*shown, *(value for value in sent if value in have)])
        self.fields["ticked"].choices = [(value, value) for value in offered]  # type: ignore[attr-defined]
        for name in ("added", "taken"):
            self.fields[name].widget.attrs.update({"class": "form-control mono", "spellcheck": "false"})
        if not asks_why:
            del self.fields["reason"]

    def clean(self) -> dict[str, Any]:
        """Something has to change, and something has to be left."""
        cleaned = super().clean() or {}
        if not self.errors:
            changed = self.changed()
            if changed == list(self.values):
                raise forms.ValidationError(_("Nothing changes by that."), code="flag.list_same")
            if not changed:
                raise forms.ValidationError(
                    _("A list has at least one value: take the rule away instead."), code="flag.list_empty"
                )
        return cleaned

    def changed(self) -> list[Any]:
        """The list as it was asked for."""
        cleaned = self.cleaned_data
        taken = [*read_values(cleaned["taken"]), *cleaned["ticked"]]
        return changed_list(self.values, added=read_values(cleaned["added"]), taken=taken)
