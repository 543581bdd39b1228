"""What every file keeps to (house.md sections 5 to 7). Import contracts, migrations and the schema are `./portal check`'s, once."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.template.base import Lexer, TokenType
from django.template.loader import get_template
from django.test import Client

from tests.architecture.sources import BASE, parsed, shown

LONGEST = 350
VAGUE = {"utils", "util", "common", "helpers", "helper", "misc"}
UNFINISHED = re.compile(r"TODO|FIXME|XXX|HACK|[Cc]oming soon|[Nn]ot (?:yet )?implemented")
SKIPS = {"skip", "skipif", "xfail"}
SCRIPT = re.compile(r"<script(?![^>]*\ssrc=)[^>]*>(?!\s*</script>)", re.IGNORECASE)
INLINE = re.compile(r"<style\b|\s(style|on[a-z]+)\s*=\s*[\"']", re.IGNORECASE)
TAGS = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>|&[a-z#0-9]+;", re.IGNORECASE | re.DOTALL)
WORD = re.compile(r"[A-Za-z]{3,}")
ENCLOSING = {"block", "blocktranslate", "comment"}
# Names are not translated.
NAMES = {"API", "CYBERCUBE", "ENG", "GitHub", "GitLab", "JSON", "STD", "UTC", "YAML", "ccp", "iCalendar"}

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
AT_RULE = re.compile(r"@[a-z-]+[^{}]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
BARE_CLASS = re.compile(r"(?:^|\})\s*(\.[a-z][a-z0-9-]*)\s*\{")


def template_files() -> list[Path]:
    return sorted(file for file in (BASE / "templates").rglob("*") if file.suffix in {".html", ".txt", ".svg"})


def test_files__of_python__are_short_and_named_for_what_they_hold() -> None:
    files = list(parsed())
    assert len(files) > 300
    long = {shown(file): lines for file in files if (lines := file.read_text().count("\n")) > LONGEST}
    assert long == {}
    assert [shown(file) for file in files if {file.stem, *file.parent.parts} & VAGUE] == []


def test_files__of_python__leave_nothing_for_later() -> None:
    left = []
    for file, tree in parsed().items():
        if file != Path(__file__):
            left += [f"{shown(file)}: {found[0]}" for found in UNFINISHED.finditer(file.read_text())]
            left += [f"{shown(file)}: {ast.unparse(node)}" for node in ast.walk(tree) if is_unfinished(node)]
    assert left == []


def is_unfinished(node: ast.AST) -> bool:
    """A NotImplementedError, or a test that is passed over."""
    if isinstance(node, ast.Name):
        return node.id == "NotImplementedError"
    return (
        isinstance(node, ast.Attribute) and node.attr in SKIPS and ast.unparse(node.value) in {"pytest", "pytest.mark"}
    )


def test_tests__carry_no_package_files_and_tell_a_sentence() -> None:
    assert [shown(file) for file in (BASE / "tests").rglob("__init__.py")] == []
    wrong = [
        f"{shown(file)}: {node.name}"
        for file, tree in parsed().items()
        if file.name.startswith("test_") and "tests" in file.parts
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and "__" not in node.name
    ]
    assert wrong == []


@pytest.mark.parametrize("file", template_files(), ids=shown)
def test_template__of_any_page__has_no_inline_code_and_translates_its_words(file: Path) -> None:
    text = file.read_text()
    assert UNFINISHED.search(text) is None
    if file.suffix != ".html":
        return
    assert SCRIPT.search(text) is None
    if not {"emails", "pack"} & set(file.parts):
        # A mail and a page of an evidence pack stand outside of the portal's policy; neither brings a style sheet along.
        assert INLINE.search(text) is None
    bare = [word for word in WORD.findall(TAGS.sub(" ", outside_tags(file))) if word not in NAMES]
    assert bare == [], "put it inside {% translate %}"


def outside_tags(file: Path) -> str:
    """What a reader sees of the template itself: its text without what is translated, commented, or the name of a class."""
    parts, unread = [], [False]
    for token in Lexer(file.read_text()).tokenize():
        if token.token_type is TokenType.TEXT and not unread[-1]:
            parts.append(token.contents)
        if token.token_type is TokenType.BLOCK:
            name, *words = token.contents.split()
            if name in ENCLOSING:
                unread.append(unread[-1] or name != "block" or words[0].endswith("class"))
            elif name.removeprefix("end") in ENCLOSING:
                unread.pop()
    return " ".join(parts)


@pytest.mark.parametrize("file", template_files(), ids=shown)
def test_template__of_any_page__compiles(file: Path) -> None:
    name = file.relative_to(BASE / "templates").as_posix()
    assert get_template(name) is not None


@pytest.mark.django_db
def test_pages__open_to_strangers__forbid_inline_code() -> None:
    policy = Client().get("/login/").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy


def test_style__of_a_class__is_begun_in_one_sheet() -> None:
    """Sheets of several apps meet on one page: two that begin a class of the same name dress each other's parts."""
    begun: dict[str, set[str]] = {}
    # `var` holds what was collected of them.
    ours = (folder for folder in BASE.glob("*/static") if folder.parent.name != "var")
    for file in sorted(file for folder in ours for file in folder.rglob("*.css")):
        rules = AT_RULE.sub("", COMMENT.sub("", file.read_text(encoding="utf-8")))
        for name in BARE_CLASS.findall(rules):
            begun.setdefault(name, set()).add(shown(file))
    assert len(begun) > 100
    assert {name: files for name, files in begun.items() if len(files) > 1} == {}
