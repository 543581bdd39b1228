"""The lifecycle of §7.5 and the cleanup of §7.6, derived from facts and never typed by hand. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cybercube_portal.decisions import Decision, Reason, decide, failed, passed, pending
from flags.policy.exposure import ALL
from flags.policy.naming import TEMPORARY

TWO_WEEKS = timedelta(days=14)
QUIET = timedelta(days=7)
NOTICES = (14, 7, 1, 0)
SOON = timedelta(days=max(NOTICES))
ASKED = "Programs asked for it within the last 7 days."
UNTOLD = "Browsers fetch it with every other flag: only the code can say whether they use it, and nobody looked."
# Paths of what people read, for PostgreSQL and Python alike.
DOCUMENTATION = r"\.(md|mdx|rst|adoc|txt)$|(^|/)docs?/"


class Stage(StrEnum):
    """§7.5: create, deploy, enable, validate, full rollout, cleanup; and after it."""

    DEFINED = "defined"
    DEPLOYED = "deployed"
    ENABLING = "enabling"
    VALIDATING = "validating"
    FULL = "fully_rolled_out"
    CLEANUP_DUE = "cleanup_due"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeFacts:
    """What is known of a flag. `exposure` (at most), `certain` (at least, both 0 to 100) and `full_since` are production's; `last_asked_at` is anywhere's.

    `references` are lines of code, `documents` lines of documentation that name it; `scanned`: somebody looked into its service's code since it was defined.
    `in_browsers`: a browser may fetch it, with every other flag, so that no count says whether it uses it.
    """

    type: str
    exposure: float
    certain: float
    full_since: datetime | None
    references: int
    last_asked_at: datetime | None
    dependents: tuple[str, ...] = ()
    expires_at: datetime | None = None
    archived: bool = False
    documents: int = 0
    scanned: bool = False
    last_killed_at: datetime | None = None
    in_browsers: bool = False


def stage_of(facts: LifeFacts, *, now: datetime) -> Stage:
    """Where the flag stands."""
    if facts.archived:
        return Stage.REMOVED
    is_temporary = facts.type in TEMPORARY
    is_old = facts.full_since is not None and now - facts.full_since >= TWO_WEEKS
    if is_temporary and (is_old or (facts.expires_at is not None and facts.expires_at <= now)):
        return Stage.CLEANUP_DUE
    if facts.certain >= ALL:
        return Stage.FULL if is_old else Stage.VALIDATING
    if facts.exposure > 0:
        return Stage.ENABLING
    return Stage.DEPLOYED if facts.references or facts.last_asked_at is not None else Stage.DEFINED


def cleanup(facts: LifeFacts, *, now: datetime) -> tuple[Reason, ...]:
    """The checklist of §7.6, each item ticked by facts."""
    is_old = facts.full_since is not None and now - facts.full_since >= TWO_WEEKS
    was_killed = facts.last_killed_at is not None and now - facts.last_killed_at < TWO_WEEKS
    return (
        _item(
            "flag.full_two_weeks",
            is_old,
            "Flag enabled at 100% for 2+ weeks",
            "Roll it out to everybody in production.",
        ),
        _item(
            "flag.no_kill_since",
            is_old and not was_killed,
            "No issues reported",
            "It was killed within two weeks, or is not rolled out for so long.",
        ),
        _item(
            "flag.code_is_clean",
            facts.scanned and not facts.references,
            "Remove flag checks from code",
            _lines(facts.references, facts, "code"),
        ),
        _item(
            "flag.nobody_asks",
            _is_quiet(facts, now) and not _is_untold(facts),
            "Nobody asks for it",
            UNTOLD if _is_quiet(facts, now) else ASKED,
        ),
        _item("flag.configuration_is_clean", facts.archived, "Remove flag from configuration", "Archive the flag."),
        _item(
            "flag.documentation_is_clean",
            facts.scanned and not facts.documents,
            "Update documentation",
            _lines(facts.documents, facts, "documentation"),
        ),
    )


def _item(code: str, done: bool, text: str, remedy: str) -> Reason:  # noqa: FBT001 - the item's tick
    return passed(code, "§7.6", text) if done else pending(code, "§7.6", text, remedy)


def _lines(count: int, facts: LifeFacts, where: str) -> str:
    if not facts.scanned and not count:
        return "Nobody looked: let a pipeline run “cybercube flags scan”."
    return f"{count} {'line' if count == 1 else 'lines'} of {where} still {'names' if count == 1 else 'name'} it."


def _is_untold(facts: LifeFacts) -> bool:
    """Whether only code could say that browsers do not use it, and nobody looked."""
    return facts.in_browsers and not facts.scanned


def _is_quiet(facts: LifeFacts, now: datetime) -> bool:
    return facts.last_asked_at is None or now - facts.last_asked_at > QUIET


def may_archive(facts: LifeFacts, *, now: datetime, reason: str) -> Decision:
    """Blocked while used: flags that need it always, code and questions unless a reason is written down."""
    reasons: list[Reason | None] = []
    if facts.dependents:
        needing = ", ".join(facts.dependents)
        reasons.append(failed("flag.needed", "§7.6", f"{needing} need it.", "Take the prerequisite out of them first."))
    if reason.strip():
        return decide(*reasons)
    if facts.exposure > 0 and facts.certain < ALL:
        reasons.append(
            failed(
                "flag.half_open",
                "§7.6",
                "It is half rolled out in production.",
                "Finish or take back the rollout, or say why.",
            )
        )
    if facts.references or facts.documents:
        message = f"{facts.references + facts.documents} lines of code and documentation name it."
        reasons.append(
            failed("flag.in_code", "§7.6", message, "Remove the checks from the code, or say why it goes anyway.")
        )
    if not _is_quiet(facts, now):
        reasons.append(failed("flag.in_use", "§7.6", ASKED, "Wait until nobody asks, or say why it goes anyway."))
    if _is_untold(facts):
        remedy = "Let a pipeline run “cybercube flags scan”, or say why it goes anyway."
        reasons.append(failed("flag.in_browsers", "§7.6", UNTOLD, remedy))
    return decide(*reasons)


def notice_due(expires_at: datetime, noticed_at: datetime | None, *, now: datetime) -> bool:
    """Whether the owner is told now: 14, 7, 1 and 0 days before, and every week after (§7.6)."""
    moments = [expires_at - timedelta(days=days) for days in NOTICES]
    if now > expires_at:
        moments.append(expires_at + (now - expires_at) // QUIET * QUIET)
    last = max((moment for moment in moments if moment <= now), default=None)
    return last is not None and (noticed_at is None or noticed_at < last)
