"""What a flag can answer: OpenFeature's reasons and errors, and nothing else (flags.md section 1). Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Optional, Union

from .reading import Context

CODE_DEFAULT = "code_default"  # the variant's name when the caller's own default is served
STATIC, DEFAULT, TARGETING_MATCH, SPLIT, DISABLED = "STATIC", "DEFAULT", "TARGETING_MATCH", "SPLIT", "DISABLED"
FLAG_NOT_FOUND, PARSE_ERROR, KEY_MISSING, GENERAL = (
    "FLAG_NOT_FOUND",
    "PARSE_ERROR",
    "TARGETING_KEY_MISSING",
    "GENERAL",
)


class Result:
    """One of the answers a flag can give. `value` None: the caller's own default. `wire` is the server's to keep bytes in."""

    __slots__ = ("detail", "error", "extra", "reason", "value", "variant", "wire")

    def __init__(
        self,
        *,
        value: Any = None,
        variant: str | None = None,
        reason: str = "",
        extra: Mapping[str, Any] | None = None,
        error: str = "",
        detail: str = "",
    ) -> None:
        self.value, self.variant, self.reason = value, variant, reason
        self.extra: Mapping[str, Any] = extra or {}
        self.error, self.detail = error, detail
        self.wire: bytes | None = None


Outcome = Union[Result, Callable[[Context], Optional[Result]]]
Answers = Callable[[Union[str, None], str, Mapping[str, Any]], Result]


class Unreadable(Exception):
    """The definition contradicts itself."""


def answers_of(variants: Mapping[str, Any]) -> Answers:
    """Makes the answer of a variant; None is the caller's own default. It raises Unreadable for a variant that is not there."""

    def answer(name: str | None, reason: str, extra: Mapping[str, Any]) -> Result:
        if name is None:
            return Result(variant=CODE_DEFAULT, reason=reason, extra=extra)
        if name not in variants:
            raise Unreadable(f"there is no variant {name}")
        return Result(value=variants[name], variant=name, reason=reason, extra=extra)

    return answer
