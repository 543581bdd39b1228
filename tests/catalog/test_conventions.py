"""POST conventions/check/, and the page beside the standard."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from cybercube_portal import clock
from cybercube_portal.catalog.conventions.table import RULES

URL = "/api/v1/conventions/check/"
BRANCH = "feature/CC-1234-user-authentication"


@pytest.fixture
def ask(api: Callable[..., APIClient]) -> Callable[[Any], Any]:
    client = api("ci-payments")

    def post(body: Any) -> Any:
        return client.post(URL, body, format="json")

    return post


def test_check__one_value__is_answered_with_the_broken_rule_and_an_example(ask: Callable[[Any], Any]) -> None:
    assert ask({"kind": "branch", "value": BRANCH}).json() == {"ok": True, "violations": []}
    assert ask({"kind": "branch", "value": "feature/user-auth"}).json() == {
        "ok": False,
        "violations": [
            {
                "kind": "branch",
                "value": "feature/user-auth",
                "rule": "branch.feature",
                "section": "§2.2",
                "message": "After feature/ stands a ticket, such as CC-1234.",
                "example": BRANCH,
            }
        ],
    }


def test_check__many_values__are_judged_in_their_order(ask: Callable[[Any], Any]) -> None:
    body = ask(
        {
            "checks": [
                {"kind": "version", "value": "v2.3"},
                {"kind": "commit", "value": "feat(auth): add Google OAuth\n\nCloses CC-1234\n"},
                {"kind": "variable", "value": ""},
            ]
        }
    ).json()

    assert body["ok"] is False
    assert [found["rule"] for found in body["violations"]] == ["version.semver", "variable.format"]


def test_check__branch_with_its_date__is_held_to_its_lifetime(
    ask: Callable[[Any], Any], now: datetime, clock_at: Callable[[datetime], datetime]
) -> None:
    clock_at(now)
    hotfix = {"kind": "branch", "value": "hotfix/CC-9999-fix-login-error"}
    young, old = (
        ask({**hotfix, "created_at": (now - age).isoformat()}).json()
        for age in (timedelta(hours=23), timedelta(hours=24))
    )

    assert young["ok"] is True
    assert old["violations"][0]["rule"] == "branch.lifetime"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/checks"),
        ({"checks": []}, "/checks"),
        ({"kind": "branch"}, "/value"),
        ({"value": "main"}, "/kind"),
        ({"kind": "tag", "value": "v1.0.0"}, "/kind"),
        ({"kind": "branch", "value": 7}, "/value"),
        ({"kind": "branch", "value": "x" * 20_001}, "/value"),
        ({"kind": "branch", "value": "main", "checks": [{"kind": "branch", "value": "main"}]}, "/checks"),
        ({"checks": [{"kind": "branch", "value": "main"}, {"kind": "branch"}]}, "/checks/1/value"),
        ({"kind": "version", "value": "v1.0.0", "created_at": "2026-01-14T10:00:00Z"}, "/created_at"),
        ({"kind": "branch", "value": "main", "created_at": "2150-01-14T10:00:00Z"}, "/created_at"),
        (
            {
                "checks": [
                    {"kind": "branch", "value": "main"},
                    {"kind": "branch", "value": "main", "created_at": "2150-01-14T10:00:00Z"},
                ]
            },
            "/checks/1/created_at",
        ),
        ({"kind": "commit", "value": "feat(auth): a\0b"}, "/value"),
        ({"kind": "branch", "value": "main", "created": "2026-01-14T10:00:00Z"}, "/created"),
        ({"checks": [{"kind": "branch", "value": "main"}] * 501}, "/checks"),
    ],
)
def test_check__question_that_is_none__is_refused_where_it_is_wrong(
    ask: Callable[[Any], Any], body: Any, pointer: str
) -> None:
    answer = ask(body)

    assert answer.status_code in {400, 422}
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


def test_page__without_a_question__shows_every_rule_beside_its_section(
    browser_session: Callable[[str], Client],
) -> None:
    page = browser_session("kim").get("/conventions/")

    assert page.status_code == 200
    shown = [rule for _, _, rules in page.context["groups"] for rule in rules]
    assert shown == list(RULES)
    assert all(rule.name in page.content.decode() for rule in RULES)


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        ("branch", BRANCH, "It follows the conventions."),
        ("branch", "<script>x</script>", "A branch is main"),
        ("commit", "feat(auth): add\r\n\r\nCloses CC-1", "It follows the conventions."),
        ("commit", "  feat(auth): add", "The first line is"),
        ("flag", "new_dashboard", "A flag begins with one of"),
    ],
)
def test_page__value_in_the_address__is_answered_there(
    browser_session: Callable[[str], Client], kind: str, value: str, told: str
) -> None:
    page = browser_session("alice").get("/conventions/", {"kind": kind, "value": value}).content.decode()

    assert told in page
    assert "<script>x" not in page


@pytest.mark.parametrize(
    ("kind", "made", "told"),
    [
        ("branch", "2026-01-14T10:00", "It has lived"),
        ("branch", "soon", "Enter a valid date/time."),
        ("version", "2026-01-14T10:00", "Only a branch has a lifetime"),
    ],
)
def test_page__of_a_branch_with_its_date__holds_it_to_its_lifetime(
    browser_session: Callable[[str], Client], kind: str, made: str, told: str
) -> None:
    alice, asked = browser_session("alice"), {"kind": kind, "value": "hotfix/CC-9999-fix-login-error", "made": made}

    assert told in alice.get("/conventions/", asked).content.decode()
    coming = (clock.now() + timedelta(days=30)).isoformat(timespec="minutes").removesuffix("+00:00")
    page = alice.get("/conventions/", {**asked, "kind": "branch", "made": coming}).content.decode()
    assert "It must not lie in the future." in page


@pytest.mark.parametrize("asked", [{"value": "x"}, {"kind": "tag", "value": "x"}, {"kind": "flag", "value": ""}])
def test_page__question_that_is_none__keeps_what_was_typed(
    browser_session: Callable[[str], Client], asked: dict[str, str]
) -> None:
    page = browser_session("alice").get("/conventions/", asked)

    assert page.status_code == 422
    assert page.context["form"].data["value"] == asked["value"]
