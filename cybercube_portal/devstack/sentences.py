"""The English that stands in policies, tables and refusals, as messages for translators: Django's own search finds only what is marked.

A text there is a message when it reads as words: it has a space, or begins as a label does. An f-string becomes a message with
fields, `{service}:{version} is registered.`; a state becomes the word its badge would say.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.conf import settings

from cybercube_portal.catalog.conventions.table import RULES
from cybercube_portal.web.sentences import FIELD, WORD
from releases.policy.parity import ALLOWED_DIFFERENCES

PACKAGES = ("cybercube_portal", "changes", "flags", "releases")
NOT_SHOWN = {"migrations", "demo", "devstack", "management", "settings", "database", "admin.py", "apps.py"}
# Pure rooms: every text in them that reads as words is one somebody is shown.
ROOMS = {
    "policy", "states.py", "roles.py", "conventions", "protection.py", "protection_platforms.py", "migration_lint.py", "migration_locks.py", "versions.py", "environments.py", "isolation.py", "tracing.py", "actors.py",
}  # fmt: skip
REFUSING = {
    "failed", "passed", "pending", "skipped", "refuse", "Reason",
    "MoveRule", "gettext_noop",
    "Invalid", "FieldError", "field", "NotFound", "NotPermitted", "Conflict", "Stale",
}  # fmt: skip
LABEL = re.compile(r"[A-Z“][A-Za-z0-9&/-]*[a-z.”A-Z]\.?")
WORDS = re.compile(r"[A-Za-z]{2,}")


@cache
def messages() -> tuple[str, ...]:
    """Every message, in the order of the files, each once."""
    found = dict.fromkeys(message for file in _files() for message in _messages_of(file) if message)
    tables = [*(rule.says for rule in RULES), *(how for _, how in ALLOWED_DIFFERENCES)]
    return tuple(found | dict.fromkeys(tables))


def _files() -> Iterator[Path]:
    for package in PACKAGES:
        for file in sorted((settings.BASE_DIR / package).rglob("*.py")):
            if not NOT_SHOWN & set(file.parts):
                yield file


def _messages_of(file: Path) -> Iterator[str]:
    tree = ast.parse(file.read_text())
    if ROOMS & set(file.parts):
        yield from _told_in(tree)
        yield from _states_of(tree)
        return
    for node in ast.walk(tree):
        if (isinstance(node, ast.Call) and _name(node.func) in REFUSING) or isinstance(node, ast.Raise):
            yield from _told_in(node)


def _told_in(tree: ast.AST) -> Iterator[str]:
    unread = {id(part) for node in ast.walk(tree) for part in _unread(node)}
    for node in ast.walk(tree):
        if id(node) not in unread and (text := _text(node)) and _reads_as_words(text):
            yield text


def _unread(node: ast.AST) -> Iterator[ast.AST]:
    """What is no text of its own: docstrings, the pieces of an f-string, patterns."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node.value
    if isinstance(node, ast.JoinedStr):
        yield from node.values
    if isinstance(node, ast.Call) and _name(node.func) == "compile":
        yield from ast.walk(node)


def _states_of(tree: ast.AST) -> Iterator[str]:
    """`in_review` is shown as "In review", and may stand inside a sentence as it is."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and any(_name(base) == "StrEnum" for base in node.bases):
            for row in node.body:
                if isinstance(row, ast.Assign) and isinstance(row.value, ast.Constant):
                    value = str(row.value.value)
                    yield value.replace("_", " ").replace("-", " ").capitalize()
                    if value.isalpha():
                        yield value


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return ""
    text, names = "", list[str]()
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += str(part.value)
        elif isinstance(part, ast.FormattedValue):
            name = _field(part.value)
            names.append(name)
            text += f"{{{name}{names.count(name) if names.count(name) > 1 else ''}}}"
    return text


def _field(value: ast.expr) -> str:
    """What a translator calls it: the last name of what is put there. A state's value is a word, which is translated too."""
    inner, tail = value, ""
    while True:
        match inner:
            case ast.Attribute(value=base, attr="value" | "label"):
                inner, tail = base, WORD
            case ast.Attribute(value=base, attr="name" | "slug" | "number"):
                inner = base
            case ast.Attribute(attr=name) | ast.Name(id=name):
                return (name.lower().strip("_") or "value") + tail
            case ast.Call(func=ast.Attribute(attr="join" | "format")) if inner.args:
                inner = inner.args[0]
            case ast.Call() if inner.args:
                inner = inner.args[0]
            case ast.Subscript(value=base):
                inner = base
            case _:
                return "value" + tail


def _name(node: ast.AST) -> str:
    return getattr(node, "id", getattr(node, "attr", ""))


def _reads_as_words(text: str) -> bool:
    if "\\" in text or "\n" in text:
        return False
    plain = FIELD.sub("", text)
    is_section = text.startswith("§") and " " in text
    return is_section or (bool(WORDS.search(plain)) and (" " in text.strip() or LABEL.fullmatch(text) is not None))
