"""A list page: a query in the address, chips that are another view of it, help made from its words, a page of rows, a CSV file.

    CHANGES = Listing(name="changes", api="api-changes", language=LANGUAGE, rows=changes_listed, chips=(…), columns=(…), counted=…)

A view answers by `people.views.lists.show_list`, which adds what a person saved. Templates draw a ListPage with
`components/query.html` and `components/list_end.html`.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Generic, TypeVar

from django.conf import settings
from django.db.models import Model, QuerySet
from django.http import HttpRequest, QueryDict, StreamingHttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from cybercube_portal.query import Asker, Language, Problem, Query, Reading, Term, parse, read
from cybercube_portal.query.reading import SORT
from cybercube_portal.web.counts import Count, count_of
from cybercube_portal.web.csv_files import csv_answer
from cybercube_portal.web.paging import PageOfRows, page_of_rows, rows_in_order
from cybercube_portal.web.parts import Chip

if TYPE_CHECKING:
    # What ngettext_lazy gives has no name of its own outside of the stubs.
    from django.utils.functional import _StrPromise

Row = TypeVar("Row", bound=Model)
Label = str | Promise
MOST_IN_FILE = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipGroup:
    """Values of one word as chips. `one`: at most one of them at a time, and `every` is the chip for none of them."""

    label: Label
    word: str
    values: Mapping[str, Label]
    one: bool = False
    every: Label = ""


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """A column of the file."""

    title: Label
    value: Callable[[Row], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[Row]):
    """One list: `name` is what saved views hang on, `api` the route of the same over REST, `counted` its rows in words, such as "12 changes"."""

    name: str
    api: str
    language: Language
    rows: Callable[[], QuerySet[Row]]
    chips: tuple[ChipGroup, ...]
    columns: tuple[Column[Row], ...]
    counted: _StrPromise


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedQuery:
    """A query that somebody gave a name; `by` is "" for one's own, `is_usual`: the list opens with it."""

    id: int
    name: str
    query: str
    by: str = ""
    is_shared: bool = False
    is_usual: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedLink:
    """A saved view as it is drawn."""

    saved: SavedQuery
    url: str
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """A problem as the page says it."""

    problem: Problem
    mended_url: str
    as_text_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SortLink:
    """The head of a column that rows can stand in the order of. `way`: how they do, as `aria-sort` says it."""

    url: str
    way: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WordHelp:
    """A word as the help explains it."""

    example: str
    url: str
    means: Label
    values: tuple[str, ...]

    @classmethod
    def of(cls, name: str, value: str, means: Label, values: Iterable[str]) -> WordHelp:
        """`name` explained by `name:value`."""
        example = f"{name}:{value}"
        return cls(example=example, url=address_of(parse(example)), means=means, values=tuple(values))


@dataclass(kw_only=True)
class ListPage(Generic[Row]):
    """What a list shows, each part worked out when it is drawn."""

    request: HttpRequest
    listing: Listing[Row]
    asker: Asker
    reading: Reading
    usual: str
    saved: tuple[SavedQuery, ...] = field(default_factory=tuple)

    @property
    def text(self) -> str:
        """The query as it stands in the field."""
        return str(self.reading.query)

    @property
    def is_narrowed(self) -> bool:
        """Whether something else is asked than what the list opens with."""
        return self.text not in {self.usual, self.listing.language.usual}

    @property
    def everything_url(self) -> str:
        """The address of all rows."""
        return address_of(Query())

    @property
    def rows(self) -> QuerySet[Row]:
        """All rows that fit."""
        return self.listing.rows().filter(self.reading.where)

    @cached_property
    def page(self) -> PageOfRows[Row]:
        """Those that are shown. One query, none while something is not understood."""
        return page_of_rows(self.request, self.rows, order=self.reading.order)

    @cached_property
    def count(self) -> Count:
        """How many there are. No query where one page holds them all."""
        return count_of(self.rows) if self.page.has_more else Count(len(self.page.rows))

    @property
    def counted(self) -> str:
        """The same in words."""
        words = self.listing.counted % {"number": self.count.number, "count": self.count.shown}
        return self.count.said(words)

    @cached_property
    def complaints(self) -> list[Complaint]:
        """What in the query means nothing, with the way out."""
        return [
            Complaint(problem=row, mended_url=_address(row.mended), as_text_url=_address(row.as_text))
            for row in self.reading.problems
        ]

    @cached_property
    def groups(self) -> list[tuple[Label, list[Chip]]]:
        """The chips, group by group."""
        return [(group.label, list(self._chips_of(group))) for group in self.listing.chips]

    def _chips_of(self, group: ChipGroup) -> Iterable[Chip]:
        query = self.reading.query
        for value, label in group.values.items():
            url = address_of(query.switched(group.word, value, instead_of=tuple(group.values) if group.one else ()))
            yield Chip(label=str(label), url=url, active=query.says(group.word, value))
        if group.every:
            is_on = not any(query.says(group.word, value) for value in group.values)
            url = address_of(query.without_values(group.word, tuple(group.values)))
            yield Chip(label=str(group.every), url=url, active=is_on)

    @cached_property
    def rest(self) -> list[Chip]:
        """What the query says beyond the chips; following one takes it away."""
        on_chips = {(group.word, value) for group in self.listing.chips for value in group.values}
        return [
            Chip(label=str(term), url=address_of(self.reading.query.without(term)), active=True)
            for term in self.reading.query.terms
            if term.word != SORT and (term.negated or not {(term.word, value) for value in term.values} <= on_chips)
        ]

    @property
    def saved_links(self) -> list[SavedLink]:
        """The saved views; active is the one that is asked for."""
        return [
            SavedLink(saved=view, url=address_of(parse(view.query)), active=view.query == self.text)
            for view in self.saved
        ]

    @cached_property
    def sorts(self) -> dict[str, SortLink]:
        """For each order that goes both ways, the link of its column's head."""
        orders = self.listing.language.orders
        return {name: self._sort_link(name) for name in orders if f"-{name}" in orders}

    def _sort_link(self, name: str) -> SortLink:
        orders, order = self.listing.language.orders, self.reading.order
        ways = {orders[name]: "ascending", orders[f"-{name}"]: "descending"}
        wanted = f"-{name}" if order == orders[name] else name
        rest = tuple(term for term in self.reading.query.terms if term.word != SORT)
        sort = () if orders[wanted] == self.listing.language.order else (Term(SORT, (wanted,)),)
        return SortLink(url=address_of(Query((*rest, *sort))), way=ways.get(order, ""))

    @property
    def help(self) -> list[WordHelp]:
        """Every word with what it means, its values and an example that can be followed."""
        language = self.listing.language
        words = [WordHelp.of(word.name, word.example, word.means, word.values.listed) for word in language.words]
        means = _("The order; a minus turns it round")
        return [*words, WordHelp.of(SORT, next(iter(language.orders)), means, language.orders)]

    @property
    def command(self) -> str:
        """A call that a script can copy: the rows that fit, over REST."""
        return (
            f"curl --fail-with-body --get '{settings.BASE_URL}{reverse(self.listing.api)}' \\\n"
            '  -H "Authorization: Bearer $CYBERCUBE_KEY" \\\n'
            f"  --data-urlencode {shlex.quote(f'query={self.text}')}"
        )

    @property
    def file_url(self) -> str:
        """The CSV file of all that fits."""
        return f"{address_of(self.reading.query)}&format=csv"

    @property
    def most_in_file(self) -> int:
        """It holds no more rows than this; 0 when that leaves nothing out."""
        return MOST_IN_FILE if self.count.number > MOST_IN_FILE else 0

    @property
    def is_file(self) -> bool:
        """Whether the file is asked for, not the page."""
        return self.request.GET.get("format") == "csv"

    def file(self) -> StreamingHttpResponse:
        """The CSV file."""
        columns = self.listing.columns
        rows = rows_in_order(self.rows, order=self.reading.order, most=MOST_IN_FILE)
        name = f"{self.listing.name}-{self.asker.now:%Y-%m-%d}.csv"
        return csv_answer(
            name, [str(column.title) for column in columns], ([column.value(row) for column in columns] for row in rows)
        )


def list_page(
    request: HttpRequest, listing: Listing[Row], *, asker: Asker, saved: tuple[SavedQuery, ...] = ()
) -> ListPage[Row]:
    """The list as `?q=` asks for it; without one as the person's usual view does, else as the list's own usual query."""
    usual = next((view.query for view in saved if view.is_usual), listing.language.usual)
    asked = request.GET.get("q")
    reading = read(parse(usual if asked is None else asked), listing.language, asker)
    return ListPage(request=request, listing=listing, asker=asker, reading=reading, usual=usual, saved=saved)


def address_of(query: Query) -> str:
    """The query string that asks for it."""
    sent = QueryDict(mutable=True)
    sent["q"] = str(query)
    return f"?{sent.urlencode()}"


def _address(query: Query | None) -> str:
    return address_of(query) if query else ""
