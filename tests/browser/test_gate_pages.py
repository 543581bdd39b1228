from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from rest_framework.test import APIClient

from changes.actions.approvals import approve_change
from changes.models import ChangeRequest
from changes.proposals import ArtifactName
from cybercube_portal import clock
from cybercube_portal.people.actions import issue_key
from cybercube_portal.people.actors import OPERATOR
from tests.factories import changes as stories
from tests.factories import releases as lives
from tests.factories.people import Cast
from tests.releases.asking import SERVICE, URL, VERSION, prove

pytestmark = pytest.mark.browser

Look = Callable[[Page, str], None]
OpenBrowser = Callable[..., Page]
LONG = "a-service-whose-name-is-as-long-as-the-catalogue-lets-a-name-be"


@pytest.fixture
def now(people: Cast) -> datetime:
    """The clock runs, as it does for a browser."""
    return clock.now()


@pytest.fixture
def change(now: datetime) -> ChangeRequest:
    """In review, of a proved artifact, with a freeze over a part of its slot."""
    artifact = stories.artifact(stories.service(SERVICE), VERSION, at=now)
    for stage in ("build", "test", "scan"):
        prove(artifact, stage, at=now, summary={"critical": 0, "high": 0} if stage == "scan" else {})
    lives.staged(at=now - timedelta(hours=1))
    slot = now + timedelta(hours=26)
    named = (ArtifactName(service=SERVICE, version=VERSION),)
    stories.freeze(now=now, title="Payday", starts_at=slot + timedelta(minutes=30), ends_at=slot + timedelta(hours=1))
    return stories.in_review(now=now, scheduled_time=slot, artifacts=named)


@pytest.fixture
def pipeline(now: datetime) -> Callable[..., dict[str, Any]]:
    """`pipeline(**members)`: ask as ci-payments does; `pipeline(id=…)` looks again."""
    _, text = issue_key(username="ci-payments", actor=OPERATOR, now=now, scopes=["gate"])
    ci = APIClient(HTTP_AUTHORIZATION=f"Bearer {text}")

    def ask(**members: Any) -> dict[str, Any]:
        kept = members.pop("id", None)
        question = {"service": SERVICE, "version": VERSION, "environment": "prd", **members}
        body: dict[str, Any] = (ci.get(f"{URL}{kept}/") if kept else ci.post(URL, question)).json()
        return body

    return ask


def test_log_and_decision__a_waiting_question__accessible_and_told_alike(
    change: ChangeRequest, now: datetime, pipeline: Callable[..., dict[str, Any]], open_browser: OpenBrowser, look: Look
) -> None:
    run = {"provider": "github", "id": "4711", "attempt": 2, "url": "https://ci.example.com/4711"}
    waiting = pipeline(run=run, actor="alice")
    pipeline(environment="stg")
    pipeline(service=LONG, version="v10.20.30-rc.1", action="rollback")
    approve_change(number=change.number, actor=stories.actor("bob"), now=now)
    pipeline(id=waiting["id"])

    page = open_browser("alice")
    page.goto("/gate/?q=team:@me")
    expect(page.get_by_role("row")).to_have_count(4)
    page.goto("/gate/")
    look(page, "gate-log")
    page.get_by_role("link", name="Wait", exact=True).click()
    page.get_by_role("link", name=f"{SERVICE}:{VERSION}").click()
    expect(page.get_by_role("heading", name="The gate waits")).to_be_visible()
    expect(page.get_by_text("Settled: The change is in review.")).to_be_visible()
    page.get_by_text("rules hold or do not apply").click()
    look(page, "gate-decision-wait")

    page.goto("/gate/?q=is:allow")
    page.get_by_role("link", name=f"{SERVICE}:{VERSION}").first.click()
    expect(page.get_by_role("heading", name="The gate let this pass")).to_be_visible()
    look(page, "gate-decision-allow")


def test_ask__without_javascript_on_a_phone__answered_corrected_and_asked_again(
    change: ChangeRequest, open_browser: OpenBrowser
) -> None:
    page = open_browser("alice", scripts=False, window="phone")
    page.goto("/gate/")
    page.get_by_role("link", name="Would it pass?").click()
    page.get_by_label("Service").fill(SERVICE)
    page.get_by_role("button", name="Ask the gate").click()
    expect(page.get_by_role("alert")).to_contain_text("To deploy, name a version such as v2.3.1")
    expect(page.get_by_label("Service")).to_have_value(SERVICE)
    page.get_by_label("Version").fill(VERSION)
    page.get_by_role("button", name="Ask the gate").click()
    expect(page.get_by_role("heading", name="It would wait")).to_be_in_viewport()
    expect(page.get_by_text("Engineer has not approved").first).to_be_visible()
    page.get_by_label("Environment").select_option("stg")
    page.get_by_role("button", name="Ask the gate").click()
    expect(page.get_by_role("heading", name="It would pass.")).to_be_visible()
    page.goto(f"/changes/{change.number}/")
    page.get_by_role("link", name="What the gate says of this change").click()
    page.get_by_text("Now", exact=True).click()
    expect(page.locator("details[open]").get_by_text("Wait for its approvals.")).to_be_visible()


def test_ask__errors_and_answers__accessible_in_both_themes_and_on_a_phone(
    change: ChangeRequest, open_browser: OpenBrowser, look: Look
) -> None:
    page = open_browser("alice")
    page.goto("/gate/ask/?service=&version=latest!&environment=prd&action=deploy&at=never")
    page.get_by_role("alert").get_by_role("link", name="Service").click()
    expect(page.get_by_label("Service")).to_be_focused()
    look(page, "gate-ask-refused")
    page.goto(f"/gate/ask/?service={SERVICE}&version={VERSION}&environment=prd&action=deploy")
    expect(page.locator("#forecast").get_by_text("Payday").first).to_be_visible()
    look(page, "gate-ask-wait")
    page.goto(f"/gate/ask/?service={LONG}&version=v1.0.0&environment=prd&action=migrate&change=CR-2020-0101-001")
    expect(page.get_by_role("heading", name="It would not pass.")).to_be_visible()
    look(page, "gate-ask-deny")


def test_change__its_page__shows_the_gate_once_it_stands(
    change: ChangeRequest, pipeline: Callable[..., dict[str, Any]], open_browser: OpenBrowser, look: Look
) -> None:
    pipeline()
    page = open_browser("alice")
    page.goto(f"/changes/{change.number}/")
    panel = page.locator("#gate")
    expect(panel.get_by_text("At its slot")).to_be_visible()
    look(page, "gate-change")
    panel.get_by_text("At its slot").click()
    opened = panel.locator("details[open]")
    expect(opened.get_by_text("Wait for its approvals.")).to_be_visible()
    look(page, "gate-change-opened")
    panel.get_by_role("link", name="Ask the gate, with the days ahead").last.click()
    expect(page.get_by_role("heading", name="It would wait")).to_be_visible()
