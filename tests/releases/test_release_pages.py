"""Pages of releases: opening one, its checklist and moves, its words, its feeds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.test import Client
from rest_framework.test import APIClient

from releases.models import Migration, Release
from tests.factories import changes as story
from tests.factories import deployments
from tests.factories.people import Cast

SERVICE = "billing-service"
ATOM = {"atom": "http://www.w3.org/2005/Atom"}
COMMITS = [
    {
        "sha": "a" * 10,
        "message": "fix(billing): correct tax <b>calculation</b>\n\nFixes CC-5678",
        "committed_at": "2026-01-13T10:00:00+00:00",
    }
]


@pytest.fixture
def alice(
    cast: Cast, now: datetime, clock_at: Callable[[datetime], datetime], browser_session: Callable[[str], Client]
) -> Client:
    clock_at(now)
    story.artifact(story.service(SERVICE), "v2.3.1", at=now, commits=COMMITS)
    deployments.deployed("v2.3.0", at=now - timedelta(days=9))
    return browser_session("alice")


@pytest.fixture
def release(alice: Client) -> Release:
    answer = alice.post("/releases/new/", {"service": SERVICE, "version": "v2.3.1"})
    assert answer.status_code == 302, answer.content
    return Release.objects.get()


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.content
    return str(answer.content.decode())


def test_page__of_a_new_release__says_what_its_change_lacks_and_shows_every_item(
    alice: Client, release: Release, django_assert_max_num_queries: Any
) -> None:
    alice.get("/")  # what stands around every page is remembered from here on
    with django_assert_max_num_queries(12):
        shown = text_of(alice.get(f"/releases/{release.reference}/"))
    assert "What the next step needs" in shown
    assert release.change in shown
    assert "Feature flags enabled (if applicable)" in shown
    with django_assert_max_num_queries(12):
        listed = text_of(alice.get("/releases/"))
    assert "billing-service v2.3.1" in listed
    assert text_of(alice.get("/releases/?q=nothing-like-it")).count("billing-service v2.3.1") == 0


def test_page__opening_something_twice__shows_the_form_again_with_what_was_typed(
    alice: Client, release: Release
) -> None:
    answer = alice.post("/releases/new/", {"service": SERVICE, "version": "v2.3.1", "changes": ""})
    assert answer.status_code == 409
    assert b"is released by" in answer.content
    wrong = alice.post("/releases/new/", {"service": SERVICE, "version": "v2.3.1", "artifacts": "nonsense"})
    assert wrong.status_code == 422


def test_page__ticking__shows_who_and_a_fact_is_refused(alice: Client, release: Release) -> None:
    address = f"/releases/{release.reference}/checklist/"
    assert alice.post(address, {"item": "documentation_updated", "ticked": "on"}).status_code == 302
    assert "Ticked by alice." in text_of(alice.get(f"/releases/{release.reference}/"))
    assert alice.post(address, {"item": "documentation_updated"}).status_code == 302
    refused = alice.post(address, {"item": "tests_passing", "ticked": "on"})
    assert (refused.status_code, b"decided by facts" in refused.content) == (409, True)
    assert alice.get(address).status_code == 302


def test_change__several_items_ticked__are_one_line_of_its_timeline(alice: Client, release: Release) -> None:
    address = f"/releases/{release.reference}/checklist/"
    for item in ("documentation_updated", "tickets_completed"):
        assert alice.post(address, {"item": item, "ticked": "on"}).status_code == 302
    entries = alice.get(f"/changes/{release.change}/").context["entries"]
    said = [(entry.words, entry.link, entry.body.count("\n")) for entry in entries if "tick" in entry.words]
    assert said == [("ticked 2 items of", f"/releases/{release.reference}/", 1)]


def test_page__a_move_that_is_not_possible__is_refused_with_why(alice: Client, release: Release) -> None:
    answer = alice.post(f"/releases/{release.reference}/submit/")
    assert answer.status_code == 409
    assert alice.post(f"/releases/{release.reference}/cancel/", {"reason": "Not now"}).status_code == 302
    assert "Stopped" in text_of(alice.get(f"/releases/{release.reference}/"))


def test_words__written_on_a_page__are_previewed_saved_and_never_run(alice: Client, release: Release) -> None:
    edit = f"/releases/{release.reference}/notes/edit/"
    hostile = "# Notes\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1))"
    sent = {"text": hostile, "version": release.row_version}
    shown = text_of(alice.post(edit, {**sent, "check": "1"}))
    assert "&lt;script&gt;" in shown
    assert 'href="javascript' not in shown
    assert Release.objects.get().notes == ""
    assert alice.post(edit, sent).status_code == 302
    assert alice.post(edit, sent).status_code == 412
    assert Release.objects.get().notes == hostile


def test_words__of_the_changelog__are_drafted_and_edited(
    alice: Client, release: Release, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(12):
        shown = text_of(alice.get(f"/releases/{release.reference}/changelog/"))
    assert "Correct tax &lt;b&gt;calculation&lt;/b&gt; (CC-5678)" in shown
    sent = {"text": "### Fixed\n- Taxes", "version": release.row_version}
    assert alice.post(f"/releases/{release.reference}/changelog/edit/", sent).status_code == 302
    assert Release.objects.get().changelog == "### Fixed\n- Taxes"


def test_notes__published__are_a_page_markdown_and_an_entry_of_the_feeds(
    alice: Client, release: Release, api: Callable[..., APIClient]
) -> None:
    assert alice.post(f"/releases/{release.reference}/notes/publish/").status_code == 302
    assert "Published" in text_of(alice.get(f"/releases/{release.reference}/notes/"))
    assert alice.post(f"/releases/{release.reference}/notes/publish/").status_code == 409
    markdown = alice.get(f"/releases/{release.reference}/notes.md")
    assert markdown["Content-Type"] == "text/markdown; charset=utf-8"
    assert markdown.content.startswith(b"# Release Notes: v2.3.1\n\n**Release Date:** 2026-01-16\n")
    for client, address in ((alice, "/releases.atom"), (api("alice"), f"/services/{SERVICE}/releases.atom")):
        answer = client.get(address)
        assert answer["Content-Type"].startswith("application/atom+xml")
        entries = ET.fromstring(answer.content).findall("atom:entry", ATOM)  # noqa: S314 - our own answer
        assert [entry.findtext("atom:title", namespaces=ATOM) for entry in entries] == ["Billing Service v2.3.1"]
    assert Client().get("/releases.atom").status_code == 401
    assert alice.get("/services/nothing/releases.atom").status_code == 404
    changelog = alice.get(f"/services/{SERVICE}/CHANGELOG.md")
    assert changelog.content.startswith(b"# Changelog\n")


def test_page__of_migrations__plans_and_moves_one(alice: Client, django_assert_max_num_queries: Any) -> None:
    body = {"service": SERVICE, "version": "v2.4.0", "environment": "stg", "filename": "20260117120000_add_tax.sql"}
    assert alice.post("/migrations/new/", {**body, "filename": "tax.sql"}).status_code == 422
    assert alice.post("/migrations/new/", body).status_code == 302
    address = f"/migrations/{Migration.objects.get().reference}/"
    assert alice.post(f"{address}apply/").status_code == 409
    assert alice.post(f"{address}test/", {"estimated_seconds": "x"}).status_code == 422
    assert alice.post(f"{address}test/", {"estimated_seconds": "4"}).status_code == 302
    assert alice.post(f"{address}run/", {"decision": "nothing"}).status_code == 422
    for verb in ("run", "apply", "verify"):
        assert alice.post(f"{address}{verb}/").status_code == 302, verb
    assert alice.post(f"{address}roll_back/", {"reason": "Wrong"}).status_code == 302
    with django_assert_max_num_queries(12):
        assert "took it back" in text_of(alice.get(address))
    assert "20260117120000_add_tax.sql" in text_of(alice.get("/migrations/"))
