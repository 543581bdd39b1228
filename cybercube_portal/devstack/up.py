"""`./portal up`: the whole portal on this machine, in the foreground."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import http.client
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from cybercube_portal.devstack.assets import build_assets
from cybercube_portal.devstack.ports import HOST, free_port
from cybercube_portal.devstack.processes import Failure, Stopped, Supervisor
from cybercube_portal.devstack.services import Services, child_environment, python, services
from cybercube_portal.settings import forms, variables

GATE_USER = "ci-payments"
EMPTY = "empty"
OUTSIDE_THREADS = 16
METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
STREAM_PORTS_ABOVE = 1000
CAST = "alice (engineer), bob (tech lead), carol (product), dan (ops), grace (on call) or another of the cast"


def up() -> int:
    """Start everything, say where it is, stay until Ctrl-C or until a child dies. Returns the exit code."""
    data = variables.DATA_DIR.read()
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    supervisor = Supervisor(logs=data / "logs")
    print("Starting …", flush=True)
    try:
        with _only_one(data), services(supervisor, data=data) as found, _addresses(data) as publish:
            build_assets(supervisor, data=data)
            port = free_port(variables.WEB_PORT.read())
            _serve(supervisor, data=data, found=found, port=port, publish=publish)
            supervisor.stay()
    except Stopped:
        print("\nStopped; the data stays in", data, flush=True)
    return 0


def _serve(supervisor: Supervisor, *, data: Path, found: Services, port: int, publish: Path) -> None:
    base_url = os.environ.get(variables.BASE_URL.name) or f"http://{HOST}:{port}"
    commit = os.environ.get(variables.BUILD_GIT_SHA.name) or _commit()
    stream_port = free_port(
        port + (STREAM_PORTS_ABOVE if port < forms.LAST_PORT - 2 * STREAM_PORTS_ABOVE else -STREAM_PORTS_ABOVE),
        quietly=True,
    )
    stream_url = os.environ.get(variables.STREAM_URL.name) or f"http://{HOST}:{stream_port}"
    told = {
        variables.BASE_URL.name: base_url,
        variables.BUILD_GIT_SHA.name: commit,
        variables.STREAM_URL.name: stream_url,
    }
    # A killed worker leaves its temporary files behind; in this folder they go when everything has stopped.
    env = child_environment(found, {**told, "TMPDIR": str(found.folder)})
    publish.write_text(json.dumps({**found.variables(), variables.BASE_URL.name: base_url}, indent=2), encoding="utf-8")

    stamp = data / "static.stamp"
    digest = _static_digest(data)
    collect = not stamp.exists() or stamp.read_text(encoding="ascii") != digest
    prepared = supervisor.run("prepare", manage("prepare", *(["--collect-static"] if collect else [])), env=env)
    stamp.write_text(digest, encoding="ascii")

    demo = data / "demo.txt"
    if prepared.split()[-1:] == [EMPTY] and variables.DEMO.read():
        print("Loading the demo …", flush=True)
        words = supervisor.run("demo", manage("demo"), env=env)
        demo.touch(mode=0o600)
        demo.write_text(words, encoding="utf-8")

    supervisor.start("worker", worker_command(data), env=env)
    supervisor.start("outside", outside_command(), env=env)
    supervisor.start("web", web_command(port), env={**env, METRICS_FOLDER: str(_metrics_folder(found.folder))})
    supervisor.start("streams", streams_command(stream_port), env=env)
    key = (
        supervisor.run("issue_key", manage("issue_key", GATE_USER, "--scope", "gate", "--expires", "1d"), env=env)
        if demo.exists()
        else ""
    )
    supervisor.wait_until(lambda: answers(port), what="The web server")
    _tell(base_url=base_url, port=port, demo=demo.read_text(encoding="utf-8") if demo.exists() else "", key=key.strip())


def manage(*arguments: str) -> list[str | Path]:
    """A command line for one of Django's or the portal's commands."""
    return python(forms.BASE_DIR / "manage.py", *arguments)


def worker_command(data: Path) -> list[str | Path]:
    """The worker of everything inside, with beat in it: only here do the two share a process."""
    beat = ("--beat", "--schedule", data / "beat-schedule")
    quick = ("--without-gossip", "--without-mingle", "--concurrency", "2", "--loglevel", "INFO")
    return python("-m", "celery", "-A", "cybercube_portal.celery", "worker", "--queues", "celery", *beat, *quick)


def outside_command() -> list[str | Path]:
    """The worker of what talks to the outside: threads, because it mostly waits."""
    threads = ("--pool", "threads", "--concurrency", str(OUTSIDE_THREADS), "--hostname", "outside@%h")
    quick = ("--without-gossip", "--without-mingle", "--loglevel", "INFO")
    return python("-m", "celery", "-A", "cybercube_portal.celery", "worker", "--queues", "outside", *threads, *quick)


def web_command(port: int, *, application: str = "cybercube_portal.wsgi:application") -> list[str | Path]:
    """The WSGI application in granian. One process kind is enough here: a call that waits at the gate holds one of many threads."""
    size = ("--workers", str(variables.WEB_WORKERS.read()), "--blocking-threads", str(variables.WEB_THREADS.read()))
    # Proxies speak HTTP/1.1 to what stands behind them; listening for both costs a tenth of every short answer.
    quiet = ("--http", "1", "--no-ws", "--log-level", "warning")
    where = ("--host", HOST, "--port", str(port))
    return python("-m", "granian", "--interface", "wsgi", *where, *size, *quiet, application)


def _metrics_folder(above: Path) -> Path:
    """An empty one, in which the web processes add up what they count; gone when the stack is."""
    folder = above / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    return folder


def streams_command(port: int) -> list[str | Path]:
    """The ASGI application in granian: listeners to changes of flags, who hold no web worker."""
    where = ("--host", HOST, "--port", str(port), "--workers", "1")
    return python(
        "-m", "granian", "--interface", "asgi", *where, "--log-level", "warning", "cybercube_portal.asgi:application"
    )


def answers(port: int) -> bool:
    """Whether a web server on this machine's port answers a request, whatever the status."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/health/live")
        connection.getresponse()
    except OSError:
        return False
    finally:
        connection.close()
    return True


@contextlib.contextmanager
def _only_one(data: Path) -> Iterator[None]:
    """Hold the data folder: two stacks on one database folder would destroy it."""
    with (data / "up.lock").open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            running = variables.addresses(os.environ).get(variables.BASE_URL.name, "another process")
            raise Failure(
                f"The portal already runs on {data}: {running}.\nStop that one, or set CYBERCUBE_DATA_DIR to another folder."
            ) from error
        yield


@contextlib.contextmanager
def _addresses(data: Path) -> Iterator[Path]:
    """The file that tells `manage.py` where the running stack is; gone when the stack is."""
    path = data / variables.ADDRESSES
    path.touch(mode=0o600)
    path.write_text("{}", encoding="utf-8")
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=forms.BASE_DIR, check=False, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def _static_digest(data: Path) -> str:
    """What collectstatic would collect: our own static files by name, size and time; packages' by the lock's stamp."""
    digest = hashlib.sha256()
    for stamp in (forms.BASE_DIR / ".venv/stamp", data / "assets.stamp"):
        digest.update(stamp.read_bytes() if stamp.exists() else b"")
    for folder in sorted(forms.BASE_DIR.glob("cybercube_portal/**/static")) + sorted(forms.BASE_DIR.glob("*/static")):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                status = path.stat()
                digest.update(f"{path}:{status.st_size}:{status.st_mtime_ns}\n".encode())
    if not (data / "static" / "staticfiles.json").exists():
        digest.update(b"nothing collected yet")
    return digest.hexdigest()


def _tell(*, base_url: str, port: int, demo: str, key: str) -> None:
    print(f"\nThe portal runs at {base_url} (Ctrl-C stops it)\n")
    if demo:
        print(f"Log in as {CAST}.\nThe password of each is {demo.strip()}")
    if key:
        body = json.dumps({"service": "billing-service", "version": "v2.3.1", "environment": "prd", "dry_run": True})
        print(f"\nAsk the gate:\n  curl -s http://{HOST}:{port}/api/v1/gate/decisions/ \\")
        print(f"    -H 'Authorization: Bearer {key}' \\\n    -H 'Content-Type: application/json' \\\n    -d '{body}'")
    print(flush=True)
