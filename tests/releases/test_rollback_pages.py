"""Two clicks for on-call; the notice; incidents as a list."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from releases.actions.notices import send_notice
from releases.actions.outcomes import fail_deployment
from releases.models import Deployment, Incident
from releases.states import DeploymentState, IncidentState
from tests.factories.deployments import HOUR, SERVICE, deployed

OLD, BAD = "v2.3.0", "v2.3.1"
MOST_QUERIES = 12
FORM = {"reason": "Checkout is broken", "to_version": OLD, "trigger": "functionality", "method": "redeploy"}


@pytest.fixture
def bad(held: datetime) -> Deployment:
    """v2.3.1 failed in production, v2.3.0 ran there before."""
    deployed(OLD, at=held - 24 * HOUR)
    return deployed(BAD, at=held - HOUR, state=DeploymentState.FAILED)


@pytest.fixture
def grace(browser_session: Callable[[str], Client]) -> Client:
    """On call."""
    return browser_session("grace")


def url(deployment: Deployment, verb: str = "roll_back") -> str:
    return f"/deployments/{deployment.reference}/{verb}/"


def test_roll_back_page__for_on_call__target_method_driver_gate_and_one_button(
    bad: Deployment, grace: Client, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(MOST_QUERIES):
        page = grace.get(url(bad))

    text = page.content.decode()
    for words in (f"Roll back to {OLD}", "Redeploy the version before", "manual", "It would pass.", "5xx everywhere"):
        assert words in text, words
    assert text.count("btn-primary") == 1
    assert "It did not pass its verification" in text


def test_roll_back_page__as_it_was_offered__sent_back_begins_it(bad: Deployment, grace: Client) -> None:
    form = grace.get(url(bad)).context["form"]
    offered = {name: form.initial[name] for name in form.fields}

    answer = grace.post(url(bad), offered, follow=True)

    assert answer.redirect_chain == [(url(bad), 302)]
    assert Deployment.objects.get(pk=bad.pk).state == DeploymentState.ROLLING_BACK
    assert Deployment.objects.get(action="rollback").version == OLD
    assert "How it goes" in answer.content.decode()


def test_roll_back_page__for_another_team__says_who_can_and_has_no_button(
    bad: Deployment, browser_session: Callable[[str], Client]
) -> None:
    oscar = browser_session("oscar")

    assert "btn-primary" not in oscar.get(url(bad)).content.decode()
    assert oscar.post(url(bad), FORM).status_code == 403
    assert not Deployment.objects.filter(action="rollback").exists()


def test_roll_back_page__nothing_to_go_back_to__says_fix_forward(held: datetime, grace: Client) -> None:
    first = deployed(BAD, at=held - HOUR)

    page = grace.get(url(first))

    assert page.status_code == 200
    assert "Fix forward." in page.content.decode()
    assert "btn-primary" not in page.content.decode()


def test_roll_back_page__taken_back_meanwhile__409_with_the_reason(bad: Deployment, grace: Client) -> None:
    grace.post(url(bad), FORM)

    assert grace.post(url(bad), FORM).status_code == 409


def test_roll_back_page__restoring_a_backup__offered_to_the_incident_commander_alone(
    bad: Deployment, grace: Client, browser_session: Callable[[str], Client]
) -> None:
    assert "Restore a backup" not in grace.get(url(bad)).content.decode()
    assert grace.post(url(bad), {**FORM, "method": "database_restore"}).status_code == 422
    assert "Restore a backup" in browser_session("heidi").get(url(bad)).content.decode()


def test_roll_back_page__without_a_reason__422_at_the_field(bad: Deployment, grace: Client) -> None:
    assert grace.post(url(bad), {**FORM, "reason": ""}).status_code == 422
    assert grace.post(url(bad), {**FORM, "to_version": "v9.9.9"}).status_code == 422


def test_roll_back_page__over__shows_the_notice_and_takes_peoples_words(
    bad: Deployment, grace: Client, held: datetime, django_assert_max_num_queries: Any
) -> None:
    grace.post(url(bad), FORM)
    rollback = Deployment.objects.get(action="rollback")
    fail_deployment(reference=rollback.reference, reason="Still sick", now=held)
    send_notice(reference=bad.reference, now=held)

    said = grace.post(url(bad, "notice"), {"impact": "- Nobody noticed", "next_steps": ""}, follow=True)

    assert "<li>Nobody noticed</li>" in said.content.decode()
    with django_assert_max_num_queries(MOST_QUERIES):
        page = grace.get(url(bad))
    assert "CRITICAL" in page.content.decode()


def test_roll_back_page__failed__leads_to_another_try_of_the_same_version(
    bad: Deployment, grace: Client, held: datetime
) -> None:
    grace.post(url(bad), FORM)
    failed = Deployment.objects.get(action="rollback")
    fail_deployment(reference=failed.reference, reason="No such image", now=held)

    page = grace.get(url(bad)).content.decode()
    assert f'href="{url(failed)}"' in page
    assert page.count("btn-primary") == 1
    again = grace.get(url(failed))
    assert again.context["form"].initial["to_version"] == OLD
    assert again.content.decode().count("btn-primary") == 1
    assert grace.post(url(failed), FORM).status_code == 302
    assert Deployment.objects.get(rolls_back=failed).version == OLD
    assert "How it goes" in grace.get(url(failed)).content.decode()


def test_corruption_page__reported__stop_the_traffic_and_no_button_for_on_call(bad: Deployment, grace: Client) -> None:
    page = grace.post(url(bad, "report_corruption"), {"reason": "Totals differ"}, follow=True)

    text = page.content.decode()
    assert "Stop the traffic" in text
    assert "Restore a backup" in text
    assert "btn-primary" not in text
    assert Incident.objects.get().severity == "SEV-1"


def test_corruption_page__for_the_on_call_lead__the_restore_is_one_button(
    bad: Deployment, browser_session: Callable[[str], Client]
) -> None:
    page = browser_session("heidi").get(f"{url(bad)}?trigger=data_corruption")

    assert page.content.decode().count("btn-primary") == 1
    assert page.context["form"].initial["method"] == "database_restore"


def test_incidents_page__reported_listed_resolved(
    bad: Deployment, grace: Client, django_assert_max_num_queries: Any
) -> None:
    sent = {"service": SERVICE, "environment": "prd", "title": "Checkout fails", "severity": "SEV-2"}

    assert grace.post("/incidents/new/", sent).status_code == 302
    with django_assert_max_num_queries(MOST_QUERIES):
        text = grace.get("/incidents/?q=is:open+severity:sev-2").content.decode()
    assert "Checkout fails" in text
    assert bad.reference in text
    grace.post(f"/incidents/{Incident.objects.get().reference}/resolve/")
    assert Incident.objects.get().state == IncidentState.RESOLVED
    assert "Nothing fits" in grace.get("/incidents/?q=is:open").content.decode()


def test_incidents_page__unknown_service_or_no_title__422_and_nothing_written(grace: Client) -> None:
    for members in ({"service": "nobodys"}, {"title": ""}):
        sent = {"service": SERVICE, "environment": "prd", "title": "Checkout fails", **members}
        assert grace.post("/incidents/new/", sent).status_code in {422, 200}
    assert not Incident.objects.exists()


@pytest.mark.parametrize("query", ["is:x environment:moon", "service:\x00", "source:alert team:@me", "noticed:soon"])
def test_incidents_page__queries_nobody_understands__are_answered(grace: Client, query: str) -> None:
    assert grace.get("/incidents/", {"q": query, "after": "zzz"}).status_code == 200
