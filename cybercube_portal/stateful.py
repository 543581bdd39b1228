"""Ties the rows of a state table to model methods through django-fsm, and the same rows to the database.

Three doors, one table: a method decorated with `@move(...)` is the only way Python changes a state, `state_triggers`
refuses any other change in SQL (`QuerySet.update` included), and `first_state` is where every row starts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from enum import StrEnum
from functools import wraps
from typing import Any, TypeVar

import pgtrigger
from django.db import models
from django_fsm import RETURN_VALUE, FSMField, FSMFieldDescriptor, TransitionNotAllowed, transition

from cybercube_portal.errors import refuse
from cybercube_portal.moves import Move, edges

# django-fsm-2 4.2 switches its protection off on the class while it refreshes an instance: a refresh that raises leaves
# it off for the process, and other threads meet it off. Here a refresh opens the field for its own context alone.
_refreshing: ContextVar[bool] = ContextVar("refreshing_state", default=False)

Method = TypeVar("Method", bound=Callable[..., Any])


class _StateDescriptor(FSMFieldDescriptor):
    def __set__(self, instance: Any, value: Any) -> None:  # noqa: ANN401 - a descriptor takes any model instance
        if self.field.name in instance.__dict__ and not _refreshing.get():
            raise AttributeError(f"{self.field.name} changes only through a move")
        self.field.set_state(instance, value)


class StateField(FSMField):
    """A protected state column."""

    descriptor_class = _StateDescriptor

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 32)
        kwargs["protected"] = True
        super().__init__(*args, **kwargs)


class StatefulModel(models.Model):
    """A model with StateFields, whose `refresh_from_db` is safe."""

    class Meta:
        abstract = True

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        """Read the row again, states included."""
        token = _refreshing.set(True)
        try:
            super().refresh_from_db(*args, **kwargs)
        finally:
            _refreshing.reset(token)


def choices_of(states: type[StrEnum]) -> list[tuple[str, str]]:
    """Model choices: value and a word for people."""
    return [(state.value, state.value.replace("_", " ").replace("-", " ").capitalize()) for state in states]


def move(*rows: Move, field: str = "state") -> Callable[[Method], Method]:
    """Tie `rows` (one verb) to a model method that sets what goes with the move.

    A verb with several targets: the method returns the target it moves to. Raises MoveRefused (`state.move_not_possible`)
    when the row's state is not among the sources.
    """
    verb = rows[0].verb
    sources = sorted({source for row in rows for source in row.sources})
    targets = [row.target for row in rows]
    target = targets[0] if len(targets) == 1 else RETURN_VALUE(*targets)

    def tie(method: Method) -> Method:
        moved = transition(field=field, source=sources, target=target)(method)

        @wraps(moved)
        def guarded(instance: models.Model, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - passes the method's through
            try:
                return moved(instance, *args, **kwargs)
            except TransitionNotAllowed as error:
                state = getattr(instance, field)
                raise refuse(
                    "state.move_not_possible",
                    "§6.3",
                    f"{instance} is {_word(state)}: {_word(verb)} is not possible.",
                    f"It is possible from {' or '.join(_word(source) for source in sources)}.",
                ) from error

        return guarded  # type: ignore[return-value]

    return tie


def state_triggers(table: Iterable[Move], *, first_state: str, field: str = "state") -> list[pgtrigger.Trigger]:
    """The same table for the database: no row starts elsewhere, none takes another way (house.md section 3)."""
    return [
        pgtrigger.FSM(name=f"{field}_moves", field=field, transitions=sorted(edges(table))),
        pgtrigger.Protect(
            name=f"{field}_starts", operation=pgtrigger.Insert, condition=~pgtrigger.Q(**{f"new__{field}": first_state})
        ),
    ]


def append_only_triggers() -> list[pgtrigger.Trigger]:
    """Refuse UPDATE, DELETE and TRUNCATE."""
    return [
        pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        pgtrigger.Trigger(
            name="no_truncate",
            level=pgtrigger.Statement,
            when=pgtrigger.Before,
            operation=pgtrigger.Truncate,
            func="RAISE EXCEPTION 'this table is append-only';",
        ),
    ]


def _word(name: str) -> str:
    return str(name).replace("_", " ")
