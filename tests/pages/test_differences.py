"""How two texts differ: lines taken and added, the words that changed, what stayed folded; bounded for any texts."""

from __future__ import annotations

import random

import pytest

from cybercube_portal.web.differences import MOST_LINES, Kind, Line, lines_between

SIGNS = {Kind.KEPT: " ", Kind.TAKEN: "-", Kind.ADDED: "+"}
PLAN = [f"Step {number}" for number in range(1, 21)]


def _drawn(line: Line) -> str:
    if line.kind is Kind.FOLDED:
        return f"~{line.count}"
    return SIGNS[line.kind] + "".join(f"[{part.text}]" if part.changed else part.text for part in line.parts)


def _plan(**changed: str) -> str:
    return "\n".join(changed.get(f"step_{number}", step) for number, step in enumerate(PLAN, start=1))


@pytest.mark.parametrize(
    ("before", "after", "drawn"),
    [
        ("v1.2.3", "v1.2.4", []),
        ("", "Short", []),
        ("Same\nsame", "Same\r\nsame\n", []),
        ("", "Stop\nStart", ["+Stop", "+Start"]),
        ("Stop\nStart", "", ["-Stop", "-Start"]),
        ("Stop\nStart", "Stop\nWait\nStart", [" Stop", "+Wait", " Start"]),
        ("Watch for ten minutes\nEnd", "Watch for five minutes\nEnd", ["-Watch for [ten] minutes", "+Watch for [five] minutes", " End"]),
        ("Go back to v1\nEnd", "Tell #payments\nEnd", ["-Go back to v1", "+Tell #payments", " End"]),
        (
            "The column is nullable, and the backfill comes later, in a job of its own.",
            "The column is nullable, and the backfill comes in February, in a job of its own.",
            [
                "-The column is nullable, and the backfill comes [later], in a job of its own.",
                "+The column is nullable, and the backfill comes [in February], in a job of its own.",
            ],
        ),
        (_plan(), _plan(step_10="Step ten"), ["~7", " Step 8", " Step 9", "-Step [10]", "+Step [ten]", " Step 11", " Step 12", "~8"]),
        (_plan(), _plan(step_1="First", step_20="Last"), ["-Step 1", "+First", " Step 2", " Step 3", "~14", " Step 18", " Step 19", "-Step 20", "+Last"]),
        (_plan(), _plan(step_4="Fourth"), [" Step 1", " Step 2", " Step 3", "-Step 4", "+Fourth", " Step 5", " Step 6", "~14"]),
    ],
)  # fmt: skip
def test_lines_between__two_texts__what_changed(before: str, after: str, drawn: list[str]) -> None:
    assert [_drawn(line) for line in lines_between(before, after)] == drawn


@pytest.mark.parametrize("letters", ["ab", "abc ", ".,-! ", "a\n", "ab \n", "\n"])
def test_lines_between__any_texts__nothing_is_lost(letters: str) -> None:
    dice = random.Random(letters)  # noqa: S311 - texts, no secrets
    for length in (0, 1, 70, 400):
        before, after = ("".join(dice.choices(letters, k=length)) for _ in range(2))
        lines = lines_between(before, after)

        for kind, text in ((Kind.TAKEN, before), (Kind.ADDED, after)):
            of_one = [
                "".join(part.text for part in line.parts)
                for line in lines
                if line.kind not in {Kind.TAKEN, Kind.ADDED} - {kind}
            ]
            assert not lines or "\n".join(of_one).split("\n") == (text.splitlines() or [""])  # fmt: skip


def test_lines_between__long_texts_that_differ_much__the_whole_ones_are_shown() -> None:
    before, after = ("\n".join(f"{word} {number}" for number in range(MOST_LINES + 1)) for word in ("a", "b"))

    assert lines_between(before, after) == ()
    assert lines_between(before, f"{before}\nb")[-1].kind is Kind.ADDED
