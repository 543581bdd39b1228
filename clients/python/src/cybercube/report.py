"""What a person reads in the log, and what later steps of the pipeline read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from cybercube.decision import Decision, Reason

MARKS = {"pass": "✓", "fail": "✗", "pending": "…", "skipped": "-"}


def one_line(text: str) -> str:
    """`text` without line breaks, terminal codes or anything a CI platform takes for a command in its log."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split()).replace("##[", "## [")


def rows(decision: Decision, *, asked: str) -> Iterator[str]:
    """The lines that tell `decision` on what was `asked`: a head, one row for each reason, and when it may pass."""
    details = [f"decision {decision.id}" if decision.id else "dry run"]
    if decision.change:
        details.append(decision.change)
    if decision.valid_until and decision.token:
        details.append(f"valid until {decision.valid_until}")
    yield one_line(f"{decision.outcome.value.upper()} {asked} ({', '.join(details)})")
    width = max((len(one_line(reason.code)) for reason in decision.reasons), default=0)
    for reason in decision.reasons:
        yield from _reason_rows(reason, width=width)
    if decision.next_allowed_at:
        yield one_line(f"next allowed at {decision.next_allowed_at}")


def as_json(body: Mapping[str, object]) -> str:
    """`body` in JSON that no CI platform takes for a command in its log."""
    return json.dumps(body, indent=2).replace("##[", "##\\u005b")


def leave_for_later_steps(decision: Decision, environ: Mapping[str, str], *, env_file: str | None) -> None:
    """Hand `decision` on: to GitHub Actions when that is where we are, and to `env_file` when one is named.

    GitHub gets `summary` as the step's summary and the outputs `decision`, `id`, `token`; the file gets
    CYBERCUBE_DECISION, CYBERCUBE_DECISION_ID and CYBERCUBE_DECISION_TOKEN. Raises OSError when one cannot be written.
    """
    outputs = {"decision": decision.outcome.value, "id": decision.id, "token": decision.token}
    if environ.get("GITHUB_STEP_SUMMARY") and decision.summary:
        with Path(environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as file:
            file.write(decision.summary.rstrip("\n") + "\n")
    if environ.get("GITHUB_OUTPUT"):
        with Path(environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
            file.writelines(f"{name}={value}\n" for name, value in outputs.items())
    if env_file:
        names = {"decision": "CYBERCUBE_DECISION", "id": "CYBERCUBE_DECISION_ID", "token": "CYBERCUBE_DECISION_TOKEN"}
        lines = [f"{names[name]}={value}\n" for name, value in outputs.items()]
        Path(env_file).write_text("".join(lines), encoding="utf-8")


def _reason_rows(reason: Reason, *, width: int) -> Iterator[str]:
    mark = MARKS.get(reason.outcome, "?")
    yield f"  {mark} {one_line(reason.code):<{width}}  {one_line(reason.section)}  {one_line(reason.message)}"
    if reason.outcome == "pass":
        return
    if reason.remedy:
        yield f"      remedy: {one_line(reason.remedy)}"
    if reason.who:
        yield f"      who: {one_line(', '.join(reason.who))}"
