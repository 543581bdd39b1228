"""A deployment window binds until it is removed: none kept from before has an end for the gate to forget it by."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("changes", "0005_open_artifacts")]

    operations = [
        migrations.RunSQL(
            "UPDATE changes_deploymentwindow SET envelope_ends_at = NULL WHERE envelope_ends_at IS NOT NULL",
            migrations.RunSQL.noop,
        )
    ]
