"""Segments."""

from __future__ import annotations

from django.db.models import QuerySet

from cybercube_portal.errors import NotFound
from flags.models import Segment


def segments_listed() -> QuerySet[Segment]:
    """All of them, by slug."""
    return Segment.objects.order_by("slug")


def get_segment(slug: str) -> Segment:
    """Raises NotFound."""
    segment = Segment.objects.filter(slug=slug).first()
    if segment is None:
        raise NotFound(f"There is no segment {slug:.60}.", code="segment.unknown")
    return segment
