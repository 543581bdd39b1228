"""`POST {things}/{key}/{verb}/`: one row for each verb, the same words as on the pages (house.md section 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.urls import URLPattern
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cybercube_portal import clock
from cybercube_portal.api import StrictSerializer, idempotent, path_both, read_members
from cybercube_portal.people.authentication import actor_of


@dataclass(frozen=True, slots=True)
class Verb:
    """`act(<key>=…, actor=…, now=…, **body)` does it; `words` document it."""

    name: str
    body: type[StrictSerializer]
    act: Callable[..., Any]
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Things:
    """What verbs are said of: `answer(key, request)` shows one in the `shape`."""

    prefix: str
    key: str
    shape: type[serializers.Serializer[Any]]
    answer: Callable[[str, Request], Response]


def verb_routes(things: Things, verbs: Iterable[Verb]) -> list[URLPattern]:
    """A route for each verb, such as `changes/<str:number>/approve/`."""
    return [
        path_both(
            f"{things.prefix}/<str:{things.key}>/{verb.name}/",
            _view(things, verb).as_view(),
            name=f"api-{things.prefix}-{verb.name}",
        )
        for verb in verbs
    ]


def _view(things: Things, verb: Verb) -> type[generics.GenericAPIView[Any]]:
    class VerbView(generics.GenericAPIView[Any]):
        serializer_class = verb.body

        @extend_schema(
            operation_id=f"{things.prefix.replace('-', '_')}_{verb.name}",
            description=verb.words,
            request=verb.body,
            responses={200: things.shape},
        )
        @idempotent
        def post(self, request: Request, /, **keys: str) -> HttpResponse:
            sent = read_members(request, verb.body)
            verb.act(actor=actor_of(request), now=clock.now(), **keys, **sent)
            return things.answer(keys[things.key], request)

    VerbView.__name__ = f"{verb.name.title().replace('_', '')}View"
    VerbView.__doc__ = verb.words
    return VerbView
