"""The portal's own words, told in their reader's language.

Policies, refusals and tables of the standard speak plain English: the log of the gate keeps it for years, programs read it, and a
policy stays a table. A page knows its reader, so it looks a text up when it shows it: in the catalogue of the language, as it stands
or by its form ("{service}:{version} is registered."), what stood in it put into the translation. What the catalogue does not know is
shown as it is. The catalogue learns these texts from the source itself (`devstack.sentences`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.utils.functional import lazy
from django.utils.text import capfirst
from django.utils.translation import get_language, trans_real

FIELD = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
# A field whose name ends so holds a word of the portal, no name that somebody chose.
WORD = "_word"
BETWEEN = re.compile(r"(?<=[.!?…”]) (?=[^a-z])")


@dataclass(frozen=True, slots=True)
class Form:
    """A message with fields. `anchor` is its longest piece of plain text: what lacks it is not of this form."""

    message: str
    anchor: str
    pattern: re.Pattern[str]


def in_words(text: object) -> str:
    """`text` in the language of now; itself where that is the source's."""
    said = str(text)
    return said if get_language() in {settings.LANGUAGE_CODE, None} else _told(said)


in_words_lazy = lazy(in_words, str)


def worded(choices: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Choices of a form whose labels are the portal's own words, each in the language of whoever reads them."""
    return [(value, in_words_lazy(label)) for value, label in choices]


def forms_of(messages: Iterable[object]) -> tuple[Form, ...]:
    """Those messages that have fields, the one with most words of its own first. What counts (a plural's key) has none."""
    found = [_form(message) for message in messages if isinstance(message, str) and FIELD.search(message)]
    return tuple(sorted(found, key=lambda form: len(FIELD.sub("", form.message)), reverse=True))


def _form(message: str) -> Form:
    pieces = FIELD.split(message)
    pattern, seen = "", set[str]()
    for number, piece in enumerate(pieces):
        if number % 2 == 0:
            pattern += re.escape(piece)
        else:
            pattern += f"(?P={piece})" if piece in seen else f"(?P<{piece}>.+?)"
            seen.add(piece)
    return Form(message, max(pieces[::2], key=len), re.compile(pattern, re.DOTALL))


def _told(text: str) -> str:
    catalogue = trans_real.catalog()
    known = catalogue._catalog  # type: ignore[attr-defined]  # noqa: SLF001 - as Django's own catalogue for scripts reads it
    for message in (text, text.replace("%", "%%")):
        if message in known:
            return _plain(catalogue.gettext(message))
    if (small := text[:1].lower() + text[1:]) in known:
        return capfirst(_plain(catalogue.gettext(small)))
    fitting = [
        (form, found)
        for form in _forms(catalogue.language(), id(known))
        if form.anchor in text and (found := form.pattern.fullmatch(text))
    ]
    for form, found in fitting:
        if not any(BETWEEN.search(value) for value in found.groups()):
            return _filled(catalogue.gettext(form.message), found)
    parts = BETWEEN.split(text)
    if len(parts) > 1 and (told := [_told(part) for part in parts]) != parts:
        return " ".join(told)
    # A field that holds more than a sentence: somebody's own words, quoted.
    return _filled(catalogue.gettext(fitting[0][0].message), fitting[0][1]) if fitting else text


@lru_cache(maxsize=16)
def _forms(language: str, catalogue: int) -> tuple[Form, ...]:
    del language, catalogue  # what is remembered is of one catalogue
    return forms_of(trans_real.catalog()._catalog.keys())  # type: ignore[attr-defined]  # noqa: SLF001 - see above


def _filled(message: str, found: re.Match[str]) -> str:
    """What stood in a field may be words of the portal again."""
    fields = {
        name: _told(value) if " " in value or name.endswith(WORD) else value
        for name, value in found.groupdict().items()
    }
    return FIELD.sub(lambda field: fields.get(field[1], field[0]), _plain(message))


def _plain(message: str) -> str:
    """A message from a template has its per cent signs twice."""
    return message.replace("%%", "%")
