"""How tests read the gate's pages, and REST beside them."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.releases.asking import SERVICE, URL, VERSION

MOST_QUERIES = 12
QUESTION = {"service": SERVICE, "version": VERSION, "environment": "prd"}


def asked_over_rest(session: Client, url: str = URL, **members: Any) -> dict[str, Any]:
    """The same session's answer from REST."""
    answer = session.post(url, {**QUESTION, **members}, content_type="application/json")
    assert answer.status_code in {200, 201}, answer.content
    body: dict[str, Any] = answer.json()
    return body


def public(reasons: Any) -> list[dict[str, Any]]:
    return [reason.as_dict() for reason in reasons]


def in_any_order(reasons: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(reason, sort_keys=True) for reason in reasons)


def words(page: Any) -> str:
    """What a reader sees."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.content.decode())).split())


def queries_of(session: Client, path: str, **options: Any) -> int:
    cache.clear()
    with CaptureQueriesContext(connection) as queries:
        assert session.get(path, **options).status_code == 200
    return len(queries)
