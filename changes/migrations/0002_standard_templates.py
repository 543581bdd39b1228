"""Seed the standard's pre-approved changes (§6.2)."""

from __future__ import annotations

from datetime import UTC, datetime

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from changes.catalogue import STANDARD

EFFECTIVE = datetime(2026, 1, 17, tzinfo=UTC)


def seed(apps: Apps, _schema_editor: BaseDatabaseSchemaEditor | None) -> None:
    template = apps.get_model("changes", "Template")
    for row in STANDARD:
        template.objects.get_or_create(slug=row["slug"], defaults={**row, "proposed_at": EFFECTIVE})
    # As everybody else's: proposed first, then activated; the triggers know no other way.
    template.objects.filter(state="proposed", proposed_by=None).update(state="active", activated_at=EFFECTIVE)


class Migration(migrations.Migration):
    dependencies = [("changes", "0001_initial")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
