"""What is known of one service, and how a row of the table comes out. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from cybercube_portal.catalog.facts import EvidenceFact
from cybercube_portal.catalog.states import RollbackDriver, Stage
from cybercube_portal.decisions import Decision

# What is older says little of today.
WINDOW = timedelta(days=180)
NOTHING = Decision()


class Status(StrEnum):
    """The three words of the standard."""

    COMPLETE = "COMPLETE"
    PARTIAL = "PARTIAL"
    PENDING = "PENDING"


class Page(StrEnum):
    """Where a person can open what shows a row, or do what is next."""

    ARTIFACT = "artifact"
    CARRIED_OUT = "carried_out"
    CHANGE = "change"
    CHANGE_NEW = "change_new"
    DEPLOYMENT = "deployment"
    EMERGENCIES = "emergencies"
    EMERGENCIES_OVERDUE = "emergencies_overdue"
    ENVIRONMENTS = "environments"
    FLAGS = "flags"
    FLAGS_OVERDUE = "flags_overdue"
    FLAG_NEW = "flag_new"
    GATE = "gate"
    HOW_TO_ASK = "how_to_ask"
    HOW_TO_REGISTER = "how_to_register"
    HOW_TO_REPORT = "how_to_report"
    PARITY = "parity"
    PLACE_ADOPT = "place_adopt"
    PRODUCTION = "production"
    PROTECTION = "protection"
    RELEASES = "releases"
    RELEASE_NEW = "release_new"
    ROLLBACKS = "rollbacks"
    ROLLBACKS_IN_PRODUCTION = "rollbacks_in_production"
    SERVICE = "service"
    SERVICE_EDIT = "service_edit"
    SERVICE_SETTINGS = "service_settings"
    STAGING = "staging"


class Link(NamedTuple):
    """A page; `about` names what on it: a version, a change, an environment."""

    page: Page
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """The newest version that was registered. `migrations`: how many it carries; `stages`: the last report of each.

    `rebuilt`: whether each other build of its commit has the same digest (§3.1); `minimum_coverage` in percent is the service's.
    """

    reference: str
    version: str
    git_ref: str
    digest: str
    is_signed: bool = False
    has_commits: bool = False
    dependencies: int = 0
    migrations: int = 0
    lint_failed: bool = False
    stages: Mapping[Stage, EvidenceFact] = field(default_factory=dict)
    rebuilt: tuple[bool, ...] = ()
    minimum_coverage: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """What reached production and was healthy there: `count`. `promoted`: the same digest was healthy in staging before.

    `released`: the version is one of §3.2, no pre-release. `carried_out` were finished there, well or not; the checks of §4.7 gave a
    verdict on `judged` of them. For `to_watch` the 30 minutes are over; `watched` of them were watched until then, or taken back within.
    `told` of `rolled_back` rollbacks in production were announced (§8.6). `weeks_ago`: 0 is the last seven days.
    `lacking` names by figure the last deployment that it does not count.
    """

    count: int = 0
    with_change: int = 0
    promoted: int = 0
    released: int = 0
    weeks_ago: frozenset[int] = frozenset()
    carried_out: int = 0
    judged: int = 0
    to_watch: int = 0
    watched: int = 0
    rolled_back: int = 0
    told: int = 0
    lacking: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What `/health` of production said when it was last read, at `at`; `error`: why it cannot be read now."""

    version: str
    git_sha: str
    status: str
    at: datetime
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergencies:
    """Emergencies within WINDOW whose record was due or written: `in_time` of `owed` within the 24 hours; `overdue` have none yet (§6.4)."""

    owed: int = 0
    in_time: int = 0
    overdue: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFacts:
    """What is known of one service. `hosts` by environment; `shipped` within WINDOW; `drift` of production.

    `seen` is None when `/health` of production was never read; `rolled_back_at` the last rollback that turned healthy;
    `noted` of `released` releases have published notes; `overdue` of `live_flags` are past their end;
    somebody answers for `isolated` rows of §1.4 in the three environments; `excepted`: changes that a freeze let pass by an exception;
    `bypasses`: versions found in production that no gate let through; `protection` whether each demand of §2.5 held when it was last reported.
    """

    service: str
    now: datetime
    repository: str = ""
    hosts: tuple[tuple[str, str], ...] = ()
    artifact: Built | None = None
    metrics: frozenset[str] = frozenset()
    driver: RollbackDriver = RollbackDriver.MANUAL
    shipped: Shipped = Shipped()
    rolled_back_at: datetime | None = None
    seen: Answered | None = None
    unseen_because: str = ""
    drift: Decision = NOTHING
    parity: Decision = NOTHING
    released: int = 0
    noted: int = 0
    live_flags: int = 0
    overdue: int = 0
    emergencies: Emergencies = Emergencies()
    excepted: int = 0
    bypasses: int = 0
    protection: tuple[bool, ...] = ()
    isolated: int = 0


class Finding(NamedTuple):
    """How one row came out: what shows it, and what to do next (empty when complete); where each stands, if not where the table says."""

    status: Status
    proof: str
    next_step: str = ""
    shown_on: Link | None = None
    done_on: Link | None = None


def counted(number: int, what: str) -> str:
    """`1 deployment`, `2 deployments`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def share(met: int, wanted: int, proof: str, next_step: str) -> Finding:
    """All, some or none."""
    if met >= wanted:
        return Finding(Status.COMPLETE, proof)
    return Finding(Status.PARTIAL if met else Status.PENDING, proof, next_step)


def share_of_shipped(met: int, count: int, proof: str, next_step: str) -> Finding:
    """The same of what was deployed, if anything was."""
    return share(met, count, proof, next_step) if count else nothing_shipped(next_step)


def lacking(found: Finding, shipped: Shipped, figure: str) -> Finding:
    """The same with the last deployment that lacks it, which is what shows most."""
    last = shipped.lacking.get(figure, "")
    if not last or found.status is Status.COMPLETE:
        return found
    return found._replace(proof=f"{found.proof} The last without: {last}.", shown_on=Link(Page.DEPLOYMENT, last))


def nothing_shipped(next_step: str) -> Finding:
    """Nothing there to judge by."""
    return Finding(Status.PENDING, "Nothing was deployed to production lately.", next_step)
