"""Seed dev, stg and prd with the standard's own words (§1.2, §1.3, §1.4)."""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from cybercube_portal.catalog.environments import ISOLATION, STANDARD


def seed(apps: Apps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    environment = apps.get_model("catalog", "Environment")
    for row in STANDARD:
        environment.objects.get_or_create(code=row["code"], defaults={**row, "isolation": list(ISOLATION)})


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
