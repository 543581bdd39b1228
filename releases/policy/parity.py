"""Staging against production (§1.5 "Staging must mirror production"). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from cybercube_portal.decisions import Decision, Reason, decide, failed, passed, pending, skipped
from releases.policy.drift import SECTION, Place, Seen
from releases.policy.sighting import spelt

# Staging runs ahead of production for as long as the slowest cadence of §0 allows.
AHEAD = timedelta(days=7)

ALLOWED_DIFFERENCES: tuple[tuple[str, str], ...] = (
    ("Scale", "fewer replicas"),
    ("Data", "anonymized"),
    ("External integrations", "sandbox mode"),
)


def parity_of(staging: Place, production: Place, *, coming: Iterable[str], now: datetime) -> Decision:
    """The six rows of §1.5 in their order. `coming`: versions that an open release or change takes to production."""
    return decide(
        _services(staging, production, frozenset(spelt(version) for version in coming), now),
        _invisible("infrastructure", "Infrastructure: same architecture"),
        _configuration(staging, production),
        _dependencies(staging, production),
        _invisible("topology", "Network topology: same design"),
        _invisible("security", "Security controls: same rules"),
    )


def _invisible(name: str, row: str) -> Reason:
    return skipped(f"parity.{name}", SECTION, f"{row}. The portal sees what services answer, not what they stand on.")


def _running(place: Place) -> str:
    """What runs there as far as is known: seen, else deployed."""
    if place.seen is not None and place.seen.seen_at is not None:
        return spelt(place.seen.version)
    return spelt(place.expected.version) if place.expected else ""


def _services(staging: Place, production: Place, coming: frozenset[str], now: datetime) -> Reason:
    ahead, behind = _running(staging), _running(production)
    details: dict[str, Any] = {"staging": ahead or None, "production": behind or None}
    if not ahead or not behind:
        missing = "staging" if not ahead else "production"
        return skipped("parity.versions", SECTION, f"Services: what runs in {missing} is not known.", **details)
    if ahead == behind:
        return passed("parity.versions", SECTION, f"Services: both run {ahead}.", **details)
    if ahead in coming:
        message = f"Services: staging runs {ahead}, which is on its way to production; production runs {behind}."
        return pending("parity.version_on_its_way", SECTION, message, "Deploy it to production.", **details)
    since = staging.seen.since if staging.seen and staging.seen.since else now
    if now - since < AHEAD:
        message = f"Services: staging runs {ahead} since {since:%d %b}; production runs {behind}."
        return pending("parity.version_ahead", SECTION, message, "Release it within the week (§0).", **details)
    return failed(
        "parity.version_differs",
        SECTION,
        f"Services: staging runs {ahead} since {since:%d %b %Y}, production {behind}, and nothing is on its way.",
        "Release what staging runs, or deploy to staging what production runs.",
        **details,
    )


def _both_seen(staging: Place, production: Place) -> tuple[Seen, Seen] | None:
    one, other = staging.seen, production.seen
    return (one, other) if one and other and one.seen_at and other.seen_at else None


def _configuration(staging: Place, production: Place) -> Reason:
    both = _both_seen(staging, production)
    if both is None or not (both[0].config_keys and both[1].config_keys):
        message = "Configuration: /health names no configuration (`config`: the names it was started with) in both."
        return skipped("parity.configuration", SECTION, message)
    missing = sorted(both[1].config_keys - both[0].config_keys)
    extra = sorted(both[0].config_keys - both[1].config_keys)
    if not missing and not extra:
        message = f"Configuration: both are started with the same {len(both[0].config_keys)} names."
        return passed("parity.configuration", SECTION, message)
    told = [f"staging lacks {_named(missing)}"] if missing else []
    told += [f"production lacks {_named(extra)}"] if extra else []
    return failed(
        "parity.configuration_differs",
        SECTION,
        f"Configuration: {' and '.join(told)}.",
        "Give both environments the same names; values may differ.",
        missing=missing,
        extra=extra,
    )


def _dependencies(staging: Place, production: Place) -> Reason:
    both = _both_seen(staging, production)
    if both is None or not (both[0].dependencies and both[1].dependencies):
        return skipped("parity.dependencies", SECTION, "Dependencies: /health names no `dependencies` in both.")
    names = sorted({*both[0].dependencies, *both[1].dependencies})
    differing = {
        name: {"staging": both[0].dependencies.get(name), "production": both[1].dependencies.get(name)}
        for name in names
        if both[0].dependencies.get(name) != both[1].dependencies.get(name)
    }
    if not differing:
        return passed("parity.dependencies", SECTION, f"Dependencies: the same {len(names)} in the same versions.")
    told = [f"{name} {pair['staging'] or 'none'} / {pair['production'] or 'none'}" for name, pair in differing.items()]
    is_same_build = _running(staging) == _running(production)
    reason = failed if is_same_build else pending
    return reason(
        "parity.dependencies_differ",
        SECTION,
        f"Dependencies, staging / production: {_named(told)}.",
        "Run the same versions in both." if is_same_build else "They come with the version that is on its way.",
        differing=differing,
    )


def _named(names: list[str], *, most: int = 8) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
