"""How many rows a list has: counted up to a bound, beyond it estimated by PostgreSQL's planner."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet
from django.utils.formats import number_format
from django.utils.translation import gettext as _

EXACT = 10_000


@dataclass(frozen=True, slots=True)
class Count:
    """`number` rows, or about as many."""

    number: int
    about: bool = False

    @property
    def shown(self) -> str:
        """The number with the language's separators."""
        return number_format(self.number, force_grouping=True)

    def said(self, words: str) -> str:
        """`words` with the number in them, said to be an estimate when it is one."""
        return _("about %(words)s") % {"words": words} if self.about else words


def count_of(rows: QuerySet[Any]) -> Count:
    """One query up to EXACT rows, two beyond; the second only asks for a plan."""
    bare: QuerySet[Model] = rows.order_by()
    found = bare.values("pk")[: EXACT + 1].count()
    if found <= EXACT:
        return Count(found)
    (plan,) = json.loads(bare.values("pk").explain(format="json"))
    return Count(max(_rounded(int(plan["Plan"]["Plan Rows"])), EXACT), about=True)


def _rounded(number: int) -> int:
    """To two digits: more would look like knowledge."""
    step: int = 10 ** max(0, len(str(number)) - 2)
    return (number + step // 2) // step * step
