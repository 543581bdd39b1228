"""What tests of the pages of changes type into forms and read out of pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from html.parser import HTMLParser
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from changes.policy.risk import QUESTIONS

# ui.md section 3: what one page may cost.
MOST_QUERIES = 12
LARGEST = 300_000
Sessions = Callable[[str], Client]


def normal(scheduled_time: str = "2026-01-15T12:00", **fields: Any) -> dict[str, Any]:
    """The full form as somebody fills it in: low risk, a day and two hours ahead."""
    return {
        "title": "Deploy billing-service v2.3.1",
        "description": "Fix for EU tax calculation (CC-5678)",
        "services": ["billing-service"],
        "environments": ["prd"],
        "artifacts": ["billing-service:v2.3.1", ""],
        "scheduled_time": scheduled_time,
        "estimated_duration": "30m",
        "rollback_plan": "Revert to billing-service:v2.3.0",
        "rollback_version": "v2.3.0",
        **{f"risk_{key}": "no" for key in QUESTIONS},
        **{f"impact_{part}": "none" for part in ("customers", "downtime", "data")},
        **fields,
    }


@contextmanager
def within_budget() -> Iterator[None]:
    """Fails when more than MOST_QUERIES are asked."""
    with CaptureQueriesContext(connection) as asked:
        yield
    assert len(asked) <= MOST_QUERIES, "\n".join(query["sql"][:150] for query in asked)


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words += data.split()


def words_of(page: Any) -> str:
    """The text of an answer's page, its white space collapsed."""
    reader = _Words()
    reader.feed(page.content.decode())
    return " ".join(reader.words)


def wall(moment: datetime) -> str:
    """As a datetime-local field writes it."""
    return f"{moment:%Y-%m-%dT%H:%M}"
