"""Who watches what."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Case, Exists, OuterRef, Q, QuerySet, When

from cybercube_portal.notices.models import SERVICE, Watch


def watchers_of(subjects: Iterable[str]) -> set[int]:
    """Ids of everybody who watches one of `subjects`."""
    return set(Watch.objects.filter(subject__in=list(subjects)).values_list("person_id", flat=True))


def watches_of(person: int) -> QuerySet[Watch]:
    """What somebody watches: services first, then the newest."""
    of_service = Q(subject__startswith=SERVICE)
    return Watch.objects.filter(person_id=person).order_by(Case(When(of_service, then=0), default=1), "-since", "-id")


def watching(person: int, subject: OuterRef | str) -> Exists:
    """Whether a person watches a subject, perhaps a column of the query it is asked with: no query of its own."""
    return Exists(Watch.objects.filter(person_id=person, subject=subject))
