"""Sections 1 and 7 and the health endpoints of section 4: what stands where, and what it says. Pure."""

from __future__ import annotations

from datetime import timedelta

from cybercube_portal.catalog.isolation import CELLS
from cybercube_portal.catalog.states import EnvironmentCode
from cybercube_portal.decisions import Outcome, utc_text
from releases.policy.compliance.facts import Answered, Finding, Link, Page, ServiceFacts, Status, counted, share
from releases.policy.sighting import HEALTHY_WORDS

# `degraded` is a word of §4.6 too: it says of the service that it is unwell, and of the endpoint that it works.
HEALTH_WORDS = HEALTHY_WORDS | {"degraded"}
# What nobody could look at for longer says nothing of now.
LOOKED_AT = timedelta(days=1)


def addresses(facts: ServiceFacts) -> Finding:
    """A host of its own in each environment."""
    wanted = [code.value for code in EnvironmentCode]
    hosts = dict(facts.hosts)
    known = [code for code in wanted if hosts.get(code)]
    if not known:
        return Finding(Status.PENDING, "No address is registered.", "Register its addresses in dev, stg and prd.")
    if len({hosts[code] for code in known}) < len(known):
        return Finding(Status.PARTIAL, "Two environments share a host.", "Give each environment a host of its own.")
    return share(len(known), len(wanted), f"Hosts of its own in {', '.join(known)}.", "Register the other addresses.")


def isolation(facts: ServiceFacts) -> Finding:
    """Nothing that reaches the portal shows it: people answer for it."""
    proof = f"People answer for {facts.isolated} of {len(CELLS)} rows of §1.4 in the three environments."
    return share(
        facts.isolated, len(CELLS), proof, "Ops or Security vouch for the open rows, on the page Environments."
    )


def parity(facts: ServiceFacts) -> Finding:
    """Staging mirrors production, or runs ahead with something on its way."""
    if facts.parity.failures:
        first = facts.parity.failures[0]
        return Finding(Status.PARTIAL, first.message, first.remedy)
    told = [reason for reason in facts.parity.reasons if reason.outcome in {Outcome.PASS, Outcome.PENDING}]
    if not told:
        step = "Let /health in stg and prd answer the portal with what runs."
        return Finding(Status.PENDING, "Staging and production cannot be compared yet.", step)
    return Finding(Status.COMPLETE, told[0].message)


def health(facts: ServiceFacts) -> Finding:
    """`/health` of production can be read, and says status, version and commit."""
    seen = facts.seen
    if seen is None:
        proof = facts.unseen_because or "/health of production was not read yet."
        return Finding(Status.PENDING, proof, "Let /health answer the portal, with status, version and git_sha.")
    shown = {
        "version": bool(seen.version),
        "git_sha": bool(seen.git_sha),
        "status": seen.status.lower() in HEALTH_WORDS,
    }
    missing = ", ".join(name for name, is_there in shown.items() if not is_there)
    said = f"version {seen.version}, status {seen.status or 'nothing'}"
    proof = f"/health of production said {said} at {utc_text(seen.at)}."
    if silence := _silence(seen, facts):
        return Finding(Status.PARTIAL, f"{proof} {silence}", "Let /health answer the portal again.")
    return share(sum(shown.values()), len(shown), proof, f"Let /health also say, as in §3.6: {missing}.")


def _silence(seen: Answered, facts: ServiceFacts) -> str:
    if seen.error:
        return f"It cannot be read now: {seen.error}"
    return "" if facts.now - seen.at < LOOKED_AT else "It was not read since."


def monitoring(facts: ServiceFacts) -> Finding:
    """Error rate and latency can be asked for."""
    known = " and ".join(sorted(facts.metrics))
    proof = f"There are queries for {known}." if known else "No query is registered."
    return share(len(facts.metrics), 2, proof, "Register queries for error_rate and latency_p99.")


def flags(facts: ServiceFacts) -> Finding:
    """None is past its end."""
    if not facts.live_flags:
        return Finding(Status.PENDING, "The service has no flags.", "Put the next risky change behind a flag.")
    if facts.overdue:
        proof = f"{facts.overdue} of {facts.live_flags} flags are past their end."
        step = "Clean up the flags that have expired (§7.6)."
        overdue = Link(Page.FLAGS_OVERDUE)
        return Finding(Status.PARTIAL, proof, step, shown_on=overdue, done_on=overdue)
    live = counted(facts.live_flags, "flag")
    return Finding(Status.COMPLETE, f"In use: {live}, none past its end.")
