"""Checks and watch on a deployment's page: figures with their limits, a picture, and a table behind it (§4.7, §5.3)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from releases.actions.verification import VERIFY
from releases.models import Deployment, WatchSample
from tests.audit.listener import Listener
from tests.factories.deployments import deployed
from tests.releases.verifying import says
from tests.releases.working import work

Session = Callable[[str], Client]
STEP = timedelta(seconds=30)


@pytest.fixture
def watched(held: datetime) -> Deployment:
    """Looked at four times; at the third nothing could be read of the metrics."""
    row = deployed("v2.3.1", at=held, baseline={"latency_p99": 100.0})
    for number, (errors, p99, healthy) in enumerate(
        ((0.001, 110.0, True), (0.02, 120.0, True), (None, None, None), (0.004, 260.0, False))
    ):
        WatchSample.objects.create(
            deployment=row, at=held + number * STEP, error_rate=errors, latency_p99=p99, is_healthy=healthy
        )
    return row


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_checks__that_left_a_doubt__show_verdict_value_and_threshold(
    finished: Deployment, metrics: Listener, browser_session: Session
) -> None:
    says(metrics, "<html>")
    work(VERIFY)
    page = browser_session("alice").get(f"/deployments/{finished.reference}/").content.decode()

    said = text_of(page)
    assert "Cannot tell" in said
    assert "1 %" in said
    assert "500 ms" in said
    assert "Prometheus did not answer in JSON" in said
    assert f'action="/deployments/{finished.reference}/verify/"' in page
    assert f'action="/deployments/{finished.reference}/fail/"' in page


def test_verify_and_fail__on_the_page__do_what_they_say(
    finished: Deployment, metrics: Listener, browser_session: Session
) -> None:
    says(metrics, "<html>")
    work(VERIFY)
    alice = browser_session("alice")
    assert alice.post(f"/deployments/{finished.reference}/verify/").status_code in {302, 303}
    assert "Queued" in alice.get(f"/deployments/{finished.reference}/").content.decode()
    work(VERIFY)
    alice.post(f"/deployments/{finished.reference}/fail/", {"reason": "Customers call"})
    row = Deployment.objects.get()
    assert (row.state, row.note) == ("failed", "Customers call")


def test_watch__while_it_runs__comes_again_by_itself(watched: Deployment, browser_session: Session) -> None:
    page = browser_session("alice").get(f"/deployments/{watched.reference}/").content.decode()
    assert f'hx-get="/deployments/{watched.reference}/watch/" hx-trigger="every 30s"' in page
    said = text_of(page)
    assert "The service was healthy at 2 looks of 4." in said
    assert "It was not at 1." in said
    assert "0.4 %" in said
    assert "line at 200 ms" in said


def test_watch__a_look_that_saw_nothing__breaks_the_line(watched: Deployment, browser_session: Session) -> None:
    part = browser_session("alice").get(f"/deployments/{watched.reference}/watch/", headers={"HX-Request": "true"})
    html = part.content.decode()
    assert html.count("<polyline") == 2
    assert html.count('class="watch-dot"') == 2
    assert html.lstrip().startswith('<div id="watch"')


def test_watch__over__asks_no_more(watched: Deployment, held: datetime, browser_session: Session) -> None:
    Deployment.objects.update(watched_at=held)
    page = browser_session("alice").get(f"/deployments/{watched.reference}/").content.decode()
    assert "hx-trigger" not in page[page.index('<div id="watch"') :].split(">")[0]


def test_watch__opened_as_a_link__is_the_page(watched: Deployment, browser_session: Session) -> None:
    answer = browser_session("alice").get(f"/deployments/{watched.reference}/watch/")
    assert (answer.status_code, answer["Location"]) == (302, f"/deployments/{watched.reference}/")


def test_metrics__count_verifications_by_state_and_what_is_watched(watched: Deployment, client: Client) -> None:
    said = client.get("/metrics").content.decode()
    assert 'portal_verifications{state="inconclusive"} 0.0' in said
    assert "portal_deployments_watched 1.0" in said
