from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from cybercube_portal.people.models import ApiKey
from cybercube_portal.people.selectors import live_key


def issue(*arguments: str) -> str:
    out = StringIO()
    call_command("issue_key", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.usefixtures("cast")
def test_issue_key__no_options__prints_one_key_alone(now: datetime, clock_at: Callable[[datetime], datetime]) -> None:
    clock_at(now)
    text = issue("ci-payments")
    assert text.count("\n") == 1
    key = live_key(text.strip(), now=now)
    assert key is not None
    assert set(key.scopes) == {"gate", "artifacts", "deployments", "changes", "releases", "flags", "flags:evaluate"}
    assert key.expires_at is None


@pytest.mark.usefixtures("cast")
def test_issue_key__options__narrow_it(now: datetime, clock_at: Callable[[datetime], datetime]) -> None:
    clock_at(now)
    issue("alice", "--scope", "approvals", "--scope", "gate", "--service", "billing-service", "--expires", "90d")
    key = ApiKey.objects.get()
    assert set(key.scopes) == {"approvals", "gate"}
    assert key.services == ["billing-service"]
    assert key.expires_at == now + timedelta(days=90)
    issue("alice", "--environment", "prd", "--client", "--expires", "12h")
    key = ApiKey.objects.latest("id")
    assert (key.environment, key.client, key.scopes) == ("prd", True, ["flags:evaluate"])
    assert key.expires_at == now + timedelta(hours=12)


@pytest.mark.usefixtures("cast")
@pytest.mark.parametrize(
    "arguments",
    [
        ["nobody"],
        ["alice", "--scope", "everything"],
        ["alice", "--scope", "artifacts"],
        ["ci-payments", "--scope", "approvals"],
        ["alice", "--expires", "soon"],
        ["alice", "--expires", "0d"],
        ["alice", "--environment", "moon"],
        ["alice", "--environment", "prd", "--scope", "gate"],
    ],
)
def test_issue_key__wrong_option__says_so_and_writes_nothing(arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        issue(*arguments)
    assert not ApiKey.objects.exists()
