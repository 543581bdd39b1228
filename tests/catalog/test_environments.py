from __future__ import annotations

from collections.abc import Callable

from rest_framework.test import APIClient


def test_list_environments__freshly_migrated__the_standards_table(api: Callable[..., APIClient]) -> None:
    rows = api("kim").get("/api/v1/environments").json()["results"]
    assert [(row["code"], row["name"], row["url_pattern"]) for row in rows] == [
        ("dev", "Development", "*.dev.cybercube.software"),
        ("stg", "Staging", "*.staging.cybercube.software"),
        ("prd", "Production", "*.cybercube.software"),
    ]
    production = rows[2]
    assert production["purpose"] == "Customer traffic"
    assert production["data"] == "Real customer data"
    assert production["uptime_slo"] == "99.9%+"
    assert production["deployment"] == "Approved releases"
    assert [row["isolation"] for row in production["isolation"]] == [
        "Network", "Database", "Secrets", "IAM", "Monitoring", "Logs"
    ]  # fmt: skip
