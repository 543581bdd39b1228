"""The words of a list: what each means, which values it has, an example; read into a filter, or into what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, Protocol

from django.db.models import Q
from django.utils.functional import Promise

from cybercube_portal.query.moments import Clock, Unreadable, between
from cybercube_portal.query.nearest import nearest

ME = "@me"
Words = str | Promise


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks, when and where: what `@me`, `today` and a day mean. `team` is the home team's slug.

    `username` and `team` are None where `@me` stands for nobody.
    """

    id: int
    username: str | None
    team: str | None
    now: datetime
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Names:
    """A register of names that grows: people, services, teams. One query for all names a query holds."""

    find: Callable[[Collection[str]], Mapping[str, Any]]  # the known ones of these, with what rows hold of them
    every: Callable[[], Iterable[str]]


@dataclass(slots=True)
class Known:
    """What was looked up in registers so far: every register is asked once for all names that somebody gathered before."""

    found: dict[Names, dict[str, Any]] = field(default_factory=dict)
    everything: dict[Names, list[str]] = field(default_factory=dict)

    def gather(self, wanted: Mapping[Names, Collection[str]]) -> None:
        """Look up what is not known yet, in one query for each register."""
        for names, values in wanted.items():
            here = self.found.setdefault(names, {})
            missing = [value for value in values if value not in here]
            if missing:
                here.update(dict.fromkeys(missing), **names.find(missing))

    def of(self, names: Names, name: str) -> Any:  # noqa: ANN401 - whatever rows hold of a name
        """What rows hold of a name that was gathered. Raises NotKnown with the nearest name, which may cost a query."""
        value = self.found[names].get(name)
        if value is None:
            raise NotKnown(nearest(name, self.every(names)))
        return value

    def every(self, names: Names) -> list[str]:
        """All names of a register."""
        if names not in self.everything:
            self.everything[names] = list(names.every())
        return self.everything[names]


class NotKnown(Exception):
    """A value that means nothing here. `nearest`: what was probably meant."""

    def __init__(self, nearest: str | None) -> None:
        super().__init__(nearest)
        self.nearest = nearest


class NotMine(Exception):
    """`@me`, where whoever asks is nobody."""


class NotATime(Exception):
    """A value of which nobody can tell what time it means."""


class Values(Protocol):
    """How a word reads a value."""

    def spelt(self, value: str) -> str:
        """The value as the table writes it; unknown ones as they were written."""

    def fits(self, value: str, asker: Asker, known: Known) -> Q:
        """What fits the value. Raises NotKnown, NotMine or NotATime."""

    @property
    def listed(self) -> Iterable[str]:
        """The values the help names."""

    @property
    def names(self) -> Names | None:
        """The register its values stand in."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """A few values that are known beforehand, each with its filter; one that depends on who asks or when is a function.

    `also`: other spellings of a value.
    """

    choices: Mapping[str, Q | Callable[[Asker], Q]]
    also: Mapping[str, str] = field(default_factory=dict)
    names: None = None

    @property
    def listed(self) -> Iterable[str]:
        """All of them."""
        return self.choices

    def spelt(self, value: str) -> str:
        """Capitals and hyphens make no difference."""
        plain = value.lower().replace("-", "_").replace(" ", "_")
        return self.also.get(plain) or next((choice for choice in self.choices if choice.lower() == plain), value)

    def fits(self, value: str, asker: Asker, known: Known) -> Q:  # noqa: ARG002 - one shape for all
        """Raises NotKnown."""
        if value not in self.choices:
            raise NotKnown(nearest(value, self.choices))
        wanted = self.choices[value]
        return wanted if isinstance(wanted, Q) else wanted(asker)


@dataclass(frozen=True, slots=True)
class Named:
    """Names of a register. `by` makes a filter of what the register holds of a name, `mine` is what `@me` stands for there."""

    names: Names
    by: Callable[[Any], Q]
    mine: Callable[[Asker], str | None] | None = None

    @property
    def listed(self) -> Iterable[str]:
        """`@me`, where that is somebody."""
        return (ME,) if self.mine else ()

    def spelt(self, value: str) -> str:
        """Names stand as they are written."""
        return value

    def meant(self, value: str, asker: Asker) -> str | None:
        """The name that `value` stands for: `@me` is the asker's own, None where that is nothing."""
        return self.mine(asker) if value == ME and self.mine else value

    def fits(self, value: str, asker: Asker, known: Known) -> Q:
        """Raises NotMine, and NotKnown; then the nearest name costs a query."""
        name = self.meant(value, asker)
        if name is None:
            raise NotMine
        return self.by(known.of(self.names, name))


@dataclass(frozen=True, slots=True)
class Time:
    """Moments of a column; `ahead`: `7d` means the next seven days there, else the last seven."""

    column: str
    ahead: bool = False
    listed: tuple[str, ...] = ()
    names: None = None

    def spelt(self, value: str) -> str:
        """As it is written."""
        return value

    def fits(self, value: str, asker: Asker, known: Known) -> Q:  # noqa: ARG002 - one shape for all
        """Raises NotATime."""
        try:
            wanted = between(value, Clock(asker.now, asker.zone, ahead=self.ahead))
        except Unreadable as error:
            raise NotATime from error
        bounds = {f"{self.column}__gte": wanted.start, f"{self.column}__lt": wanted.end}
        return Q(**{name: moment for name, moment in bounds.items() if moment is not None})


@dataclass(frozen=True, slots=True)
class Text:
    """Any text, taken as it is written: a version, a reference."""

    by: Callable[[str], Q]
    listed: tuple[str, ...] = ()
    names: None = None

    def spelt(self, value: str) -> str:
        """As it is written."""
        return value

    def fits(self, value: str, asker: Asker, known: Known) -> Q:  # noqa: ARG002 - one shape for all
        """Never refuses."""
        return self.by(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """`name:value`. `means` explains it in a few words, `example` is a value somebody would write."""

    name: str
    means: Words
    values: Values
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """The words of one list, how free text is looked for (`text_means`: in what), and in which orders it can stand.

    `orders`: columns (`-` for descending), never null, the last one unique; the first is the usual one. `usual` is the query
    of whoever asks nothing.
    """

    words: tuple[Word, ...]
    text: Callable[[str], Q]
    text_means: Words
    orders: Mapping[str, tuple[str, ...]]
    usual: str = ""
    by_name: Mapping[str, Word] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {word.name: word for word in self.words})

    @property
    def order(self) -> tuple[str, ...]:
        """The usual one."""
        return next(iter(self.orders.values()))
