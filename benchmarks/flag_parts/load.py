"""How many answers a second: wrk's, with the same connections and threads for everybody."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import urllib.request
from pathlib import Path

from benchmarks.flag_parts.servers import Question

CONNECTIONS = 32
# Of what follows the name in /proc/PID/stat.
USER_TIME, SYSTEM_TIME = 11, 12
RATE = re.compile(r"Requests/sec:\s+([0-9.]+)")
BAD = re.compile(r"Non-2xx or 3xx responses: (\d+)")


def rate(port: int, question: Question, *, seconds: float) -> float:
    """Answers a second over `seconds`. Raises RuntimeError when an answer was no success."""
    path, headers, body = question
    lines = ['wrk.method = "POST"', f"wrk.body = {_quoted(body.decode())}"] if body else []
    lines += [f"wrk.headers[{_quoted(name)}] = {_quoted(value)}" for name, value in headers.items()]
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "question.lua"
        script.write_text("\n".join(lines), encoding="utf-8")
        size = ("-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds:.0f}s", "-s", str(script))
        done = subprocess.run(
            ["wrk", *size, f"http://127.0.0.1:{port}{path}"], check=True, capture_output=True, text=True
        )
    found, bad = RATE.search(done.stdout), BAD.search(done.stdout)
    if found is None or bad is not None:
        raise RuntimeError(f"{path}: {done.stdout[-500:]}")
    return float(found[1])


def cpu_seconds(pid: int) -> float:
    """What a process and its children have had of the CPUs; 0 where nobody says (`/proc` is Linux's)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return 0.0
    own = (int(fields[USER_TIME]) + int(fields[SYSTEM_TIME])) / os.sysconf("SC_CLK_TCK")
    return own + sum(cpu_seconds(int(child)) for child in children)


def answer(port: int, question: Question) -> bytes:
    """One answer, to see that it is one."""
    path, headers, body = question
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=body or None, headers=dict(headers))
    with urllib.request.urlopen(request, timeout=10) as found:  # noqa: S310
        return bytes(found.read())


def _quoted(text: str) -> str:
    return json.dumps(text)
