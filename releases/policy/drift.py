"""What runs against what was deployed (§1.5; "Drift" of the glossary). Pure.

A place is one service in one environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from cybercube_portal.catalog.states import EnvironmentCode
from cybercube_portal.decisions import Decision, Reason, decide, failed, passed, pending, skipped, utc_text
from releases.policy.sighting import HEALTHY_WORDS, spelt

SECTION = "§1.5"
# A replica that is slow to go answers with the old version for a while: that is no finding yet.
SETTLING = timedelta(minutes=5)
# What was seen longer ago than this says nothing of now.
STALE = timedelta(minutes=10)
# One look may meet a replica that is just being replaced; two in a row do not.
LOOKS = 2


class PlaceWord(StrEnum):
    """What a place comes to in one word, the worst first."""

    BYPASS = "bypass"
    UNRECORDED = "unrecorded"
    DRIFT = "drift"
    MOVING = "moving"
    UNREADABLE = "unreadable"
    UNWELL = "unwell"
    ADOPTED = "adopted"
    AS_DEPLOYED = "as_deployed"
    UNKNOWN = "unknown"


_WORDS: dict[str, PlaceWord] = {
    "drift.bypass": PlaceWord.BYPASS,
    "drift.unrecorded": PlaceWord.UNRECORDED,
    "drift.other_version": PlaceWord.DRIFT,
    "drift.not_healthy": PlaceWord.DRIFT,
    "drift.on_its_way": PlaceWord.MOVING,
    "drift.unreadable": PlaceWord.UNREADABLE,
    "drift.status": PlaceWord.UNWELL,
    "drift.adopted": PlaceWord.ADOPTED,
    "drift.none": PlaceWord.AS_DEPLOYED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """A deployment as far as it explains what runs: `since` it started, it ended (verified, failed or given up) at `settled_at`."""

    reference: str
    version: str
    previous_version: str = ""
    taken_back_version: str = ""
    is_healthy: bool = False
    is_under_way: bool = False
    since: datetime
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The last look at a place. `error` says why it saw nothing; then the rest is from `seen_at`, the last look that did."""

    version: str = ""
    status: str = ""
    config_keys: frozenset[str] = frozenset()
    dependencies: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None
    seen_at: datetime | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One service in one environment. `expected` is its last healthy deployment, `newest` the last one of all.

    `first_version` is what the very first look saw, `adopted_version` what somebody answered for as what ran before the portal.
    """

    service: str
    environment: str
    has_address: bool = True
    expected: Deployed | None = None
    newest: Deployed | None = None
    seen: Seen | None = None
    first_version: str = ""
    adopted_version: str = ""
    bypass_version: str = ""
    bypass_change: str = ""

    @property
    def is_production(self) -> bool:
        """Whether nothing may run there that nobody let through."""
        return self.environment == EnvironmentCode.PRD


def explained_versions(place: Place, *, now: datetime) -> frozenset[str]:
    """The versions that may answer there: what is expected, and what a deployment leaves or brings while it goes on."""
    found = {place.expected.version} if place.expected else set[str]()
    newest = place.newest
    if newest is not None:
        # What failed or was given up was let through all the same, and may be running.
        found.add(newest.version)
        settled = newest.settled_at is not None and now - newest.settled_at >= SETTLING
        if newest.is_under_way or not settled:
            found |= {newest.previous_version, newest.taken_back_version, place.adopted_version}
    if place.expected is None:
        found.add(place.adopted_version)
    return frozenset(spelt(version) for version in found if version)


def is_unrecorded(place: Place) -> bool:
    """Whether what runs there ran before anybody looked: nothing healthy was deployed since, and nobody answered for it."""
    seen = place.seen
    if place.expected is not None or seen is None or not seen.version:
        return False
    running = spelt(seen.version)
    return running == spelt(place.first_version) and running != spelt(place.adopted_version)


def drift_of(place: Place, *, now: datetime) -> Decision:
    """Everything to be said of what runs there against what was deployed. No blocker: no drift."""
    if not place.has_address:
        return decide(skipped("drift.no_address", SECTION, f"No address is registered for {place.environment}."))
    seen = place.seen
    if seen is None or seen.seen_at is None:
        return decide(_never_seen(place, seen))
    return decide(_unreadable(place, seen, now), _version(place, seen, now), _status(place, seen))


def word_of(drift: Decision) -> PlaceWord:
    """The word for what `drift_of` found."""
    found = {_WORDS.get(reason.code, PlaceWord.UNKNOWN) for reason in drift.reasons}
    if "drift.stale" in {reason.code for reason in drift.reasons}:
        found -= {PlaceWord.AS_DEPLOYED, PlaceWord.ADOPTED}
    return next((word for word in PlaceWord if word in found), PlaceWord.UNKNOWN)


def _never_seen(place: Place, seen: Seen | None) -> Reason:
    if seen is not None and seen.error:
        return _not_readable(place, seen.error)
    return skipped("drift.not_looked_yet", SECTION, f"Nobody has looked at {place.environment} yet.")


def _unreadable(place: Place, seen: Seen, now: datetime) -> Reason | None:
    if seen.error:
        return _not_readable(place, seen.error)
    if seen.seen_at is not None and now - seen.seen_at > STALE:
        message = f"{place.environment} was last looked at {utc_text(seen.seen_at)}."
        return skipped("drift.stale", SECTION, message)
    return None


def _not_readable(place: Place, error: str) -> Reason:
    return pending(
        "drift.unreadable",
        SECTION,
        f"What runs in {place.environment} cannot be read: {error}",
        "Let /health answer the portal with status, version and git_sha (§3.6), or correct the service's address.",
    )


def _version(place: Place, seen: Seen, now: datetime) -> Reason:
    running, expected = spelt(seen.version), spelt(place.expected.version) if place.expected else ""
    details: dict[str, Any] = {"running": running, "expected": expected or None}
    if running == expected:
        return passed("drift.none", SECTION, f"{place.environment} runs {running}, as deployed.", **details)
    newest = place.newest
    if not expected and running == spelt(place.adopted_version) and not (newest and newest.is_under_way):
        return passed("drift.adopted", SECTION, f"{place.environment} runs {running}, adopted as it ran.", **details)
    if newest is not None and running in explained_versions(place, now=now):
        return _on_its_way(place, newest, running, details)
    if is_unrecorded(place):
        return _unrecorded(place, running, details)
    if place.is_production:
        return _bypass(place, running, details)
    wanted = f"the last healthy deployment is {expected}" if expected else "nothing was deployed there"
    return failed(
        "drift.other_version",
        SECTION,
        f"{place.environment} runs {running}; {wanted}.",
        "Deploy through the portal what shall run there.",
        **details,
    )


def _on_its_way(place: Place, newest: Deployed, running: str, details: dict[str, Any]) -> Reason:
    if newest.is_under_way or running != spelt(newest.version):
        message = f"{place.environment} runs {running} while {newest.reference} goes on."
        return pending("drift.on_its_way", SECTION, message, "Wait until the deployment has ended.", **details)
    return failed(
        "drift.not_healthy",
        SECTION,
        f"{place.environment} runs {running} of {newest.reference}, which did not end healthy.",
        "Roll it back, or deploy again.",
        **details,
    )


def _unrecorded(place: Place, running: str, details: dict[str, Any]) -> Reason:
    return failed(
        "drift.unrecorded",
        "§6.1",
        f"{place.environment} runs {running}, as it did when the portal first looked: no record says who let it through.",
        "Adopt it with a reason, or deploy through the portal what shall run there.",
        ("Tech lead", "Ops", "Engineering manager"),
        **details,
    )


def _bypass(place: Place, running: str, details: dict[str, Any]) -> Reason:
    wanted = wanted_words(place)
    is_filed = bool(place.bypass_change) and place.bypass_version == running
    return failed(
        "drift.bypass",
        "§6.1",
        f"Production runs {running}, which nobody let through the gate; {wanted}.",
        f"Complete {place.bypass_change}, or deploy what shall run there."
        if is_filed
        else "File an emergency change for it, or deploy what shall run there.",
        ("On-call", "Tech lead"),
        **details,
        change=place.bypass_change if is_filed else None,
    )


def _status(place: Place, seen: Seen) -> Reason | None:
    if seen.error or not seen.status or seen.status.lower() in HEALTHY_WORDS:
        return None
    return pending(
        "drift.status",
        "§4.6",
        f"{place.environment} says of itself that it is {seen.status}.",
        "Look at its checks.",
        status=seen.status,
    )


def is_bypass(place: Place, *, now: datetime) -> bool:
    """Whether production runs what nobody let through the gate, as far as one look can say."""
    seen = place.seen
    return (
        place.is_production
        and seen is not None
        and not seen.error
        and bool(seen.version)
        and spelt(seen.version) not in explained_versions(place, now=now)
        and not is_unrecorded(place)
    )


def wanted_words(place: Place) -> str:
    """What should be running there, as part of a sentence."""
    if place.expected is not None:
        return f"the last healthy deployment is {spelt(place.expected.version)}"
    if place.adopted_version:
        return f"what was adopted there is {spelt(place.adopted_version)}"
    return "nothing was ever deployed there"
