"""Which rule applies where, and the rulings the gate carries, each by name."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from changes.policy.scope import Action
from cybercube_portal.decisions import Reason
from releases.policy.gate import APPLIES, RULES, Column, Mode, decide
from releases.policy.gate.facts import Question
from releases.policy.gate.summary import LONGEST, summary_of
from releases.policy.gate.table import MIGRATION, mode_of
from releases.states import GateOutcome
from tests.standard import gate_record_words, gate_words
from tests.standard.gate_case import NOW, moment, read

WORDS = (gate_words, gate_record_words)  # imported for the phrases they define
LIFETIME = timedelta(minutes=15)


def codes(column: str, text: str) -> dict[str, Reason]:
    return {reason.code: reason for reason in decide(read(column, text), lifetime=LIFETIME).reasons}


def test_table__as_committed__is_the_one_of_the_design() -> None:
    with Path(__file__).with_name("gate_table.csv").open(encoding="utf-8", newline="") as file:
        header, *printed = list(csv.reader(file))

    assert header[1:] == [column.value for column in Column]
    assert [[row.asks, *(mode.value for mode in modes)] for row, modes in APPLIES.items()] == printed


def test_rules__stand_in_the_order_of_the_table() -> None:
    assert [rule.row for rule in RULES] == [*APPLIES, MIGRATION]


def test_rules__every_row_and_column__is_told_even_when_it_is_not_asked() -> None:
    for column in Column:
        told = codes(column.value, "")
        for rule in RULES:
            if mode_of(rule.row, column, Action.DEPLOY) is Mode.NOT_ASKED:
                assert told[rule.row.code].outcome.value == "skipped"
                assert rule.row.unless in told[rule.row.code].message


def test_r7__a_rollback_in_a_freeze__is_waived_from_everything_but_identity_digest_and_target() -> None:
    asked = [rule.row for rule in RULES if mode_of(rule.row, Column.ROLLBACK, Action.ROLLBACK) is not Mode.NOT_ASKED]
    assert [row.asks.split()[0] for row in asked] == ["caller", "artifact", "promoted:", "no"]
    assert decide(read("rollback", "holiday freeze 14:00 to 15:00"), lifetime=LIFETIME).outcome is GateOutcome.ALLOW


def test_r2__the_same_tag_with_another_digest__is_not_what_was_approved() -> None:
    assert codes("prd normal", "the change names another digest")["change.artifact_not_covered"].outcome.value == "fail"


def test_r14__an_artifact_that_nobody_signed__is_shown_and_blocks_only_by_setting() -> None:
    assert codes("prd normal", "not signed by its builder")["artifact.signature"].outcome.value == "skipped"
    required = "not signed by its builder; builders' signatures are required"
    assert codes("prd normal", required)["artifact.unsigned"].outcome.value == "fail"


def test_r12__a_pre_release_or_latest__never_reaches_production() -> None:
    assert codes("prd normal", "version v2.4.0-rc.1")["version.prerelease_in_production"].section == "§3.2"
    assert codes("stg", "version latest; not registered")["version.latest_outside_dev"].section == "§3.3"


def test_r15__a_major_or_minor_version__needs_a_release_and_a_patch_none() -> None:
    assert codes("prd normal", "production runs v2.2.7")["release.missing"].outcome.value == "fail"
    assert codes("prd normal", "production runs v2.3.0")["release.approved"].outcome.value == "pass"
    review = codes("prd normal", "production runs v2.3.0; with a release in review")
    assert review["release.not_approved"].outcome.value == "fail"


def test_r17__a_build_of_main__ends_in_staging_and_an_alias_is_its_version() -> None:
    assert codes("prd normal", "version sha-1a2b3c4d")["version.sha_in_production"].section == "§3.4"
    assert decide(read("prd normal", "version v2.3.1-sha-a1b2c3d"), lifetime=LIFETIME).outcome is GateOutcome.ALLOW


def test_r19__main_release_hotfix_and_tags__leave_dev_and_nothing_else_does() -> None:
    for ref in ("main", "release/v2.3", "hotfix/CC-1-x", "refs/tags/v2.3.1"):
        assert codes("stg", f"built from {ref}")["ref.allowed"].outcome.value == "pass"
    assert codes("stg", "built from feature/CC-1-x")["ref.not_allowed"].section == "§2.2"


def test_r8__a_day__lies_between_the_last_material_submission_and_the_start() -> None:
    assert codes("prd normal", "submitted 24h ago")["schedule.lead_time"].outcome.value == "pass"
    assert codes("prd normal", "submitted 23h59m59s ago")["schedule.lead_time"].outcome.value == "pending"


def test_r6__a_freeze__is_a_predicate_over_the_change() -> None:
    high = "custom {'risks': {'at_least': 'high'}} freeze 14:00 to 15:00"
    assert codes("prd normal", high)["freeze.none"].outcome.value == "pass"
    assert codes("prd normal", f"risk high; {high}")["freeze.covers_window"].outcome.value == "fail"


def test_r5__an_overdue_record__suspends_standard_changes_and_names_it() -> None:
    reason = codes("prd standard", "a record of the team is overdue")["emergency.team_suspended"]
    assert reason.details["changes"] == ["CR-2026-0110-004"]


def test_promotion__of_a_digest_that_is_not_healthy_in_staging__says_what_became_of_it() -> None:
    told = codes("prd normal", "in staging it is rolled_back; e2e never reported")
    assert told["promotion.staging"].message == "Its deployment to staging is rolled_back."
    assert told["promotion.e2e"].who == ("CI pipeline",)


def test_missing_signature__names_who_can_give_it() -> None:
    reason = codes("prd normal", "nobody signed; risk high; signed by bob as tech_lead")["approval.seat_open"]
    assert reason.who == ("Product",)


def test_allow__lives_for_its_lifetime_and_never_beyond_what_it_rests_on() -> None:
    def until(column: str, text: str) -> object:
        answer = decide(read(column, text), lifetime=LIFETIME)
        assert answer.outcome is GateOutcome.ALLOW
        return answer.valid_until

    assert until("prd normal", "") == NOW + LIFETIME
    assert until("prd normal", "booked from 12:45 for 30m") == moment("14:15")
    assert until("prd normal", "holiday freeze 14:20 to 15:00") == moment("14:20")
    assert until("prd normal", "window 14:00 to 14:12") == moment("14:12")
    assert until("prd emergency", "booked from 12:45 for 30m; holiday freeze 14:20 to 15:00") == NOW + LIFETIME
    assert until("rollback", "holiday freeze 14:20 to 15:00") == NOW + LIFETIME
    assert until("dev", "holiday freeze 14:20 to 15:00") == moment("14:20")


def test_wait__valid_until__is_when_the_clock_alone_changes_it() -> None:
    assert decide(read("prd normal", "booked from 14:12 for 30m"), lifetime=LIFETIME).valid_until == moment("14:12")
    assert decide(read("prd normal", "scan failed"), lifetime=LIFETIME).valid_until == NOW + LIFETIME


def test_conflicts__another_change_in_the_slot__is_listed_and_blocks_nothing() -> None:
    told = codes("prd normal", "CR-2026-0117-009 is booked for ledger from 14:30 for 30m; the service needs ledger")
    assert told["conflict.overlaps"].details["change"] == "CR-2026-0117-009"
    assert told["conflict.overlaps"].outcome.value == "skipped"


MARKDOWN = st.text(alphabet=st.sampled_from("ab *_`[]()<>#|~\n@!\\é"), max_size=400)


@given(service=MARKDOWN, change=MARKDOWN)
def test_summary__any_words__fit_and_never_become_markup(service: str, change: str) -> None:
    answer = decide(read("prd normal", "scan failed; build failed; nobody signed; no rollback plan"), lifetime=LIFETIME)
    question = Question(service=service[:64], version="v2.3.1", environment="prd")

    text = summary_of(answer, question, change=change[:24])

    assert len(text) <= LONGEST
    assert text.startswith("**Denied**: ")
    headline = text.splitlines()[0].removeprefix("**Denied**: ")
    assert not any(mark in headline.replace(f"\\{mark}", "").replace("\\\\", "") for mark in "*`[<#|@!")


def test_summary__more_reasons_than_fit__are_counted() -> None:
    everything = (
        "asked by ci-search; another digest is given; built from develop; build failed; test never reported; scan counts high 1;"
        "nobody signed; submitted 1h ago; window 20:00 to 21:00; holiday freeze 14:00 to 15:00; no rollback plan"
    )
    facts = read("prd normal", everything)
    answer = decide(facts, lifetime=LIFETIME)
    text = summary_of(answer, facts.question, change="CR-2026-0117-001")
    shown = sum(line.startswith(("- fails", "- pending")) for line in text.splitlines())
    assert text.splitlines()[-1] == f"- and {len(answer.blockers) - shown} more"
