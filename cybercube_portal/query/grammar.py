"""The query language of lists as text: words with values, free text, each perhaps negated. Pure.

    is:open type:normal,standard -risk:high requester:@me scheduled:<2026-02-01 sort:scheduled "free text"

Every text is a query: what it means, and whether it means anything, is for the list's words to say (`query.words`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

LONGEST = 500
MOST_TERMS = 40
WORD = re.compile(r"([A-Za-z][A-Za-z_]{0,31}):")


@dataclass(frozen=True, slots=True)
class Term:
    """`word:values` (any of them fits), or with `word` "" a free text as the only value. `negated`: what does not fit."""

    word: str
    values: tuple[str, ...]
    negated: bool = False

    @property
    def text(self) -> str:
        """The free text; "" for a word's term."""
        return "" if self.word else self.values[0]

    def __str__(self) -> str:
        sign = "-" if self.negated else ""
        if self.word:
            return f"{sign}{self.word}:{','.join(_written(value, listed=True) for value in self.values)}"
        return sign + _written(self.text, listed=False)


@dataclass(frozen=True, slots=True)
class Query:
    """Terms that must all fit, in the order in which they were written. `cut`: more was written than is read."""

    terms: tuple[Term, ...] = ()
    cut: bool = False

    def __str__(self) -> str:
        return " ".join(map(str, self.terms))

    def says(self, word: str, value: str) -> bool:
        """Whether a term that is not negated names this value."""
        return any(term.word == word and value in term.values and not term.negated for term in self.terms)

    def without(self, term: Term) -> Query:
        """The same without that term."""
        return replace(self, terms=tuple(kept for kept in self.terms if kept != term))

    def with_instead(self, term: Term, new: Term) -> Query:
        """`new` where `term` stood."""
        return replace(self, terms=tuple(new if kept == term else kept for kept in self.terms))

    def switched(self, word: str, value: str, *, instead_of: Collection[str] = ()) -> Query:
        """What following a chip leads to: the value taken away when it is there, else added to its word's term.

        `instead_of`: values of which only one is said at a time; the new one takes the place of the other.
        """
        if self.says(word, value):
            return self.without_values(word, {value})
        rivals = set(instead_of) - {value}
        said = [term for term in self.terms if term.word == word and not term.negated]
        if not rivals:
            place = said[0] if said else None
            return (
                self.with_instead(place, replace(place, values=(*place.values, value)))
                if place
                else self._and(word, value)
            )
        rival = next((term for term in said if not rivals.isdisjoint(term.values)), None)
        if rival is None:
            return replace(self, terms=(Term(word, (value,)), *self.terms))
        return self.with_instead(rival, Term(word, (value,))).without_values(word, rivals)

    def without_values(self, word: str, values: Collection[str]) -> Query:
        """The same without any of these values of `word`; a term that loses all of its values goes."""
        kept = []
        for term in self.terms:
            rest = tuple(value for value in term.values if value not in values)
            if term.word != word or term.negated or rest == term.values:
                kept.append(term)
            elif rest:
                kept.append(replace(term, values=rest))
        return replace(self, terms=tuple(kept))

    def _and(self, word: str, value: str) -> Query:
        return replace(self, terms=(*self.terms, Term(word, (value,))))


def parse(text: str) -> Query:
    """Read any text. No exception; what is longer than LONGEST or has more than MOST_TERMS is cut, and says so."""
    # What PostgreSQL cannot store fits nothing.
    clean = text.replace("\x00", "").encode(errors="ignore").decode().strip()
    terms: list[Term] = []
    for term in _terms(clean[:LONGEST]):
        if len(terms) == MOST_TERMS:
            return Query(tuple(terms), cut=True)
        if term not in terms:
            terms.append(term)
    return Query(tuple(terms), cut=len(clean) > LONGEST)


def _terms(text: str) -> Iterator[Term]:
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        negated = text[at] == "-" and at + 1 < len(text) and not text[at + 1].isspace()
        at += negated
        found = WORD.match(text, at)
        if found:
            values, at = _values(text, found.end())
            yield Term(found[1].lower(), values, negated)
        else:
            value, at = _value(text, at, until="")
            if value:
                yield Term("", (value,), negated)


def _values(text: str, at: int) -> tuple[tuple[str, ...], int]:
    """The values from `at` on, each once, and where they end."""
    values: list[str] = []
    while True:
        value, at = _value(text, at, until=",")
        if value and value not in values:
            values.append(value)
        if at == len(text) or text[at] != ",":
            return tuple(values), at
        at += 1


def _value(text: str, at: int, *, until: str) -> tuple[str, int]:
    """One value: letters up to white space or `until`, and between quotes anything. A quote left open ends with the text."""
    letters: list[str] = []
    quoted = False
    while at < len(text):
        letter = text[at]
        if letter == '"':
            quoted = not quoted
        elif quoted and letter == "\\" and text[at + 1 : at + 2] in {'"', "\\"}:
            at += 1
            letters.append(text[at])
        elif not quoted and (letter.isspace() or letter == until):
            break
        else:
            letters.append(letter)
        at += 1
    return "".join(letters), at


def _written(value: str, *, listed: bool) -> str:
    """The value as `parse` reads it again: between quotes where it would mean something else."""
    plain = value and '"' not in value and not any(map(str.isspace, value))
    if plain and (("," not in value) if listed else not (value.startswith("-") or WORD.match(value))):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
