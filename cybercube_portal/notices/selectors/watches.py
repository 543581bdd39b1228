"""Who watches what."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from cybercube_portal.notices.models import Watch


def watchers_of(subjects: Iterable[str]) -> set[int]:
    """Ids of everybody who watches one of `subjects`."""
    return set(Watch.objects.filter(subject__in=list(subjects)).values_list("person_id", flat=True))


def watches_of(person: int) -> QuerySet[Watch]:
    """What somebody watches, the newest first."""
    return Watch.objects.filter(person_id=person)


def is_watched(subject: str, *, by: int) -> bool:
    """Whether a person watches it."""
    return Watch.objects.filter(person_id=by, subject=subject).exists()
