"""The pages of an evidence pack: what its files say, for a person with a browser and no portal. No script, no picture, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.template.loader import render_to_string

from cybercube_portal.record.manifest import Cut, Span

if TYPE_CHECKING:
    from cybercube_portal.audit.models import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the files about one change hold, before they are written."""

    change: dict[str, Any]
    approvals: dict[str, Any]
    decisions: list[dict[str, Any]]
    deployments: list[dict[str, Any]]
    incidents: list[dict[str, Any]]
    artifacts: list[dict[str, Any]]
    events: list[dict[str, Any]]


def change_page(parts: Parts, *, cut: Cut, signed: Sequence[str], later: Iterable[Event]) -> bytes:
    """One change from its request to its end; `signed` are the files of what signatures cover."""
    reports = [[(report, _counted(report["summary"])) for report in row.get("reports", ())] for row in parts.artifacts]
    built = list(zip(parts.artifacts, reports, strict=True))
    context = {"parts": parts, "change": parts.change, "built": built, "cut": cut, "signed": signed, "later": later}
    return render_to_string("record/pack/change.html", context).encode()


def _counted(summary: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in summary.items())


def index_page(
    register: Iterable[Mapping[str, str]],
    *,
    cut: Cut,
    about: str,
    reader: str,
    span: Span | None,
    moved: Iterable[Mapping[str, Any]],
) -> bytes:
    """Each change of the register with a link to its page. `moved`: those of the manifest. `span` None: the pack is of one change."""
    numbers = [row["number"] for row in moved]
    context = {"register": register, "cut": cut, "about": about, "reader": reader, "span": span, "moved": numbers}
    return render_to_string("record/pack/index.html", context).encode()
