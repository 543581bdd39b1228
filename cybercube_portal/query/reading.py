"""A query read by the words of a list: the filter and the order it asks for, and what in it means nothing.

What is not understood fits nothing. So a list never shows more than was asked for, whatever was mistyped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import reduce
from operator import and_, or_
from typing import TypedDict

from django.db.models import Q
from django.utils.translation import gettext as _

from cybercube_portal.query.grammar import LONGEST, MOST_TERMS, Query, Term
from cybercube_portal.query.nearest import nearest
from cybercube_portal.query.words import Asker, Known, Language, Named, Names, NotATime, NotKnown, NotMine, Word

SORT = "sort"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something in a query that means nothing. `instead` is what was probably meant, `mended` the query with it, `as_text` with the words to look for."""

    message: str
    mended: Query | None = None
    instead: str = ""
    as_text: Query | None = None

    @property
    def told(self) -> str:
        """The message together with what was probably meant, for where no link can lead to it."""
        return (
            f"{self.message} " + _("Did you mean “%(instead)s”?") % {"instead": self.instead}
            if self.instead
            else self.message
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """`query` in the table's own spelling; `where` and `order` are for its rows; with `problems` nothing fits."""

    query: Query
    where: Q
    order: tuple[str, ...]
    problems: tuple[Problem, ...]


def read(query: Query, language: Language, asker: Asker, *, known: Known | None = None) -> Reading:
    """What `query` asks for. One query for each register of names it speaks of, and one more where it names nobody there.

    `known`: shared by several readings, it is asked but once.
    """
    query = spelt(query, language)
    known = known or Known()
    known.gather(names_in(query, language, asker))
    parts: list[Q] = []
    problems: list[Problem] = []
    for term in query.terms:
        if term.word == SORT:
            problems += _misordered(query, term, language)
            continue
        part, wrong = _read_term(query, term, language, asker, known)
        parts.append(part)
        problems += wrong
    if query.cut:
        message = _("The query is too long: %(most)d characters and %(terms)d parts are read.")
        problems.append(Problem(message=message % {"most": LONGEST, "terms": MOST_TERMS}))
    where = Q(pk__in=()) if problems else reduce(and_, parts, Q())
    return Reading(query=query, where=where, order=_order(query, language), problems=tuple(problems))


def spelt(query: Query, language: Language) -> Query:
    """The query with the values of its words as the table writes them."""
    terms = []
    for term in query.terms:
        word = language.by_name.get(term.word)
        values = tuple(dict.fromkeys(map(word.values.spelt, term.values))) if word else term.values
        terms.append(replace(term, values=values))
    return replace(query, terms=tuple(dict.fromkeys(terms)))


def names_in(query: Query, language: Language, asker: Asker) -> dict[Names, set[str]]:
    """The names of each register that a query speaks of."""
    wanted: dict[Names, set[str]] = {}
    for term in query.terms:
        word = language.by_name.get(term.word)
        if word and isinstance(word.values, Named):
            meant = (word.values.meant(value, asker) for value in term.values)
            wanted.setdefault(word.values.names, set()).update(name for name in meant if name is not None)
    return wanted


def _read_term(query: Query, term: Term, language: Language, asker: Asker, known: Known) -> tuple[Q, list[Problem]]:
    if not term.word:
        return _signed(term, language.text(term.text)), []
    word = language.by_name.get(term.word)
    if word is None:
        return Q(), [_unknown_word(query, term, language)]
    if not term.values:
        sample = f"{word.name}:{word.example}"
        return Q(), [
            Problem(message=_("%(word)s: needs a value, such as %(sample)s.") % {"word": word.name, "sample": sample})
        ]
    parts, problems = [], []
    for value in term.values:
        try:
            parts.append(word.values.fits(value, asker, known))
        except NotKnown as unknown:
            problems.append(_unknown_value(query, term, word, value, unknown.nearest))
        except NotMine:
            problems.append(_nobody(word))
        except NotATime:
            problems.append(_no_time(word, value))
    return _signed(term, reduce(or_, parts, Q())), problems


def _signed(term: Term, part: Q) -> Q:
    return ~part if term.negated else part


def _unknown_word(query: Query, term: Term, language: Language) -> Problem:
    name = nearest(term.word, [*language.by_name, SORT])
    as_text = replace(term, word="", values=(f"{term.word}:{','.join(term.values)}",))
    return Problem(
        message=_("This list has no word “%(word)s”.") % {"word": term.word},
        **_instead(query, term, replace(term, word=name) if name else None),
        as_text=query.with_instead(term, as_text),
    )


def _unknown_value(query: Query, term: Term, word: Word, value: str, meant: str | None) -> Problem:
    sent = {"word": word.name, "value": value}
    message = _("%(word)s: there is no “%(value)s”.") % sent
    if word.values.names is None:
        listed = {**sent, "known": ", ".join(word.values.listed)}
        message = _("%(word)s: there is no “%(value)s”; it is one of %(known)s.") % listed
    mended = tuple(dict.fromkeys(meant if old == value and meant else old for old in term.values))
    return Problem(
        message=message,
        **_instead(query, term, replace(term, values=mended) if meant else None),
    )


def _nobody(word: Word) -> Problem:
    message = _(
        "%(word)s: “@me” stands for nobody here: a service account is no person, and not everybody is in a team. Write a name."
    )
    return Problem(message=message % {"word": word.name})


def _no_time(word: Word, value: str) -> Problem:
    message = _(
        "%(word)s: “%(value)s” is no time. Write a day as 2026-02-01, today or 7d, with < > <= >= before it or .. between two."
    )
    return Problem(message=message % {"word": word.name, "value": value})


def _misordered(query: Query, term: Term, language: Language) -> Iterator[Problem]:
    """What is wrong with a `sort:`."""
    known = ", ".join(language.orders)
    if term.negated or len(term.values) != 1 or any(other.word == SORT for other in query.terms if other != term):
        yield Problem(message=_("sort: names one order, one of %(known)s.") % {"known": known})
    elif term.values[0] not in language.orders:
        name = nearest(term.values[0], language.orders)
        yield Problem(
            message=_("sort: there is no “%(value)s”; it is one of %(known)s.")
            % {"value": term.values[0], "known": known},
            **_instead(query, term, replace(term, values=(name,)) if name else None),
        )


def _instead(query: Query, term: Term, meant: Term | None) -> _Mended:
    """The term that was probably meant, and the query with it."""
    return _Mended(instead=str(meant), mended=query.with_instead(term, meant)) if meant else _Mended()


class _Mended(TypedDict, total=False):
    """Part of a Problem."""

    instead: str
    mended: Query


def _order(query: Query, language: Language) -> tuple[str, ...]:
    wanted = next((term.values[0] for term in query.terms if term.word == SORT and term.values), "")
    return language.orders.get(wanted, language.order)
