"""JSON pointers (RFC 6901). Pure."""

from __future__ import annotations


def below(pointer: str, name: object) -> str:
    """The pointer of member or index `name` inside what `pointer` names."""
    return f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}"
