"""Security and Ops vouched for the environments; one word has ended, one is about to, one row was never looked at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from cybercube_portal.catalog.actions import attest_isolation
from cybercube_portal.catalog.isolation import CELLS, HOLDS, Isolated
from cybercube_portal.catalog.states import EnvironmentCode
from cybercube_portal.demo.diary import Entry
from cybercube_portal.demo.lives import Company

WORDS: dict[Isolated, tuple[str, str]] = {
    Isolated.NETWORK: ("dan", "A VPC for each, no peering: wiki/networks."),
    Isolated.DATABASE: ("dan", "An instance of its own: inventory of databases, line by line."),
    Isolated.SECRETS: ("frank", "A vault for each, no shared policy: audit of the vaults."),
    Isolated.IAM: ("frank", "Roles are defined for each account; nobody holds two by default."),
    Isolated.MONITORING: ("dan", "A folder of dashboards for each."),
    Isolated.LOGS: ("dan", "Every line carries env; checked by the collector."),
}
OPEN = (Isolated.MONITORING, EnvironmentCode.DEV)
# Days left of its year; below none it no longer holds.
LEFT: dict[tuple[Isolated, EnvironmentCode], int] = {
    (Isolated.IAM, EnvironmentCode.PRD): 12,
    (Isolated.SECRETS, EnvironmentCode.STG): -5,
}


def words(company: Company, *, now: datetime) -> Iterator[Entry]:
    """Three months ago, but for those that are old by now."""
    for item, environment in CELLS:
        if (item, environment) == OPEN:
            continue
        left = LEFT.get((item, environment))
        at = now - (timedelta(days=90) if left is None else HOLDS - timedelta(days=left))
        yield Entry(at, partial(_vouch, company, item, environment, at=at))


def _vouch(company: Company, item: Isolated, environment: EnvironmentCode, *, at: datetime) -> None:
    by, evidence = WORDS[item]
    attest_isolation(environment=environment, item=item, evidence=evidence, actor=company.actor(by), now=at)
