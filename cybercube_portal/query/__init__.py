"""The query language of every list: text in the address, read by the words of one list (ui.md section 2 "Lists").

`grammar`, `moments` and `nearest` are pure; `words` is how a list declares its own, `reading` makes a filter of a query.
"""

from __future__ import annotations

from cybercube_portal.query.grammar import Query, Term, parse
from cybercube_portal.query.reading import Problem, Reading, read
from cybercube_portal.query.words import Asker, Language, Named, Names, OneOf, Text, Time, Word

__all__ = [
    "Asker",
    "Language",
    "Named",
    "Names",
    "OneOf",
    "Problem",
    "Query",
    "Reading",
    "Term",
    "Text",
    "Time",
    "Word",
    "parse",
    "read",
]
