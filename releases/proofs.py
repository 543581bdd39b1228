"""The address of what shows a row of compliance, and of the page where its next step is done."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote

from django.urls import reverse

from releases.policy.compliance import WINDOW, Link, Page

# What the facts look back over, as the lists ask for it.
LATELY = f"{WINDOW.days}d"
TO_PRODUCTION = f"service:{{service}} environment:prd -is:rollback created:{LATELY}"


class Address(NamedTuple):
    """A route of the portal: what its path names, the query of a list, and what follows."""

    route: str
    names: tuple[str, ...] = ()
    query: str = ""
    rest: str = ""


ADDRESSES: dict[Page, Address] = {
    Page.ARTIFACT: Address("artifact", ("service", "about")),
    Page.CARRIED_OUT: Address("deployments", query=TO_PRODUCTION),
    Page.CHANGE: Address("change", ("about",)),
    Page.CHANGE_NEW: Address("change-new", rest="?service={service}"),
    Page.DEPLOYMENT: Address("deployment", ("about",)),
    Page.EMERGENCIES: Address("changes", query="service:{service} type:emergency"),
    Page.EMERGENCIES_OVERDUE: Address("changes", query="service:{service} is:overdue"),
    Page.ENVIRONMENTS: Address("environments"),
    Page.FLAGS: Address("flags", query="service:{service} is:in_use"),
    Page.FLAGS_OVERDUE: Address("flags", query="service:{service} is:in_use is:expired"),
    Page.FLAG_NEW: Address("flag-new"),
    Page.GATE: Address("gate", query="service:{service} environment:prd"),
    Page.HOW_TO_ASK: Address("docs", rest="#/gate/gate_decisions_create"),
    Page.HOW_TO_REGISTER: Address("docs", rest="#/artifacts/artifacts_register"),
    Page.HOW_TO_REPORT: Address("docs", rest="#/artifacts/artifacts_report_evidence"),
    Page.PARITY: Address("service", ("service",), rest="#parity"),
    Page.PLACE_ADOPT: Address("place-adopt", ("service", "about")),
    # What was verified was healthy there, whatever became of it.
    Page.PRODUCTION: Address("deployments", query=f"{TO_PRODUCTION} verified:{LATELY}"),
    Page.PROTECTION: Address("protection", ("service",)),
    Page.RELEASES: Address("releases", query="service:{service}"),
    Page.RELEASE_NEW: Address("release-new", rest="?service={service}"),
    Page.ROLLBACKS: Address("deployments", query=f"service:{{service}} is:rollback created:{LATELY}"),
    Page.ROLLBACKS_IN_PRODUCTION: Address(
        "deployments", query=f"service:{{service}} environment:prd is:rollback created:{LATELY}"
    ),
    Page.SERVICE: Address("service", ("service",)),
    Page.SERVICE_EDIT: Address("service-edit", ("service",)),
    Page.SERVICE_SETTINGS: Address("service", ("service",), rest="#settings"),
    Page.STAGING: Address("deployments", query=f"service:{{service}} environment:stg created:{LATELY}"),
}


def address_of(link: Link | None, service: str) -> str:
    """A path of the portal; "" where there is nothing to open."""
    if link is None:
        return ""
    found, named = ADDRESSES[link.page], {"service": service, "about": link.about}
    path = reverse(found.route, args=[named[name] for name in found.names]) + found.rest.format(service=service)
    return f"{path}?q={quote(found.query.format(service=service))}" if found.query else path
