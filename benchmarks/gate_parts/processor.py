"""Processor time of a server with all its processes (Linux): on a busy machine it says more than the clock does."""

from __future__ import annotations

import os
from pathlib import Path

from django.db import connection

TICKS = os.sysconf("SC_CLK_TCK")
# In /proc/PID/stat, counted from behind the name: the parent, then user and system time, the same of children that ended.
PARENT, OWN, ENDED = 1, slice(11, 13), slice(13, 15)


def postgresql() -> int:
    """The process id of the server that we are connected to, on this machine."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    return int(_stat(Path(f"/proc/{backend}"))[PARENT])


def seconds(*roots: int) -> float:
    """What these processes, those under them and those under them that ended took until now."""
    running = {int(folder.name): _stat(folder) for folder in Path("/proc").glob("[0-9]*")}
    found = waiting = set(roots)
    while waiting:
        waiting = {pid for pid, stat in running.items() if stat and int(stat[PARENT]) in waiting} - found
        found = found | waiting
    spent = (running[pid] for pid in found if running.get(pid))
    return sum(sum(map(int, (*stat[OWN], *stat[ENDED]))) for stat in spent) / TICKS


def _stat(folder: Path) -> list[str]:
    """Empty once the process has ended."""
    try:
        return (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []
