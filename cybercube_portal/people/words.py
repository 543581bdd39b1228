"""Words for people in the queries of lists."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import Q

from cybercube_portal.people.selectors import PEOPLE
from cybercube_portal.query import Named, Word
from cybercube_portal.query.words import Words


def person_word(name: str, means: Words, by: Callable[[int], Q]) -> Word:
    """`name:alice` and `name:@me`; `by` makes a filter of a user's id."""
    return Word(name=name, means=means, values=Named(PEOPLE, by, mine=lambda asker: asker.username), example="@me")
