"""The export against a stranger's verifier: whatever is done to the file is found, and the first bad row is named."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from cybercube_portal import clock
from cybercube_portal.audit import keys
from cybercube_portal.audit.actions.sealing import seal_all, write_checkpoint
from cybercube_portal.audit.canonical import canonical
from cybercube_portal.audit.chain import link
from cybercube_portal.audit.models import Event
from cybercube_portal.audit.selectors.export import export_lines
from tests.audit.conftest import VERIFIER, Happen

Lines = list[bytes]
TIMES = 100


@pytest.fixture
def export(happen: Happen) -> Lines:
    """Sixty events, checkpoints after 20 and 40."""
    for number in range(60):
        happen(object_id=f"door-{number}", number=number, ratio=number / 7, words="Tür, 門")
        if number in {19, 39}:
            seal_all(now=clock.now)
            write_checkpoint(now=clock.now())
    seal_all(now=clock.now)
    return list(export_lines(now=clock.now() + timedelta(seconds=1)))


def first_bad(verifier: ModuleType, lines: Lines, **given: Any) -> tuple[int, int] | None:
    """(line, sequence) of the first row that does not fit; None when everything does."""
    try:
        verifier.Verifier(**given).read(lines)
    except verifier.Broken as broken:
        return broken.line, broken.sequence
    return None


def events(lines: Lines) -> dict[int, int]:
    """Sequence -> index of its line."""
    parsed = {index: json.loads(line) for index, line in enumerate(lines)}
    return {value["sequence"]: index for index, value in parsed.items() if value["type"] == "event"}


def edited(line: bytes, **changes: Any) -> bytes:
    return canonical({**json.loads(line), **changes}) + b"\n"


def test_verify__untouched_export__holds(verifier: ModuleType, export: Lines) -> None:
    assert first_bad(verifier, export) is None
    assert first_bad(verifier, export, keys=verifier.read_keys(keys.jwks())) is None


Attack = Callable[[Lines, random.Random], tuple[Lines, set[int]]]


def modify(lines: Lines, dice: random.Random) -> tuple[Lines, set[int]]:
    sequence = dice.choice(list(events(lines)))
    index = events(lines)[sequence]
    change: dict[str, Any] = dice.choice(
        [
            {"verb": "door.closed"},
            {"object_id": f"other-{dice.random()}"},
            {"actor": {"kind": "person", "id": "mallory", "key": None, "on_behalf_of": None}},
            {"data": {"number": dice.random()}},
            {"after": {}},
            {"extra": None},
            {"hash": dice.randbytes(32).hex()},
        ]
    )
    lines[index] = edited(lines[index], **change)
    return lines, {sequence}


def delete(lines: Lines, dice: random.Random) -> tuple[Lines, set[int]]:
    sequence = dice.choice(list(events(lines)))
    del lines[events(lines)[sequence]]
    return lines, {sequence}


def insert(lines: Lines, dice: random.Random) -> tuple[Lines, set[int]]:
    """A row made well enough to follow the one before it: then it is the next that no longer fits."""
    sequence = dice.choice(list(events(lines)))
    index = events(lines)[sequence]
    copied = json.loads(lines[index])
    if dice.random() < 0.5:
        lines.insert(index, lines[index])
        return lines, {sequence + 1}
    forged = {**copied, "verb": "door.forged"}
    forged["hash"] = link(forged["previous_hash"], forged)
    lines.insert(index, canonical(forged) + b"\n")
    return lines, {sequence + 1}


def swap(lines: Lines, dice: random.Random) -> tuple[Lines, set[int]]:
    one, two = sorted(dice.sample(list(events(lines)), 2))
    first, second = events(lines)[one], events(lines)[two]
    lines[first], lines[second] = lines[second], lines[first]
    return lines, {one}


def truncate(lines: Lines, dice: random.Random) -> tuple[Lines, set[int]]:
    """Cut the tail off, at times leaving the true end or an earlier checkpoint as the last line."""
    sequence = dice.choice(list(events(lines)))
    index = events(lines)[sequence]
    cut = lines[:index]
    return cut + (lines[-1:] if dice.random() < 0.5 else []), {sequence}


def retime(lines: Lines, dice: random.Random) -> tuple[Lines, set[int]]:
    sequence = dice.choice(list(events(lines)))
    index = events(lines)[sequence]
    name = dice.choice(["occurred_at", "recorded_at", "sealed_at"])
    moment = f"20{dice.randrange(10, 26)}-01-17T14:05:00.{dice.randrange(10**6):06}Z"
    lines[index] = edited(lines[index], **{name: moment})
    return lines, {sequence}


@pytest.mark.parametrize("attack", [modify, delete, insert, swap, truncate, retime])
def test_verify__hundred_attacks__all_found_and_first_bad_row_named(
    verifier: ModuleType, export: Lines, attack: Attack
) -> None:
    for seed in range(TIMES):
        lines, bad_rows = attack(list(export), random.Random(seed))  # noqa: S311 - the seed names the case
        found = first_bad(verifier, lines)
        assert found is not None, f"seed {seed}: not found"
        assert found[1] in bad_rows, f"seed {seed}: {found} named, {bad_rows} was bad"


def test_verify__any_byte_changed__found(verifier: ModuleType, export: Lines) -> None:
    whole = b"".join(export)
    for seed in range(TIMES):
        dice = random.Random(seed)  # noqa: S311 - the seed names the case
        position = dice.randrange(len(whole))
        changed = whole[:position] + bytes([whole[position] ^ dice.randrange(1, 256)]) + whole[position + 1 :]
        assert first_bad(verifier, changed.splitlines(keepends=True)), f"seed {seed}: byte {position}"


def test_verify__line_that_is_no_event_removed_or_moved__found(verifier: ModuleType, export: Lines) -> None:
    others = [index for index in range(len(export)) if index not in events(export).values()]
    assert len(others) == 4
    for index in others:
        assert first_bad(verifier, export[:index] + export[index + 1 :])
        rest = export[:index] + export[index + 1 :]
        assert first_bad(verifier, [*rest[:10], export[index], *rest[10:]])
    assert first_bad(verifier, [*export, export[-1]])
    assert first_bad(verifier, [])


def rewritten(lines: Lines, *, since: int) -> Lines:
    """All rows from `since` on with new content and hashes that fit each other."""
    result, head = [], ""
    for line in lines:
        value = json.loads(line)
        if value["type"] == "event":
            if value["sequence"] >= since:
                value = {**value, "verb": "door.closed", "previous_hash": head or value["previous_hash"]}
                value["hash"] = link(value["previous_hash"], value)
            head = value["hash"]
        result.append(canonical(value) + b"\n")
    return result


def test_verify__every_later_row_written_anew__signed_checkpoint_finds_it(verifier: ModuleType, export: Lines) -> None:
    found = first_bad(verifier, rewritten(export, since=25))
    assert found is not None
    assert found[1] == 40
    found = first_bad(verifier, rewritten(export, since=45))
    assert found is not None


def test_verify__written_anew_and_signed_by_another_key__portals_keys_find_it(
    verifier: ModuleType, export: Lines, settings: Settings, tmp_path: Path
) -> None:
    true_keys, kept = verifier.read_keys(keys.jwks()), {40: json.loads(export[events(export)[40]])["hash"]}
    settings.DATA_DIR = tmp_path
    forged = [line for line in rewritten(export, since=25) if json.loads(line)["type"] == "event"]
    header = canonical({"type": "header", "format": "cybercube-audit/1", "keys": keys.jwks()["keys"]}) + b"\n"
    body = [header, *forged]
    claims = {"first": 1, "size": 60, "head_hash": json.loads(forged[-1])["hash"], "at": "2026-01-17T14:05:00.000000Z"}
    digest = verifier.hashlib.sha256(b"".join(body)).hexdigest()
    signature = keys.sign_jws({**claims, "file": digest}, typ="audit-export+jws")
    end = {"type": "end", **claims, "key_id": keys.signing_key_id(), "signature": signature}
    lines = [*body, canonical(end) + b"\n"]

    assert first_bad(verifier, lines) is None, "its own keys are all it says"
    assert first_bad(verifier, lines, keys=true_keys) == (62, 61)
    assert first_bad(verifier, lines, kept=kept) == (41, 40)


def test_verify__part_of_the_chain__starts_at_a_signed_checkpoint(verifier: ModuleType, export: Lines) -> None:
    part = list(export_lines(now=clock.now(), first=31))
    assert list(events(part)) == list(range(21, 61))
    assert first_bad(verifier, part) is None
    del part[events(part)[21]]
    assert first_bad(verifier, part) == (3, 21)
    assert first_bad(verifier, [part[0], *part[2:]]) == (2, 1)


def test_verify__no_events_yet__holds(db: None, verifier: ModuleType) -> None:
    write_checkpoint(now=clock.now())
    assert first_bad(verifier, list(export_lines(now=clock.now() + timedelta(seconds=1)))) is None


def test_command__export_without_a_file__prints_it(
    sealed: list[Event], capsys: pytest.CaptureFixture[str], verifier: ModuleType
) -> None:
    call_command("audit_export", "--first", "5")
    assert first_bad(verifier, capsys.readouterr().out.encode().splitlines(keepends=True)) is None


def test_command__export_then_verify_as_a_stranger__exit_codes(sealed: list[Event], tmp_path: Path) -> None:
    file, jwks = tmp_path / "audit.jsonl", tmp_path / "jwks.json"
    jwks.write_text(json.dumps(keys.jwks()))
    call_command("audit_export", "--output", str(file))

    def verify(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, str(VERIFIER), *arguments], capture_output=True, text=True, check=False)

    holds = verify(str(file), "--jwks", str(jwks))
    assert (holds.returncode, holds.stdout.splitlines()[0]) == (0, "HOLDS: 20 events, 0 checkpoints, sequence 1 to 20")
    assert "compare its id" in verify(str(file)).stdout
    assert verify(str(tmp_path / "nothing")).returncode == 2
    with pytest.raises(CommandError, match="File exists"):
        call_command("audit_export", "--output", str(file))
    file.write_bytes(file.read_bytes().replace(b"door-4", b"door-5"))
    broken = verify(str(file))
    assert broken.returncode == 1
    assert broken.stdout.startswith("BROKEN at line 6, sequence 5: was changed")
