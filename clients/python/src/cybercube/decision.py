"""The gate's answer, read strictly: what is not plainly an allow is never taken for one."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cybercube.exits import Unreachable

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")
JWS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class Outcome(str, enum.Enum):
    """What the gate says, in its own spelling."""

    ALLOW = "allow"
    WAIT = "wait"
    DENY = "deny"


@dataclass(frozen=True)
class Reason:
    """One rule's answer; `outcome` is pass, fail, pending or skipped, `section` one of the standard's."""

    code: str
    outcome: str
    section: str
    message: str
    remedy: str
    who: tuple[str, ...]


@dataclass(frozen=True)
class Decision:
    """One decision of the gate; `body` is the answer as it came."""

    outcome: Outcome
    id: str
    valid_until: str
    change: str
    next_allowed_at: str
    summary: str
    token: str
    reasons: tuple[Reason, ...]
    body: Mapping[str, object]


def read_decision(body: Mapping[str, object], *, now: datetime, dry_run: bool = False) -> Decision:
    """The Decision in `body`, the answer's JSON object; `now` is this machine's clock, with a zone.

    Raises Unreachable when it is none: an unknown or differently spelled outcome, no id (a dry run needs none),
    reasons that are no list, a token that is no JWS, or an allow whose `valid_until` is missing or past.
    """
    try:
        outcome = Outcome(body.get("decision"))
    except ValueError:
        raise _unreadable("`decision` is not allow, wait or deny") from None
    identity = _text(body, "id")
    if not ID.fullmatch(identity) and not (dry_run and not identity):
        raise _unreadable("`id` is missing")
    token = _text(body, "token")
    if token and not JWS.fullmatch(token):
        raise _unreadable("`token` is no JWS")
    given = body.get("reasons")
    reasons = read_reasons(body)
    if not isinstance(given, list) or len(reasons) != len(given):
        raise _unreadable("`reasons` is no list of objects")
    valid_until = _text(body, "valid_until")
    if outcome is Outcome.ALLOW and _moment(valid_until) <= now:
        raise _unreadable(f"the allow ended at {valid_until} (this machine's clock says {now.isoformat()})")
    return Decision(
        outcome=outcome,
        id=identity,
        valid_until=valid_until,
        change=_shown(body, "change"),
        next_allowed_at=_shown(body, "next_allowed_at"),
        summary=_shown(body, "summary"),
        token=token,
        reasons=reasons,
        body=body,
    )


def read_reasons(body: Mapping[str, object]) -> tuple[Reason, ...]:
    """The reasons in a decision or a problem, as far as they are objects."""
    reasons = body.get("reasons")
    return tuple(_reason(row) for row in reasons if isinstance(row, dict)) if isinstance(reasons, list) else ()


def _reason(row: Mapping[str, object]) -> Reason:
    who = row.get("who")
    return Reason(
        code=_shown(row, "code"),
        outcome=_shown(row, "outcome"),
        section=_shown(row, "section"),
        message=_shown(row, "message"),
        remedy=_shown(row, "remedy"),
        who=tuple(str(person) for person in who) if isinstance(who, list) else (),
    )


def _shown(row: Mapping[str, object], name: str) -> str:
    """What only people read: whatever is there, as text."""
    value = row.get(name)
    return "" if value is None else str(value)


def _text(row: Mapping[str, object], name: str) -> str:
    """What the pipeline relies on: text or nothing."""
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _unreadable(f"`{name}` is no text")
    return value


def _moment(text: str) -> datetime:
    """RFC 3339 with a zone; Python before 3.11 does not read the Z."""
    try:
        moment = datetime.fromisoformat(re.sub(r"[Zz]$", "+00:00", text))
    except ValueError:
        raise _unreadable("`valid_until` is no time") from None
    if moment.tzinfo is None:
        raise _unreadable("`valid_until` has no zone")
    return moment


def _unreadable(what: str) -> Unreachable:
    return Unreachable(f"the portal's answer cannot be taken for a decision: {what}")
