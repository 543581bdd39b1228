"""The gate's truth table: gate_truth.csv is what domain.md section 4 and the rulings say, row by row; nothing else decides.

`blocking` holds the codes of every reason that fails or is pending, `section` where the first of them stands (or, for an
allow, where the rule stands that lets it pass or does not apply), `next` the first moment that time allows, `reported`
what an emergency or a rollback is shown without being stopped. Why a thing waits or fails:

- A signature is waited for once it was asked for: in review, and after a signature of an approved change stopped counting.
  A draft asked nobody; a change that is implementing can no longer be signed.
- The clock brings a slot, a window and the end of a lead time, so these wait; a slot that is over and a slot in which no
  moment is left need somebody to reschedule, so these fail. A freeze denies, and says when it ends.
- A stage that was never reported fails: section 4.1 of the standard runs build, test and scan before a deployment, so when
  a pipeline asks they are over and nothing is under way that would bring the report.
- A deployment to staging that is under way, and another deployment of the service, end by themselves: these wait.
"""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cybercube_portal.decisions import Outcome
from releases.policy.gate import column_of, decide
from tests.standard import gate_record_words, gate_words
from tests.standard.gate_case import PHRASES, moment, read

LIFETIME = timedelta(minutes=15)
WORDS = (gate_words, gate_record_words)  # imported for the phrases they define


def rows() -> list[Any]:
    with Path(__file__).with_name("gate_truth.csv").open(encoding="utf-8", newline="") as file:
        return [pytest.param(row, id=f"{row['column']}: {row['case']}") for row in csv.DictReader(file)]


ROWS = rows()


@pytest.mark.parametrize("row", ROWS)
def test_gate__row_of_the_truth_table__answers_as_written(row: dict[str, str]) -> None:
    facts = read(row["column"], row["facts"])
    answer = decide(facts, lifetime=LIFETIME)

    assert column_of(facts).value == row["column"]
    assert {reason.code for reason in answer.blockers} == set(row["blocking"].split())
    assert answer.outcome.value == row["outcome"]
    shown = answer.blockers[:1] or [one for one in answer.reasons if one.section == row["section"]][:1]
    by_code = [reason for reason in answer.reasons if reason.code == next(iter(row["blocking"].split()), "")]
    assert row["section"] in {reason.section for reason in by_code or shown}
    assert answer.next_allowed_at == (moment(row["next"]) if row["next"] else None)
    reported = {one.code for one in answer.reasons if one.details.get("reported") and "would" in one.details}
    assert reported == set(row["reported"].split())

    blocked = any(one.outcome in {Outcome.FAIL, Outcome.PENDING} for one in answer.reasons)
    assert (answer.outcome.value == "allow") is not blocked
    assert all(one.section.startswith("§") and one.message for one in answer.reasons)
    assert all(one.remedy for one in answer.blockers)


def test_truth_table__is_large_enough_and_says_nothing_twice() -> None:
    keys = [(row.values[0]["column"], row.values[0]["facts"]) for row in ROWS]
    assert len(keys) >= 400
    assert len(set(keys)) == len(keys)


def test_truth_table__uses_every_phrase_it_defines() -> None:
    used = {text.strip() for row in ROWS for text in row.values[0]["facts"].split(";")}
    unused = [pattern.pattern for pattern in PHRASES if not any(pattern.fullmatch(text) for text in used)]
    assert unused == []
