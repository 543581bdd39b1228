"""The query language of a list page as the parameter `query` of the same list over REST (ui.md section 2 "Lists")."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

from django.db.models import Model, QuerySet
from rest_framework import generics, serializers
from rest_framework.request import Request

from cybercube_portal import clock
from cybercube_portal.api import Malformed, read_parameters
from cybercube_portal.errors import FieldError
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.authentication import actor_of
from cybercube_portal.people.models import User
from cybercube_portal.query import Asker, Language, parse, read
from cybercube_portal.query.grammar import LONGEST

Row = TypeVar("Row", bound=Model)


def asker_for(actor: Actor, *, now: datetime, zone: tzinfo) -> Asker:
    """Whose words `@me` and `today` are. `@me` is a person: for a service account it is nobody."""
    return Asker(
        id=actor.id,
        username=None if actor.is_service else actor.username,
        team=None if actor.is_service else actor.team,
        now=now,
        zone=zone,
    )


def query_field(language: Language) -> serializers.CharField:
    """The parameter `query` among the filters of a list."""
    words = ", ".join(language.by_name)
    return serializers.CharField(
        max_length=LONGEST,
        required=False,
        allow_blank=True,
        help_text=(
            f"The query language of the list's page, such as `{language.words[0].name}:{language.words[0].example}`. "
            f"Words: {words}; sort: {', '.join(language.orders)}. "
            "Whatever is not understood is refused, with the nearest word or value. It has to fit beside the other parameters."
        ),
    )


class QueriedView(generics.GenericAPIView[Any]):
    """A list that reads the `language` of its page, too. Its filters hold `query_field(language)`."""

    language: Language

    def page_of(
        self, request: Request, filters: type[serializers.Serializer[Any]], rows: Callable[..., QuerySet[Row]]
    ) -> list[Row]:
        """The page that `request` asks for of `rows(**filters)`, narrowed by its `query`. Raises Malformed and ValidationError."""
        sent = read_parameters(request.query_params, filters)
        query = sent.pop("query", None)
        return self.paginate_queryset(self.narrowed(rows(**sent), query)) or []

    def narrowed(self, rows: QuerySet[Row], query: str | None) -> QuerySet[Row]:
        """Those of `rows` that fit `query`, paged in the order it asks for; without one all of them, in the usual order.

        Raises Malformed with everything that is not understood. One query for each register of names it speaks of.
        """
        actor, user = actor_of(self.request), cast("User", self.request.user)
        asker = asker_for(actor, now=clock.now(), zone=ZoneInfo(user.timezone))
        reading = read(parse(query or ""), self.language, asker)
        if reading.problems:
            code = "query.not_understood"
            errors = [FieldError("/query", code, problem.told) for problem in reading.problems]
            raise Malformed(errors[0].message, code=code, errors=errors)
        self.ordering = reading.order
        return rows.filter(reading.where)
