"""The database itself keeps artifacts and evidence as they were written (§3.1)."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction
from rest_framework.test import APIClient

from cybercube_portal.catalog.models import Artifact, Evidence
from tests.factories.catalog import OTHER_DIGEST, artifact_body, scan_body


@pytest.fixture
def scanned(pipeline: APIClient) -> None:
    pipeline.post("/api/v1/artifacts/", artifact_body())
    pipeline.post("/api/v1/artifacts/billing-service:v2.3.1/evidence/", scan_body(status="failed"))


@pytest.mark.parametrize(
    "sql",
    [
        f"UPDATE catalog_artifact SET digest = '{OTHER_DIGEST}'",
        "UPDATE catalog_artifact SET version = 'v2.3.2'",
        "UPDATE catalog_artifact SET digest = digest",
        "DELETE FROM catalog_artifact",
        "UPDATE catalog_evidence SET status = 'passed'",
        "UPDATE catalog_evidence SET summary = '{}'",
        "DELETE FROM catalog_evidence",
        "INSERT INTO catalog_artifact SELECT * FROM catalog_artifact ON CONFLICT (id) DO UPDATE SET digest = ''",
    ],
)
def test_rewrite_artifact__raw_sql__refused(scanned: None, sql: str) -> None:
    before = (list(Artifact.objects.values()), list(Evidence.objects.values()))
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert (list(Artifact.objects.values()), list(Evidence.objects.values())) == before


@pytest.mark.parametrize("column", ["digest = 'sha256:ABC'", "digest = ''", "type = 'rumour'", "version = 'v2.3.1'"])
def test_store_artifact__raw_sql_of_a_wrong_form__refused(scanned: None, column: str) -> None:
    name, value = column.split(" = ")
    columns = [field.column for field in Artifact._meta.concrete_fields if field.column and field.column != "id"]
    chosen = [value if field == name else f"'v9.9.9' AS {field}" if field == "version" else field for field in columns]
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO catalog_artifact ({', '.join(columns)}) SELECT {', '.join(chosen)} FROM catalog_artifact"
        )
