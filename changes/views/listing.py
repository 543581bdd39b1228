"""The list of changes: chips and text narrow it, the address says how."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from django.http import HttpResponse, QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from changes.selectors.listing import changes_in
from changes.states import ChangeType, Risk
from cybercube_portal.web import Chip, PageRequest, page_of_rows, show
from cybercube_portal.web.badges import badge_of

LONGEST_SEARCH = 200
ORDER = ("-created_at", "-id")
STATES: dict[str, str | Promise] = {
    "open": _("Open"),
    "draft": _("Drafts"),
    "in_review": _("In review"),
    "approved": _("Approved"),
    "under_way": _("Under way"),
    "over": _("Over"),
    "all": _("All"),
}
Filters = Mapping[str, str]


@require_safe
def changes(request: PageRequest) -> HttpResponse:
    """Changes, the newest first. Somebody who searches looks everywhere, everybody else at what is open."""
    filters = _filters(request.GET)
    rows = changes_in(
        filters["state"],
        type=filters["type"],
        risk=filters["risk"],
        service=filters["service"],
        requester=request.actor.username if filters["mine"] else "",
        q=filters["q"],
    )
    page = page_of_rows(request, rows, order=ORDER)
    given = {name: value for name, value in filters.items() if value}
    context = {"page": page, "filters": filters, "kept": _without(given, "q"), **_chips(filters)}
    context["is_narrowed"] = bool(_without(given, "state")) or filters["state"] != "open"
    return show(request, "changes/changes.html", context)


def _filters(sent: QueryDict) -> Filters:
    """What was asked for; a word nobody knows narrows nothing."""
    q = sent.get("q", "").replace("\x00", "").strip()[:LONGEST_SEARCH]
    state = sent.get("state", "")
    return {
        "state": state if state in STATES else "all" if q else "open",
        "type": sent.get("type", "") if sent.get("type") in set(ChangeType) else "",
        "risk": sent.get("risk", "") if sent.get("risk") in set(Risk) else "",
        "service": sent.get("service", "").replace("\x00", "")[:64],
        "mine": "1" if sent.get("mine") else "",
        "q": q,
    }


def _chips(filters: Filters) -> dict[str, list[Chip]]:
    types = [(kind.value, badge_of("change_type", kind).word) for kind in ChangeType]
    risks = [(risk.value, badge_of("risk", risk).word) for risk in Risk]
    return {
        "states": list(_choices(filters, "state", STATES.items(), always=True)),
        "types": list(_choices(filters, "type", types)),
        "risks": list(_choices(filters, "risk", risks)),
        "whose": list(_choices(filters, "mine", [("1", _("Mine"))])),
    }


def _choices(
    filters: Filters, name: str, values: Iterable[tuple[str, str | Promise]], *, always: bool = False
) -> Iterator[Chip]:
    """One of these at most; following the active one takes it away, unless one is `always` chosen."""
    for value, label in values:
        active = filters[name] == value
        wanted = {**filters, name: "" if active and not always else value}
        yield Chip(label=str(label), url=_address(wanted), active=active)


def _address(filters: Filters) -> str:
    query = QueryDict(mutable=True)
    query.update({name: value for name, value in filters.items() if value})
    return f"?{query.urlencode()}"


def _without(filters: Filters, name: str) -> dict[str, str]:
    return {key: value for key, value in filters.items() if key != name}
