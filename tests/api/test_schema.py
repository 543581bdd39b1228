from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from rest_framework import serializers
from rest_framework.fields import Field

pytestmark = pytest.mark.django_db


@pytest.fixture
def schema() -> dict[str, Any]:
    answer = Client().get("/api/v1/schema/", headers={"Accept": "application/vnd.oai.openapi+json"})
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_schema__is_openapi_3_1_with_a_key_or_a_session(schema: dict[str, Any]) -> None:
    assert schema["openapi"] == "3.1.0"
    kinds = {scheme.get("scheme", scheme.get("in")) for scheme in schema["components"]["securitySchemes"].values()}
    assert {"bearer", "cookie"} <= kinds


def test_schema__every_operation__may_answer_with_a_problem_and_needs_a_credential(schema: dict[str, Any]) -> None:
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            assert operation["responses"]["default"] == {"$ref": "#/components/responses/Problem"}, (method, path)
            assert operation["security"], (method, path)
            assert {} not in operation["security"], (method, path)


def test_schema__path_without_slash__the_same() -> None:
    assert Client().get("/api/v1/schema").content == Client().get("/api/v1/schema/").content


def test_docs__page__loads_only_our_own_files_and_no_inline_code() -> None:
    answer = Client().get("/api/v1/docs/")
    assert answer.status_code == 200
    page = answer.content.decode()
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(loaded) >= 4
    for address in loaded:
        assert address.startswith("/")
        if address.startswith("/static/"):
            assert finders.find(address.removeprefix("/static/")), address
        else:
            assert Client().get(address.replace("&amp;", "&")).headers["Content-Type"] == "application/javascript"
    assert not re.search(r"<script>|<style|\son\w+=|style=", page)
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_schema__of_the_framework_s_own_fields__is_their_own() -> None:
    """`extend_schema_field` on a class of the framework would say it of every field of that class, everywhere."""
    shared = [field for field in vars(serializers).values() if isinstance(field, type) and issubclass(field, Field)]
    assert len(shared) > 20
    assert [field.__name__ for field in shared if "_spectacular_annotation" in vars(field)] == []
