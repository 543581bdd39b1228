"""Every Python file of ours, parsed once for all tests that look at it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from django.conf import settings

BASE: Path = settings.BASE_DIR
PACKAGES = ("cybercube_portal", "changes", "flags", "releases")
BESIDE = ("tests", "benchmarks", "clients")
NOT_OURS = {"migrations", "node_modules", "__pycache__"}


@cache
def parsed() -> dict[Path, ast.Module]:
    """Migrations are left out: Django writes them."""
    files = (file for folder in (*PACKAGES, *BESIDE) for file in sorted((BASE / folder).rglob("*.py")))
    return {file: ast.parse(file.read_text()) for file in files if not NOT_OURS & set(file.parts)}


@cache
def nodes() -> dict[Path, tuple[ast.AST, ...]]:
    """All nodes of what runs: tests and programs beside the portal are left out."""
    return {
        file: tuple(ast.walk(tree)) for file, tree in parsed().items() if file.relative_to(BASE).parts[0] in PACKAGES
    }


def shown(file: Path) -> str:
    """As a person names it."""
    return file.relative_to(BASE).as_posix()
