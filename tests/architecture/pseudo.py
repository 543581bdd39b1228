"""A language in which every translated word stands in brackets, and what of a page stands outside of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.apps import apps
from django.db.models import CharField, JSONField, TextField, UUIDField
from django.utils.translation import trans_real
from pytest_django.fixtures import Settings

from cybercube_portal.devstack.sentences import messages
from cybercube_portal.people.scopes import Scope

# One that Django knows, so that its middleware takes it from a browser; nobody translated the portal into it.
LANGUAGE = "eo"
INNERMOST = re.compile("⟦[^⟦⟧]*⟧")
WORD = re.compile(r"[^\W\d_]{2,}")
READ_OUT = ("alt", "aria-label", "data-label", "title")
UNREAD = {"script", "style", "template", "noscript", "code", "kbd", "textarea"}
# Texts for machines, names of people, documents as they were published.
AS_THEY_ARE = {"mono", "person", "prose"}
INLINE = {
    "a",
    "abbr",
    "b",
    "br",
    "circle",
    "code",
    "em",
    "i",
    "kbd",
    "path",
    "s",
    "small",
    "span",
    "strong",
    "svg",
    "time",
}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
# Brands, codes of the standard, numbers of things, digests, examples of a query, verbs of the record, marks of the chain.
NAMES = re.compile(
    r"\b(?:CYBERCUBE|STD-ENG-006|UTC|YAML|JSON|CSV|Slack|Microsoft Teams|hooks\.example\.com|SEV-\d|dev|stg|prd|operator|portal"
    r"|v\d[\w.]*|[A-Z]{2,}-\d[\d-]*|sha256|https?|[0-9a-f]{8,}[0-9a-f-]*|[a-z_]+\.[a-z_]+)\b|@me|[\w.-]+@[\w.]+|[\w-]+:[\w<>.,@-]+"
)
# Whose texts are the standard's, the portal's own or nobody's.
NOT_TYPED = {"admin", "audit", "auth", "axes", "contenttypes", "sessions"}


class Bracketing(trans_real.DjangoTranslation):
    """Django's translation of a language, every message of which is bracketed instead of looked up."""

    def __init__(self) -> None:
        super().__init__(LANGUAGE)
        self._catalog: Any = dict.fromkeys(messages(), "")

    def gettext(self, message: str) -> str:
        """A context in front of the message is not shown."""
        return f"⟦{message.rpartition(trans_real.CONTEXT_SEPARATOR)[2]}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """As English counts."""
        return self.gettext(msgid1 if n == 1 else msgid2)


def speak_brackets(settings: Settings, patch: pytest.MonkeyPatch) -> None:
    """A browser that asks for LANGUAGE is answered in brackets."""
    settings.LANGUAGES = [("en", "English"), (LANGUAGE, "Brackets")]
    kept: dict[str, Any] = vars(trans_real)["_translations"]  # where Django keeps what it has loaded
    patch.setitem(kept, LANGUAGE, Bracketing())


class Reader(HTMLParser):
    """Gathers what somebody reads or hears of a page, but for what says translate="no"."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.run: list[str] = []
        self.open: list[tuple[str, bool]] = []

    @property
    def is_quiet(self) -> bool:
        """Whether nothing of this place is gathered."""
        return bool(self.open) and self.open[-1][1]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Its attributes are read out too."""
        if tag not in INLINE:
            self.end_run()
        given = {name: value or "" for name, value in attrs}
        quiet = self.is_quiet or tag in UNREAD or given.get("translate") == "no"
        quiet = quiet or bool(AS_THEY_ARE & set(given.get("class", "").split()))
        if not quiet:
            self.texts += [given[name] for name in READ_OUT if name in given]
            # What has no spelling is an example for machines.
            self.texts += (
                [given["placeholder"]] if "placeholder" in given and given.get("spellcheck") != "false" else []
            )
        if tag not in VOID:
            self.open.append((tag, quiet))

    def handle_endtag(self, tag: str) -> None:
        """A stray end tag ends nothing."""
        if tag not in INLINE:
            self.end_run()
        if any(name == tag for name, _ in self.open):
            while self.open.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        """Of the text that goes on until its block ends."""
        if not self.is_quiet:
            self.run.append(data)

    def end_run(self) -> None:
        """What stands between two blocks is one text, whatever of it is emphasised or linked."""
        self.texts.append("".join(self.run))
        self.run = []


class Typed:
    """What people and pipelines wrote: it is shown as it is."""

    def __init__(self) -> None:
        found = {" ".join(line.split()) for text in _typed() for line in text.splitlines()}
        self.whole = found | {scope.value for scope in Scope} | {"none", "None"}
        # A single small word is only that word where it stands alone.
        inside = sorted((text for text in found if not text.isalpha() or text[0].isupper()), key=len, reverse=True)
        self.inside = re.compile("|".join(rf"(?<!\w){re.escape(text)}(?!\w)" for text in inside if len(text) > 1))

    def without(self, text: str) -> str:
        """`text` but for that."""
        if text in self.whole:
            return ""
        parts = NAMES.sub(" ", self.inside.sub(" ", text))
        return " ".join(part for part in re.split(r"[\s,;()]+", parts) if part not in self.whole)


def _typed() -> Iterator[str]:
    for model in apps.get_models():
        if model._meta.app_label in NOT_TYPED or model.__name__ in {"Environment", "GateEvaluation", "Notice"}:
            continue
        kinds = (CharField, TextField, UUIDField, JSONField)
        fields = [
            field.attname
            for field in model._meta.concrete_fields
            if isinstance(field, kinds) and not field.choices and field.attname != "risk_factors"
        ]
        for row in model._default_manager.values_list(*fields):
            for value in row:
                yield from _leaves(value)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _leaves(part)
    elif value is not None:
        yield str(value)


def untranslated(page: str, typed: Typed) -> Iterable[str]:
    """Every text on the page of which a word did not go through gettext."""
    reader = Reader()
    reader.feed(page)
    reader.end_run()
    for text in dict.fromkeys(reader.texts):
        left = text
        while INNERMOST.search(left):
            left = INNERMOST.sub(" ", left)
        left = " ".join(left.split())
        if WORD.search(left) and WORD.search(typed.without(left)):
            yield left
