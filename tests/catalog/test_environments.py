from __future__ import annotations

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from cybercube_portal.catalog.selectors import get_environment
from cybercube_portal.errors import NotFound


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


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "code"), [("stg", "stg"), ("staging", "stg"), ("Production", "prd"), ("development", "dev")]
)
def test_get_environment__long_name_or_code__same_environment(name: str, code: str) -> None:
    assert get_environment(name).code == code


@pytest.mark.django_db
def test_get_environment__unknown__refused() -> None:
    with pytest.raises(NotFound, match="dev, stg or prd"):
        get_environment("qa")
