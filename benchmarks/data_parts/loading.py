"""Data made once and, with `--keep`, measured again: the database's comment says what it holds and since when."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection

from cybercube_portal import clock

# A week of `closed:7d` that lies in the past is another question.
OLDEST = timedelta(hours=20)


@dataclass(frozen=True, slots=True)
class Loaded:
    """`at` is the `now` the data was made for; `said` tells how it came here."""

    at: datetime
    said: str


def once(recipe: dict[str, int], fill: Callable[[datetime], object], *, full: bool = False) -> Loaded:
    """Fill the database by `fill(now)`, unless it still holds what `recipe` and the programs of today would make. `full` as of `settle`."""
    wanted, now = {**recipe, "programs": _programs()}, clock.now()
    kept = _kept()
    at = datetime.fromisoformat(kept["at"]) if kept and kept["recipe"] == wanted else None
    if at and now - at < OLDEST:
        return Loaded(at, f"kept since {at:%Y-%m-%d %H:%M}")
    if kept:
        _empty()
    began = time.perf_counter()
    fill(now)
    settle(full=full)
    _keep({"recipe": wanted, "at": now.isoformat()})
    return Loaded(now, f"loaded in {time.perf_counter() - began:.0f} s")


def settle(*, full: bool = False) -> None:
    """As the server's own housekeeping would leave the tables. `full`: what was updated in place lies no wider than it has to."""
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM ({'FULL, ' if full else ''}ANALYZE)")


def _programs() -> str:
    """What writes the data: another text may write other data."""
    here = Path(__file__).parent
    texts = sorted(path for path in here.parent.glob("*_parts/*.py") if path.parent != here)
    return hashlib.sha256(b"".join(path.read_bytes() for path in texts)).hexdigest()


def _kept() -> dict[str, Any] | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
        )
        (text,) = cursor.fetchone()
    return json.loads(text) if text else None


def _keep(what: dict[str, object]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('COMMENT ON DATABASE %%I IS %%L', current_database(), %s::text)", [json.dumps(what)]
        )
        cursor.execute(cursor.fetchone()[0])


def _empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute("CREATE SCHEMA public")
    call_command("migrate", interactive=False, verbosity=0)
