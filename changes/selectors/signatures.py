"""Signatures that filled a seat, and how long they were waited for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Min, QuerySet

from changes.models import Signature


def first_signed_at() -> datetime | None:
    """When the first one was waited for; None while nobody signed."""
    found: datetime | None = Signature.objects.filter(waited__isnull=False).aggregate(first=Min("signed_at"))["first"]
    return found


def signatures_waited_for(
    start: datetime, end: datetime, *, services: Iterable[str] | None = None, seat: str = "", risk: str = ""
) -> QuerySet[Signature]:
    """Those given in the half-open span, on changes of any of these services (None: of all), of a seat and a risk if named."""
    rows = Signature.objects.filter(waited__isnull=False, signed_at__gte=start, signed_at__lt=end)
    named = {name: value for name, value in (("seat", seat), ("risk", risk)) if value}
    rows = rows.filter(**named).select_related("change", "signer")
    return rows if services is None else rows.filter(change__services__overlap=list(services))
