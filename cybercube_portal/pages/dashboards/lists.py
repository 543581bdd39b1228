"""What stands behind the numbers: deployments, and signatures with how long they were waited for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from changes.selectors.signatures import signatures_waited_for
from changes.states import Risk
from cybercube_portal.errors import NotFound
from cybercube_portal.pages.dashboards.delivery import MEANINGS, TITLES
from cybercube_portal.pages.dashboards.files import File, table
from cybercube_portal.pages.dashboards.frame import Frame, frame_of
from cybercube_portal.pages.dashboards.links import dashboard_url, list_url, signatures_url
from cybercube_portal.pages.dashboards.words import in_hours, words
from cybercube_portal.pages.links import change_path, deployment_path
from cybercube_portal.web import Chip, PageRequest, page_of_rows, sent_text, show
from cybercube_portal.web.sentences import in_words
from releases.policy.dora import hours
from releases.selectors.dora_lists import LISTS, Behind, deployments_behind

PAGE = 50
# A file holds what a spreadsheet likes to open.
MOST_IN_FILE = 10_000
PLACE = re.compile(r"(\d{4}-\d\d-\d\d)\.(\d{1,18})", re.ASCII)
FIGURES = tuple(TITLES)


@require_safe
def dashboard_deployments(request: PageRequest) -> HttpResponse:
    """The deployments that a figure counts."""
    name = request.GET.get("figure", "deployments")
    if name not in LISTS:
        raise NotFound("There is no such figure.", code="metrics.figure_unknown")
    frame = frame_of(request)
    period, seat, risk = frame.period, _seat(request), _risk(request)
    wanted = Behind(figure=name, seat=seat, risk=risk, before=_before(request.GET.get("before", "")))
    rows = deployments_behind(wanted, period, most=PAGE + 1)
    here = list_url(name, period, seat=seat, risk=risk)
    last = rows[PAGE - 1][0] if len(rows) > PAGE else None
    context = {
        "name": name,
        "title": TITLES[name],
        "meaning": MEANINGS[name],
        "period": period,
        "seat": seat,
        "risk": risk,
        "lines": [
            {
                "row": row,
                "restored": restored,
                "url": deployment_path(row.reference),
                "change_url": change_path(row.change),
            }
            for row, restored in rows[:PAGE]
        ],
        "next_url": f"{here}&before={last.created_at.astimezone(UTC):%Y-%m-%d}.{last.pk}" if last else "",
        "dashboard_url": dashboard_url("dashboard-approvals" if seat or risk else "dashboards", period),
        "others": [
            Chip(label=str(TITLES[other]), url=list_url(other, period, seat=seat, risk=risk), active=other == name)
            for other in FIGURES
        ],
        "last_day": frame.last_day,
    }
    return show(request, "pages/dashboards/deployments.html", context)


@require_safe
def dashboard_signatures(request: PageRequest) -> HttpResponse:
    """The signatures that were waited for, the newest first."""
    frame = frame_of(request)
    period, seat, risk = frame.period, _seat(request), _risk(request)
    rows = signatures_waited_for(period.start, period.end, services=period.slugs, seat=seat, risk=risk)
    page = page_of_rows(request, rows, order=("-signed_at", "-id"), size=PAGE)
    context = {
        "page": page,
        "lines": [(row, words(hours(row.waited), "hours")) for row in page.rows],
        "title": _("Signatures that were waited for"),
        "period": period,
        "seat": seat,
        "risk": risk,
        "dashboard_url": dashboard_url("dashboard-approvals", period),
        "risks": [
            Chip(
                label=in_words(level.capitalize()),
                url=signatures_url(period, seat=seat, risk="" if risk == level else level),
                active=risk == level,
            )
            for level in Risk
        ],
        "last_day": frame.last_day,
    }
    return show(request, "pages/dashboards/signatures.html", context)


@table("deployments")
def deployments_file(frame: Frame) -> File:
    """The newest deployments of the period, as many as a file holds."""
    heads = (
        "deployment",
        "service",
        "team",
        "version",
        "state",
        "change",
        "started_at",
        "verified_at",
        "restored_hours",
    )
    return File(heads, _deployment_cells(frame))


def _deployment_cells(frame: Frame) -> Iterator[tuple[object, ...]]:
    for row, restored in deployments_behind(Behind(figure="deployments"), frame.period, most=MOST_IN_FILE):
        yield (
            row.reference,
            row.service.slug,
            row.service.team.slug,
            row.version,
            row.state,
            row.change,
            row.created_at,
            row.verified_at,
            in_hours(restored),
        )


@table("signatures")
def signatures_file(frame: Frame) -> File:
    """The newest signatures of the period, as many as a file holds."""
    period = frame.period
    rows = signatures_waited_for(period.start, period.end, services=period.slugs).order_by("-signed_at", "-id")
    heads = ("change", "services", "risk", "seat", "signer", "signed_at", "waited_hours")
    return File(
        heads,
        (
            (
                row.change.number,
                row.change.services,
                row.risk,
                row.seat,
                row.signer.username,
                row.signed_at,
                in_hours(row.waited),
            )
            for row in rows[:MOST_IN_FILE]
        ),
    )


def _seat(request: PageRequest) -> str:
    return sent_text(request.GET, "seat")


def _risk(request: PageRequest) -> str:
    sent = request.GET.get("risk", "")
    return sent if sent in set(Risk) else ""


def _before(text: str) -> tuple[date, int] | None:
    """Where a list goes on: `2026-01-05.17`, the day (UTC) and the id of the last row."""
    found = PLACE.fullmatch(text)
    try:
        return (date.fromisoformat(found[1]), int(found[2])) if found else None
    except ValueError:
        return None
