"""Note how long artifacts are kept (§3.5). Artifacts are immutable, so this stands beside them; nothing is deleted anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from cybercube_portal.audit.actions import record
from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.catalog.events import CatalogEvent
from cybercube_portal.catalog.models import Artifact, Retention
from cybercube_portal.catalog.retention import retained_until
from cybercube_portal.catalog.states import ArtifactType

AT_ONCE = 1000


def judge_retention(*, last_used_at: Mapping[tuple[str, str], datetime], now: datetime) -> int:
    """Judge every artifact; `last_used_at` by (service slug, version) says when it last ran in production. Returns how many expired now."""
    expired, after = 0, 0
    while rows := list(_page(after)):
        expired += _judge(rows, last_used_at, now=now)
        after = rows[-1].pk
    return expired


@transaction.atomic
def _judge(rows: list[Artifact], last_used_at: Mapping[tuple[str, str], datetime], *, now: datetime) -> int:
    known = {row.artifact_id: row for row in Retention.objects.select_for_update().filter(artifact__in=rows)}
    written, gone = [], []
    for artifact in rows:
        used = last_used_at.get((artifact.service.slug, artifact.version))
        until = retained_until(ArtifactType(artifact.type), registered_at=artifact.registered_at, last_used_at=used)
        was = known.get(artifact.pk)
        kept = Retention(artifact=artifact) if was is None else was
        is_over = until is not None and until <= now
        if is_over and kept.expired_at is None:
            gone.append(artifact)
        wanted = (until, used, (kept.expired_at or now) if is_over else None)
        if was is None or wanted != (kept.retain_until, kept.last_used_at, kept.expired_at):
            kept.retain_until, kept.last_used_at, kept.expired_at = wanted
            written.append(kept)
    Retention.objects.bulk_create(
        written,
        update_conflicts=True,
        unique_fields=["artifact"],
        update_fields=["retain_until", "last_used_at", "expired_at"],
    )
    for artifact in gone:
        reference = f"{artifact.service.slug}:{artifact.version}"
        record(
            CatalogEvent.ARTIFACT_EXPIRED,
            object_type="artifact",
            object_id=reference,
            subjects=[f"artifact:{reference}", f"service:{artifact.service.slug}"],
            actor=SYSTEM,
            at=now,
            data={"digest": artifact.digest, "registered_at": artifact.registered_at},
        )
    return len(gone)


def _page(after: int) -> list[Artifact]:
    rows = Artifact.objects.filter(pk__gt=after).select_related("service").order_by("pk")
    return list(rows.defer("migrations", "commits", "dependencies", "signature")[:AT_ONCE])
