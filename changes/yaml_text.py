"""YAML for strangers: written as §6.6 prints it, read without anchors, tags or surprises (YAML 1.2's core schema)."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable
from datetime import datetime
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

from cybercube_portal.api import Malformed, read_json
from cybercube_portal.api.refusals import TooLarge

LARGEST = 256 * 1024
MOST_NODES = 5_000
DEEPEST = 32

# Only these plain words are not texts: no yes/no, no octal or base-60 numbers, no dates; `30m` and `1:30` stay what was written.
# The last column: the characters such a word can begin with, "" for nothing at all.
CORE: tuple[tuple[str, str, list[str]], ...] = (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", list("-+0123456789")),
    ("float", r"^[-+]?(?:0|[1-9][0-9]*)\.[0-9]+$", list("-+0123456789")),
)


class _Loader(yaml.SafeLoader):
    """The safe loader, without what makes YAML dangerous or surprising."""

    yaml_implicit_resolvers: dict[str, Any] = {}
    nodes = 0
    depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise Malformed("Anchors and aliases are not read: write the value out.")
        if getattr(event, "tag", None):
            raise Malformed(f"The tag {event.tag!a} is not read: write the plain value.")
        self.nodes += 1
        self.depth += 1
        if self.nodes > MOST_NODES or self.depth > DEEPEST:
            raise Malformed(f"A record has at most {MOST_NODES} values, nested at most {DEEPEST} deep.")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - its parent's signature
        names = [key.value for key, _ in node.value if isinstance(key, ScalarNode)]
        if len(names) < len(node.value):
            raise Malformed("A name in the YAML is not a text.")
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise Malformed(f"The YAML names {twice!a} twice in one object.")
        return super().construct_mapping(node, deep)


for _tag, _pattern, _first in CORE:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


class _Dumper(yaml.SafeDumper):
    """Block texts for more than one line, moments as §6.6 prints them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:  # noqa: ANN401, ARG002, FBT001, FBT002 - its parent's signature
        return super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


def _moment(dumper: yaml.SafeDumper, moment: datetime) -> ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:timestamp", moment.isoformat().replace("+00:00", "Z"))


_Dumper.add_representer(str, _text)
_Dumper.add_representer(datetime, _moment)


def write_yaml(value: Any) -> str:  # noqa: ANN401 - texts, numbers, moments, lists and mappings
    """The value in its own order, UTF-8 text."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return text


def read_yaml(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    """One YAML document as plain JSON values, moments as the texts they were written as. Raises Malformed, TooLarge."""
    if len(body) > LARGEST:
        raise TooLarge(f"The YAML is larger than {LARGEST // 1024} KiB.")
    try:
        loader = _Loader(body.decode())
        value = loader.get_single_data()
    except UnicodeDecodeError as error:
        raise Malformed("The body is not UTF-8.") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise Malformed(f"The body is not one YAML document: {_where(error)}.") from error
    except ValueError as error:  # the interpreter's own bound on digits
        raise Malformed("A number in the YAML is too long.") from error
    return read_json(json.dumps(value).encode())


def _where(error: BaseException) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"{error.problem} at line {mark.line + 1}, column {mark.column + 1}"
    return "it cannot be read"
