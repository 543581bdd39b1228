"""Reading JSON from strangers: strict RFC 8259, bounded in size, depth and number; anything else is a 400 (413)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import IO, Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.parsers import JSONParser

from cybercube_portal.api.pointers import below
from cybercube_portal.api.refusals import Malformed, TooLarge
from cybercube_portal.errors import FieldError

DEEPEST = 32
LARGEST_INTEGER = 2**63 - 1
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class StrictJSONParser(JSONParser):
    """REST framework's door to `read_json`."""

    def parse(self, stream: IO[Any], *_framework: Any, **_more: Any) -> Any:  # noqa: ANN401 - any JSON
        """The body's value. Raises Malformed, TooLarge."""
        return read_json(stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1))


def read_body(request: HttpRequest) -> Any:  # noqa: ANN401 - any JSON
    """The JSON body of a plain Django request. Raises Malformed, TooLarge."""
    return read_json(request.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1))


def read_json(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    """The value of a JSON text in UTF-8 with unique names, finite 64-bit numbers and storable strings.

    Raises Malformed with a JSON pointer where one helps, TooLarge.
    """
    if len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        raise TooLarge("The body is larger than 1 MiB.")
    try:
        value = json.loads(body.decode(), object_pairs_hook=_unique, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise Malformed("The body is not UTF-8.") from error
    except RecursionError as error:
        raise Malformed(f"The JSON nests deeper than {DEEPEST} levels.") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Malformed(f"The body is not JSON: {error.msg} at {where}.") from error
    except ValueError as error:  # the interpreter's own bound on digits
        raise Malformed("A number in the JSON is too long.") from error
    found = tuple(_hostile(value))
    if found:
        raise Malformed("The JSON holds a value that cannot be stored.", errors=found)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Malformed(f"The JSON names {twice!a} twice in one object.")
    return members


def _no_constant(word: str) -> None:
    raise Malformed(f"{word} is not JSON.")


def _hostile(value: Any) -> Iterator[FieldError]:  # noqa: ANN401 - any JSON
    """What PostgreSQL or a number type cannot hold, walked without recursion."""
    waiting: list[tuple[str, int, Any]] = [("", 0, value)]
    while waiting:
        pointer, depth, item = waiting.pop()
        if depth > DEEPEST:
            yield FieldError("", "json.too_deep", f"The JSON nests deeper than {DEEPEST} levels.")
            return
        if isinstance(item, dict):
            if any(UNSTORABLE.search(name) for name in item):
                yield FieldError(pointer, "json.unstorable_text", "A name holds a NUL or half of a surrogate pair.")
                return
            waiting.extend((below(pointer, name), depth + 1, inner) for name, inner in item.items())
        elif isinstance(item, list):
            waiting.extend((below(pointer, index), depth + 1, inner) for index, inner in enumerate(item))
        elif isinstance(item, str) and UNSTORABLE.search(item):
            yield FieldError(pointer, "json.unstorable_text", "The text holds a NUL or half of a surrogate pair.")
        elif _is_too_large(item):
            yield FieldError(pointer, "json.number_too_large", "The number is out of range.")


def _is_too_large(item: Any) -> bool:  # noqa: ANN401 - any JSON
    if isinstance(item, float):
        return not math.isfinite(item)
    return isinstance(item, int) and abs(item) > LARGEST_INTEGER
