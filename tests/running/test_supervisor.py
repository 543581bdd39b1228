from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cybercube_portal.devstack import ports
from cybercube_portal.devstack.processes import Failure, Supervisor
from cybercube_portal.devstack.services import check_reachable
from cybercube_portal.settings import forms

PYTHON = sys.executable


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(logs=tmp_path / "logs")
    yield supervisor
    supervisor.stop()


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Lifeline:
    """A pipe that a program under test holds open: its words arrive here, and its end is the end of file."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self.reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    @property
    def hold(self) -> str:
        """Python lines that take hold of the pipe and say so."""
        return f"life = open({str(self.path)!r}, 'w')\nprint('ready', file=life, flush=True)\n"

    def read(self) -> str:
        """The next words; empty when every holder has ended. Fails when neither comes."""
        assert select.select([self.reader], [], [], 20)[0], "neither a word nor an end within 20 s"
        return os.read(self.reader, 1000).decode("ascii").strip()

    def is_held(self) -> bool:
        return not select.select([self.reader], [], [], 0)[0]


@pytest.fixture
def lifeline(tmp_path: Path) -> Iterator[Lifeline]:
    lifeline = Lifeline(tmp_path / "lifeline")
    yield lifeline
    os.close(lifeline.reader)


def test_free_port__taken__is_said_and_the_next_one_used(taken_port: int, capsys: pytest.CaptureFixture[str]) -> None:
    port = ports.free_port(taken_port)
    assert port > taken_port
    assert f"Port {taken_port} is taken; using {port}." in capsys.readouterr().out


def test_free_port__free__is_used_silently(capsys: pytest.CaptureFixture[str]) -> None:
    wanted = closed_port()
    assert ports.free_port(wanted) == wanted
    assert capsys.readouterr().out == ""


def test_free_port__given_to_a_stack_that_does_not_listen_yet__is_given_to_no_other(lifeline: Lifeline) -> None:
    wanted = closed_port()
    ask = f"from cybercube_portal.devstack.ports import free_port\nprint(free_port({wanted}, quietly=True))\n"
    first = subprocess.Popen([PYTHON, "-c", f"{ask}{lifeline.hold}import signal\nsignal.pause()"])
    assert lifeline.read() == "ready"
    second = subprocess.run([PYTHON, "-c", ask], check=True, capture_output=True, text=True)
    first.kill()
    first.wait()
    assert wanted < int(second.stdout) < wanted + 10
    assert ports.free_port(wanted, quietly=True) == wanted, "the port of a stack that was killed is free again"


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("CYBERCUBE_DATABASE_URL", "postgresql://portal:hunter2@127.0.0.1:{port}/portal"),
        ("CYBERCUBE_DATABASE_URL", "postgresql://portal:hunter2@/portal?host=/nonexistent"),
        ("CYBERCUBE_REDIS_URL", "redis://:hunter2@127.0.0.1:{port}/0"),
        ("CYBERCUBE_REDIS_URL", "unix:///nonexistent/valkey"),
    ],
)
def test_check_reachable__nothing_there__fails_naming_variable_and_place_but_no_password(name: str, url: str) -> None:
    with pytest.raises(Failure, match=f"{name} is set, but nothing answers at") as failure:
        check_reachable(name, url.format(port=closed_port()))
    assert "hunter2" not in str(failure.value)


def test_check_reachable__something_listens__is_content(taken_port: int) -> None:
    check_reachable("CYBERCUBE_REDIS_URL", f"redis://127.0.0.1:{taken_port}/0")


@pytest.mark.parametrize("verb", ["up", "test"])
def test_portal__url_set_but_unreachable__fails_plainly_and_starts_nothing(verb: str, tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    env = {
        **os.environ,
        "TMPDIR": str(tmp_path / "tmp"),
        "CYBERCUBE_DATA_DIR": str(tmp_path / "data"),
        "CYBERCUBE_DATABASE_URL": f"postgresql://portal@127.0.0.1:{closed_port()}/portal",
    }
    done = subprocess.run(
        [PYTHON, "-m", "cybercube_portal.devstack", verb],
        cwd=forms.BASE_DIR,
        env=env,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert "CYBERCUBE_DATABASE_URL is set, but nothing answers" in done.stderr
    assert "Traceback" not in done.stderr
    left = {path.name for path in tmp_path.rglob("*")}
    assert left <= {"tmp", "data", "logs", "up.lock"}


def test_stop__child_with_a_child_that_ignores_signals__leaves_no_process(
    supervisor: Supervisor, lifeline: Lifeline
) -> None:
    script = (
        "import os, signal, time\n"
        "if os.fork() == 0:\n"
        "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "    signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "    " + lifeline.hold.replace("\n", "\n    ") + "\n"
        "time.sleep(600)\n"
    )
    child = supervisor.start("family", [PYTHON, "-c", script])
    assert lifeline.read() == "ready"
    assert lifeline.is_held()
    supervisor.stop()
    assert child.process.returncode == -signal.SIGTERM
    assert lifeline.read() == ""


def test_stop__several_children__ends_the_last_started_first(supervisor: Supervisor, lifeline: Lifeline) -> None:
    for name in ("first", "second"):
        script = (
            "import os, signal, time\n"
            + lifeline.hold
            # Not by print: the signal may come while another print holds the file.
            + f"signal.signal(signal.SIGTERM, lambda *_: (os.write(life.fileno(), b'{name}\\n'), os._exit(0)))\n"
            + "print('armed', file=life, flush=True)\n"
            + "time.sleep(600)\n"
        )
        supervisor.start(name, [PYTHON, "-c", script])
        heard = ""
        while "armed" not in heard:
            heard += lifeline.read()
    supervisor.stop()
    assert lifeline.read().split() == ["second", "first"]


def test_stay__one_child_dies__shows_the_end_of_its_log(supervisor: Supervisor) -> None:
    supervisor.start("steady", [PYTHON, "-c", "import time; time.sleep(600)"])
    supervisor.start("broken", [PYTHON, "-c", "print('the reason it died'); raise SystemExit(3)"])
    with pytest.raises(Failure, match="broken stopped with exit code 3:\n    the reason it died"):
        supervisor.stay()


def test_run__program_fails__raises_with_its_output(supervisor: Supervisor) -> None:
    with pytest.raises(Failure, match=r"step failed with exit code 1:\n.*no such luck"):
        supervisor.run("step", [PYTHON, "-c", "raise SystemExit('no such luck')"])


def test_start__supervisor_is_killed__its_children_end(lifeline: Lifeline, tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from cybercube_portal.devstack.processes import Supervisor\n"
        f"child = {'import time' + chr(10) + lifeline.hold + 'time.sleep(600)'!r}\n"
        f"Supervisor(logs=Path({str(tmp_path)!r})).start('child', [sys.executable, '-c', child])\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([PYTHON, "-c", script], cwd=forms.BASE_DIR) as parent:
        assert lifeline.read() == "ready"
        assert lifeline.is_held()
        parent.kill()
    assert lifeline.read() == ""
