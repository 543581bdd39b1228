"""The words of gate_truth.csv: each phrase changes one fact of the deployment that `gate_case` describes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

from changes.policy.approvals import ChangeClass, ReleaseType
from changes.policy.artifacts import NamedArtifact
from changes.policy.conflicts import Booking
from changes.policy.freezes import Freeze, FreezeKind
from changes.policy.predicate import parse_predicate
from changes.policy.recurrence import Recurrence
from changes.policy.risk import RiskFacts
from changes.policy.schedule import Slot, parse_duration
from changes.policy.scope import Action, Scope
from changes.policy.spans import Span
from changes.policy.standard import TemplateKind
from changes.policy.windows import Window
from changes.states import ChangeState, ChangeType, Risk
from cybercube_portal.catalog.states import Stage, StageStatus
from cybercube_portal.catalog.versions import parse_version
from cybercube_portal.people.roles import Role
from releases.policy.gate import CallerFact
from tests.standard.gate_case import BOB, DIGEST, NOW, OTHER_DIGEST, SERVICE, TEAM, Case, moment, phrase


# Who asks
@phrase(r"asked by ci-search")
def _(case: Case, _match: re.Match[str]) -> None:
    case.caller = CallerFact(username="ci-search", is_service=True, team="search")


@phrase(r"asked by alice")
def _(case: Case, _match: re.Match[str]) -> None:
    case.caller = CallerFact(username="alice", is_service=False, team=TEAM)


@phrase(r"the key names ([a-z-]+)")
def _(case: Case, match: re.Match[str]) -> None:
    case.caller = replace(case.caller, key_services=frozenset({match[1]}))


@phrase(r"service unknown")
def _(case: Case, _match: re.Match[str]) -> None:
    case.service = None


@phrase(r"in (dev|stg|qa)")
def _(case: Case, match: re.Match[str]) -> None:
    case.question = replace(case.question, environment=match[1])


@phrase(r"to (configure|scale|migrate)")
def _(case: Case, match: re.Match[str]) -> None:
    case.question = replace(case.question, action=Action(match[1]))


# What is to go there
@phrase(r"version (\S+)")
def _(case: Case, match: re.Match[str]) -> None:
    try:
        text = parse_version(match[1]).text
    except ValueError:
        text = match[1]
    case.question = replace(case.question, version=text)
    if case.artifact:
        case.artifact = replace(case.artifact, version=text)
    if case.change:
        case.edit(artifacts=(NamedArtifact(service=SERVICE, version=text, digest=DIGEST),))


@phrase(r"not registered")
def _(case: Case, _match: re.Match[str]) -> None:
    case.artifact = None
    if case.change:
        case.edit(artifacts=(NamedArtifact(service=SERVICE, version=case.question.version, digest=""),))


@phrase(r"(the registered|another) digest is given")
def _(case: Case, match: re.Match[str]) -> None:
    case.question = replace(case.question, digest=DIGEST if match[1] == "the registered" else OTHER_DIGEST)


@phrase(r"not signed by its builder")
def _(case: Case, _match: re.Match[str]) -> None:
    assert case.artifact
    case.artifact = replace(case.artifact, is_signed=False)


@phrase(r"builders' signatures are required")
def _(case: Case, _match: re.Match[str]) -> None:
    case.facts["is_signature_required"] = True


@phrase(r"built from (\S+)")
def _(case: Case, match: re.Match[str]) -> None:
    assert case.artifact
    case.artifact = replace(case.artifact, git_ref=match[1])


@phrase(r"it carries a migration")
def _(case: Case, _match: re.Match[str]) -> None:
    assert case.artifact
    case.artifact = replace(case.artifact, has_migrations=True)


@phrase(r"(build|test|scan|e2e) (never reported|failed|passed)")
def _(case: Case, match: re.Match[str]) -> None:
    stage = Stage(match[1])
    if match[2] == "never reported":
        case.reports.pop(stage, None)
    else:
        summary = case.reports[stage][1] if stage in case.reports else {}
        case.reports[stage] = (StageStatus(match[2]), summary)


@phrase(r"scan counts (critical|high) (\S+)")
def _(case: Case, match: re.Match[str]) -> None:
    status, summary = case.reports[Stage.SCAN]
    odd: dict[str, object] = {"nothing": None, "true": True, "text": "none"}
    case.reports[Stage.SCAN] = (status, {**summary, match[1]: odd[match[2]] if match[2] in odd else int(match[2])})


@phrase(r"coverage (\S+)")
def _(case: Case, match: re.Match[str]) -> None:
    status, _summary = case.reports[Stage.TEST]
    case.reports[Stage.TEST] = (status, {} if match[1] == "unsaid" else {"coverage": float(match[1])})


@phrase(r"minimum coverage (\S+)")
def _(case: Case, match: re.Match[str]) -> None:
    assert case.service
    minimum = None if match[1] == "unset" else Decimal(match[1])
    case.service = replace(case.service, minimum_coverage=minimum)


# The change
@phrase(r"no change")
def _(case: Case, _match: re.Match[str]) -> None:
    case.change = None


@phrase(r"an unknown change is named")
def _(case: Case, _match: re.Match[str]) -> None:
    case.change = None
    case.question = replace(case.question, change="CR-2026-0117-999")


@phrase(r"under an? (normal|standard|emergency) change")
def _(case: Case, match: re.Match[str]) -> None:
    case.file(ChangeType(match[1]))


@phrase(r"the change is (\w+)")
def _(case: Case, match: re.Match[str]) -> None:
    case.edit(state=ChangeState(match[1]))


@phrase(r"the change covers (?:the )?(services|environments) ([a-z, -]+)")
def _(case: Case, match: re.Match[str]) -> None:
    case.edit(**{match[1]: frozenset(match[2].split(", "))})


@phrase(r"the change names (nothing|another digest|no digest|v\S+|(\S+) of search-api)")
def _(case: Case, match: re.Match[str]) -> None:
    named = {
        "nothing": (),
        "another digest": (NamedArtifact(service=SERVICE, version="v2.3.1", digest=OTHER_DIGEST),),
        "no digest": (NamedArtifact(service=SERVICE, version="v2.3.1", digest=""),),
    }
    service, version = ("search-api", match[2]) if match[2] else (SERVICE, match[1])
    case.edit(artifacts=named.get(match[1], (NamedArtifact(service=service, version=version, digest=OTHER_DIGEST),)))


@phrase(r"filed from (?:the template ([a-z-]+)|no template)")
def _(case: Case, match: re.Match[str]) -> None:
    case.edit(template=TemplateKind(match[1]) if match[1] else None)


@phrase(r"risk (\w+)")
def _(case: Case, match: re.Match[str]) -> None:
    case.edit(risk=Risk(match[1]))


@phrase(r"a (\w+) release")
def _(case: Case, match: re.Match[str]) -> None:
    case.edit(release_type=ReleaseType(match[1]))


@phrase(r"of class (\w+)")
def _(case: Case, match: re.Match[str]) -> None:
    assert case.change
    case.edit(classes=case.change.classes | {ChangeClass(match[1])})


@phrase(r"registered since with a (schema|data) migration")
def _(case: Case, match: re.Match[str]) -> None:
    case.edit(known=RiskFacts(migration_kinds=frozenset({match[1]})))


@phrase(r"nobody signed")
def _(case: Case, _match: re.Match[str]) -> None:
    case.signed = {}


@phrase(r"signed by ([a-z]+) as ([a-z_]+)(?: of (search))?(?: (until|revoked|from) (\S+))?")
def _(case: Case, match: re.Match[str]) -> None:
    grant = replace(BOB, role=Role(match[2]), team=match[3] or TEAM)
    if match[4]:
        field = {"until": "ends_at", "revoked": "revoked_at", "from": "starts_at"}[match[4]]
        grant = replace(grant, **{field: moment(match[5])})  # type: ignore[arg-type]
    case.signed.setdefault(match[1], []).append(grant)


@phrase(r"edited by ([a-z]+)")
def _(case: Case, match: re.Match[str]) -> None:
    case.edit(editors=frozenset({match[1]}))


@phrase(r"to be confirmed by (\S+)")
def _(case: Case, match: re.Match[str]) -> None:
    case.edit(confirm_by=moment(match[1]))


@phrase(r"authorised (\S+) ago")
def _(case: Case, match: re.Match[str]) -> None:
    case.signed_at = NOW - parse_duration(match[1])


@phrase(r"confirmed")
def _(case: Case, _match: re.Match[str]) -> None:
    case.edit(confirmed_at=NOW)


@phrase(r"no rollback plan")
def _(case: Case, _match: re.Match[str]) -> None:
    case.edit(has_rollback_plan=False)


@phrase(r"a record of the team is overdue")
def _(case: Case, _match: re.Match[str]) -> None:
    case.facts["overdue_records"] = frozenset({"CR-2026-0110-004"})


# When
@phrase(r"submitted (\S+) ago")
def _(case: Case, match: re.Match[str]) -> None:
    case.edit(submitted_at=NOW - parse_duration(match[1]))


@phrase(r"booked from (.+) for (\S+)")
def _(case: Case, match: re.Match[str]) -> None:
    case.edit(slot=Slot(moment(match[1]), parse_duration(match[2])))


@phrase(r"window (.+) to (.+?)(?: every (week|day))?(?: (?:of|in) (\S+))?")
def _(case: Case, match: re.Match[str]) -> None:
    window = Window(
        reference="DW-1",
        title="Office hours",
        recurrence=_when(match[1], match[2], match[3]),
        scope=_scope(match[4]),
    )
    case.facts["windows"] = (*case.facts.get("windows", ()), window)  # type: ignore[misc]


@phrase(
    r"(soft )?(holiday|major_event|quarter_end|custom (\{.*\})) freeze (.+?) to (.+?)"
    r"(?: every (week|day))?(?: (?:of|in|but for) (\S+))?( with an exception| with another's exception)?"
)
def _(case: Case, match: re.Match[str]) -> None:
    granted = {" with an exception": "CR-2026-0117-001", " with another's exception": "CR-2026-0117-002"}
    freeze = Freeze(
        reference="FR-1",
        title="Freeze",
        kind=FreezeKind(match[2].split()[0]),
        recurrence=_when(match[4], match[5], match[6]),
        predicate=parse_predicate(json.loads((match[3] or "{}").replace("'", '"'))),
        scope=_scope(match[7], excluded="but for" in match[0]),
        hard=not match[1],
        exceptions=frozenset({granted[match[8]]}) if match[8] else frozenset(),
    )
    case.facts["freezes"] = (*case.facts.get("freezes", ()), freeze)  # type: ignore[misc]


@phrase(r"(CR-\S+) is booked for (\S+) from (.+) for (\S+)")
def _(case: Case, match: re.Match[str]) -> None:
    booking = Booking(
        number=match[1],
        services=frozenset({match[2]}),
        environments=frozenset({"prd"}),
        span=Slot(moment(match[3]), parse_duration(match[4])).span,
        state=ChangeState.APPROVED,
        title="",
    )
    case.facts["bookings"] = (booking,)


@phrase(r"the service needs (\S+)")
def _(case: Case, match: re.Match[str]) -> None:
    assert case.service
    case.service = replace(case.service, depends_on=frozenset({match[1]}))


@phrase(r"a (freeze|window) that cannot be read")
def _(case: Case, match: re.Match[str]) -> None:
    case.facts["unreadable"] = (f"{match[1]} X-1",)


def _when(start: str, end: str, every: str | None) -> Recurrence:
    rule = {"week": "FREQ=WEEKLY", "day": "FREQ=DAILY", None: None}[every]
    return Recurrence(first=Span(moment(start), moment(end)), zone="UTC", rule=rule, excluded=frozenset[date]())


def _scope(name: str | None, *, excluded: bool = False) -> Scope:
    if name is None:
        return Scope()
    if name in {"dev", "stg", "prd"}:
        return Scope(environments=frozenset({name}))
    field = "teams" if name in {"payments", "search"} else "services"
    if excluded:
        field = f"excluded_{field}"
    return Scope(**{field: frozenset({name})})
