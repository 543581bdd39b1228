"""How a service's deployments are judged, in words: what has to hold, by which section, and what is asked for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cybercube_portal.catalog.states import RollbackDriver
from releases.checks.facts import default_queries
from releases.policy.verification import Thresholds, in_words
from releases.policy.watching import FAILURES_IN_A_ROW, LATENCY_FACTOR, ROLL_BACK_ERRORS
from releases.states import CheckKind

if TYPE_CHECKING:
    from cybercube_portal.catalog.models import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line: what is looked at, and what has to hold, or what follows. `is_own`: the service sets it, not the standard."""

    what: str
    says: str
    section: str
    is_own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The rules that hold at one time; `lead` says when that is."""

    title: str
    lead: str
    rules: tuple[Rule, ...]


def groups_of(service: Service) -> tuple[Group, ...]:
    """Before, after, while it is watched, and back again."""
    return (
        Group(title=_("Before it goes out"), lead="", rules=tuple(_before(service))),
        Group(
            title=_("Right after it"),
            lead=_("Every check has to pass; one that cannot be made passes nothing."),
            rules=tuple(_after(service)),
        ),
        Group(
            title=_("While it is watched"),
            lead=_("In production for %(long)s, looked at every %(often)s.")
            % {"long": _time(settings.WATCH_DURATION), "often": _time(settings.WATCH_INTERVAL)},
            rules=tuple(_watched(service)),
        ),
        Group(title=_("The way back"), lead="", rules=(_back(service),)),
    )


def queries_of(service: Service) -> list[tuple[str, str, bool]]:
    """(Figure, query, whether the service registered it) as Prometheus is asked; else the names of §4.7."""
    names = {"error_rate": _("Error rate"), "latency_p99": _("Latency p99")}
    known = {**default_queries(service.slug), **{name: query for name, query in service.metrics.items() if query}}
    return [(word, known[name], bool(service.metrics.get(name))) for name, word in names.items()]


def _before(service: Service) -> Iterator[Rule]:
    least = service.minimum_coverage
    says = (
        _("No minimum is set for this service.")
        if least is None
        else _("At least %(percent)s %% of its code is run by its tests.") % {"percent": f"{least.normalize():f}"}
    )
    yield Rule(what=_("Test coverage"), says=says, section="§4.2", is_own=least is not None)


def _after(service: Service) -> Iterator[Rule]:
    limits = Thresholds.of(service.thresholds)
    errors, latency = (
        in_words(CheckKind.ERROR_RATE, limits.error_rate),
        in_words(CheckKind.LATENCY_P99, limits.latency_p99),
    )
    yield Rule(what=_("Health"), says=_("/health says healthy, and names the version deployed."), section="§4.7")
    yield Rule(what=_("Key endpoint"), says=_("It answers with 2xx."), section="§4.7")
    yield Rule(
        what=_("Error rate"),
        says=_("Below %(limit)s of the requests of five minutes.") % {"limit": errors},
        section="§4.7",
        is_own="error_rate" in service.thresholds,
    )
    yield Rule(
        what=_("Latency p99"),
        says=_("Below %(limit)s over five minutes.") % {"limit": latency},
        section="§4.7",
        is_own="latency_p99" in service.thresholds,
    )


def _watched(service: Service) -> Iterator[Rule]:
    alert = Thresholds.of(service.thresholds).error_rate
    back = max(ROLL_BACK_ERRORS, alert)
    errors = _("Error rate")
    yield Rule(
        what=errors,
        says=_("Above %(limit)s the portal rolls back by itself.") % {"limit": in_words(CheckKind.ERROR_RATE, back)},
        section="§8.5",
        is_own=back > ROLL_BACK_ERRORS,
    )
    if alert < back:
        yield Rule(
            what=errors,
            says=_("Above %(limit)s on-call is told.") % {"limit": in_words(CheckKind.ERROR_RATE, alert)},
            section="§8.5",
            is_own="error_rate" in service.thresholds,
        )
    yield Rule(
        what=_("Health"),
        says=_("After %(times)s failures in a row the portal rolls back by itself.") % {"times": FAILURES_IN_A_ROW},
        section="§8.1",
    )
    yield Rule(
        what=_("Latency p99"),
        says=_("Above %(times)s times what it was before the deployment on-call is told.")
        % {"times": f"{LATENCY_FACTOR:g}"},
        section="§8.5",
    )


def _back(service: Service) -> Rule:
    words = {
        RollbackDriver.WEBHOOK: _("The portal calls the service's own deployer, with a signed request."),
        RollbackDriver.KUBERNETES: _("The portal sets the image in the cluster and waits for the rollout."),
        RollbackDriver.MANUAL: _("People carry it out; the portal shows them each step and tells whoever is on call."),
    }
    return Rule(what=_("Rollback"), says=words[RollbackDriver(service.rollback_driver)], section="§8.2")


def _time(length: timedelta) -> str:
    minutes, rest = divmod(length, timedelta(minutes=1))
    if minutes and not rest:
        return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}
    seconds = int(length.total_seconds())
    return ngettext("%(n)s second", "%(n)s seconds", seconds) % {"n": seconds}
