"""Segments, and who reads them."""

from __future__ import annotations

from django.db.models import QuerySet

from cybercube_portal.errors import NotFound
from flags.models import FlagEnvironment, Segment, SegmentVersion

SEGMENT_OPERATORS = frozenset({"segment", "not_segment"})


def segments_listed() -> QuerySet[Segment]:
    """All of them, by slug."""
    return Segment.objects.order_by("slug")


def get_segment(slug: str) -> Segment:
    """Raises NotFound."""
    segment = Segment.objects.filter(slug=slug).first()
    if segment is None:
        raise NotFound(f"There is no segment {slug:.60}.", code="segment.unknown")
    return segment


def versions_of_segment(segment: Segment) -> QuerySet[SegmentVersion]:
    """Who was in it when, the newest first."""
    return segment.versions.select_related("by")


def readers_of_segments() -> dict[str, dict[str, list[str]]]:
    """For each segment the flags in use whose rules name it, by key with the environments; those switched off too. One query."""
    rows = FlagEnvironment.objects.filter(flag__archived_at__isnull=True).exclude(content__rules=[])
    found: dict[str, dict[str, list[str]]] = {}
    for key, environment, content in rows.order_by("flag__key", "pk").values_list(
        "flag__key", "environment", "content"
    ):
        for slug in segments_in(content):
            found.setdefault(slug, {}).setdefault(key, []).append(environment)
    return found


def segments_in(content: dict[str, object]) -> list[str]:
    """The segments that a content names, each once."""
    rules = content.get("rules")
    named = [
        slug
        for rule in (rules if isinstance(rules, list) else ())
        for condition in rule.get("conditions", ())
        if condition["operator"] in SEGMENT_OPERATORS
        for slug in condition["value"]
    ]
    return list(dict.fromkeys(named))
