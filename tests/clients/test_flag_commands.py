"""`cybercube flags scan|lint|kill` against the portal itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.handlers.wsgi import WSGIHandler

from cybercube_portal import clock
from flags.models import CodeReference, Flag
from flags.selectors.flags import get_served
from tests.clients.contract import Command
from tests.factories import changes as story
from tests.factories.flags import flag, served
from tests.factories.people import Cast
from tests.flags.servers import wsgi_server

KEY = "release_new_dashboard"


@pytest.fixture
def job(transactional_db: None, cast: Cast, key_of: Callable[..., str]) -> Iterator[dict[str, str]]:
    """The variables of a job that talks to the portal, in which one flag is on in production."""
    story.service()
    flag(KEY, now=clock.now())
    served(KEY, "prd", now=clock.now(), enabled=True, rollout_percentage=5)
    with wsgi_server(WSGIHandler()) as address:
        yield {"CYBERCUBE_PORTAL_URL": address, "CYBERCUBE_API_KEY": key_of("ci-payments", scopes=["flags"])}


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    (folder / "node_modules").mkdir(parents=True)
    (folder / "app.py").write_text(f'if on("{KEY}"):\n    pass\nrelease_new_dashboard = 1\n')
    (folder / "app.ts").write_text("flags.isEnabled('release_gone')\n")
    (folder / "node_modules" / "x.js").write_text(f'"{KEY}"')
    (folder / "logo.png").write_bytes(b"\x89PNG\xff")
    return folder


def test_scan__of_a_folder__keeps_what_it_names_and_says_what_nobody_defined(
    cybercube: Command, job: dict[str, str], code: Path
) -> None:
    ran = cybercube("flags", "scan", str(code), "--repository", "billing", "--revision", "a1b2c3d", **job)
    assert (ran.code, "nobody defined release_gone" in ran.out) == (0, True), ran.said
    rows = CodeReference.objects.values_list("key", "path", "line")
    assert sorted(rows) == [("release_gone", "app.ts", 1), (KEY, "app.py", 1)]


def test_lint__of_a_folder__fails_on_unknown_and_expired_flags(
    cybercube: Command, job: dict[str, str], code: Path
) -> None:
    ran = cybercube("flags", "lint", str(code), **job)
    assert (ran.code, ran.out) == (1, "app.ts:1: release_gone is not defined (§7.6)\n"), ran.said
    (code / "app.ts").unlink()
    assert cybercube("flags", "lint", str(code), **job).code == 0
    Flag.objects.update(expires_at=clock.now() - timedelta(days=1))
    assert "due for cleanup" in cybercube("flags", "lint", str(code), **job).out


def test_kill__from_a_terminal__is_at_once(cybercube: Command, job: dict[str, str]) -> None:
    ran = cybercube("flags", "kill", KEY, "prd", "--reason", "Errors", **job)
    assert ran.code == 0, ran.said
    assert get_served(KEY, "prd").killed_because == "Errors"
    assert cybercube("flags", "kill", "release_nobody", "prd", "--reason", "Errors", **job).code == 2
    assert cybercube("flags", "kill", "dashboard", "prd", "--reason", "Errors", **job).code == 2
