"""The watch of a deployment as a picture with its table behind it (§5.3): no script is needed to read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from cybercube_portal.web import PageRequest, asked_by_itself, show
from releases.models import Deployment, WatchSample
from releases.policy.verification import Thresholds, in_words
from releases.policy.watching import LATENCY_FACTOR, ROLL_BACK_ERRORS
from releases.selectors.deployment_view import watch_of
from releases.selectors.deployments import get_deployment
from releases.selectors.watch import is_being_watched
from releases.states import CheckKind

WIDTH, HEIGHT = 600, 96
HEADROOM = 1.15
DIGITS = 4
PART = "releases/parts/watch.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A dashed line at height `y`: above it, `words`."""

    y: float
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One figure over the watch. `lines` are polylines, broken where nothing could be read; `dots` single readings."""

    name: str | Promise
    lines: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    limits: tuple[Limit, ...]
    now: str
    highest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What the part draws. `every`: seconds between two looks while it runs, 0 when it is over."""

    curves: tuple[Curve, ...]
    healthy: int
    unhealthy: int
    rows: tuple[WatchSample, ...]
    every: int
    width: int = WIDTH
    height: int = HEIGHT


@require_safe
@asked_by_itself
def deployment_watch(request: PageRequest, reference: str) -> HttpResponse:
    """The watch alone, for the page that shows it; a link opens that page."""
    deployment = get_deployment(reference)
    if "HX-Request" not in request.headers:
        return redirect(reverse("deployment", args=[reference]))
    watch = watch_of(deployment)
    response = show(request, PART, {"deployment": deployment, "watch": watch, "picture": picture_of(deployment, watch)})
    patch_vary_headers(response, ["HX-Request"])
    return response


def picture_of(deployment: Deployment, watch: dict[str, object] | None) -> Picture | None:
    """The curves and the table of a watch; None without one."""
    if watch is None or deployment.watch_until is None:
        return None
    samples: Sequence[WatchSample] = watch["samples"]  # type: ignore[assignment]
    thresholds = Thresholds.of(deployment.service.thresholds)
    baseline = deployment.baseline.get("latency_p99")
    told = [sample.is_healthy for sample in samples if sample.is_healthy is not None]
    return Picture(
        curves=(
            _curve(
                CheckKind.ERROR_RATE,
                _("Error rate"),
                deployment,
                samples,
                limits=(thresholds.error_rate, max(ROLL_BACK_ERRORS, thresholds.error_rate)),
            ),
            _curve(
                CheckKind.LATENCY_P99,
                _("p99 latency"),
                deployment,
                samples,
                limits=(LATENCY_FACTOR * baseline,) if baseline else (),
            ),
        ),
        healthy=sum(told),
        unhealthy=len(told) - sum(told),
        rows=tuple(reversed(samples)),
        every=max(1, int(settings.WATCH_INTERVAL.total_seconds())) if is_being_watched(deployment) else 0,
    )


def _curve(
    kind: CheckKind,
    name: str | Promise,
    deployment: Deployment,
    samples: Sequence[WatchSample],
    *,
    limits: tuple[float, ...],
) -> Curve:
    values: list[float] = [value for value in (getattr(sample, kind.value) for sample in samples) if value is not None]
    ceiling = max((*values, *limits[:1]), default=0.0) * HEADROOM or 1.0
    place = _across(deployment)

    def point(sample: WatchSample) -> tuple[float, float]:
        return place(sample.at), _height(getattr(sample, kind.value), ceiling)

    pieces = list(_unbroken(samples, kind.value))
    return Curve(
        name=name,
        lines=tuple(" ".join(f"{x:.1f},{y:.1f}" for x, y in map(point, piece)) for piece in pieces if len(piece) > 1),
        dots=tuple(point(piece[0]) for piece in pieces if len(piece) == 1),
        limits=tuple(
            Limit(y=_height(limit, ceiling), words=in_words(kind, limit, digits=DIGITS))
            for limit in limits
            if limit <= ceiling
        ),
        now=in_words(kind, values[-1], digits=DIGITS) if values else "",
        highest=in_words(kind, max(values), digits=DIGITS) if values else "",
    )


def _height(value: float, ceiling: float) -> float:
    return round(HEIGHT * (1 - min(value / ceiling, 1.0)), 1)


def _across(deployment: Deployment) -> Callable[[datetime], float]:
    """Where a moment stands between the beginning and the end of the watch."""
    since, until = deployment.verified_at or deployment.created_at, deployment.watch_until or deployment.created_at
    span = (until - since).total_seconds() or 1.0
    return lambda at: round(WIDTH * min(max((at - since).total_seconds() / span, 0.0), 1.0), 1)


def _unbroken(samples: Sequence[WatchSample], name: str) -> Iterator[list[WatchSample]]:
    """Runs of samples that have the figure."""
    piece: list[WatchSample] = []
    for sample in samples:
        if getattr(sample, name) is not None:
            piece.append(sample)
        elif piece:
            yield piece
            piece = []
    if piece:
        yield piece
