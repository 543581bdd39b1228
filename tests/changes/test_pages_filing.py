from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from changes.actions.content import edit_change
from changes.models import ChangeRequest
from cybercube_portal.catalog.models import Service
from cybercube_portal.people.models import Grant, Team, User
from tests.changes.pages_words import Sessions, normal, wall, words_of
from tests.factories import changes as stories
from tests.factories.people import Cast

NORMAL = "/changes/new/?type=normal"


def test_file__complete__submitted_and_shown(held: datetime, browser_session: Sessions) -> None:
    page = browser_session("alice").post(NORMAL, normal(submit="1"), follow=True)

    change = ChangeRequest.objects.get()
    assert page.redirect_chain == [(f"/changes/{change.number}/", 302)]
    assert (change.state, change.artifacts[0]["version"]) == ("in_review", "v2.3.1")
    assert change.scheduled_time.isoformat() == "2026-01-15T12:00:00+00:00"


def test_file__time_typed__meant_in_the_persons_own_zone(held: datetime, browser_session: Sessions) -> None:
    User.objects.filter(username="alice").update(timezone="America/New_York")

    browser_session("alice").post(NORMAL, normal(save="1"))

    assert ChangeRequest.objects.get().scheduled_time.isoformat() == "2026-01-15T17:00:00+00:00"


def test_file__time_the_clocks_skip__refused_with_the_zone(held: datetime, browser_session: Sessions) -> None:
    User.objects.filter(username="alice").update(timezone="Europe/Berlin")

    page = browser_session("alice").post(NORMAL, normal("2026-03-29T02:30", save="1"))

    assert page.status_code == 422
    assert "does not exist in Europe/Berlin" in words_of(page)
    assert not ChangeRequest.objects.exists()


@pytest.mark.parametrize(("fold", "meant"), [("0", "00:30"), ("1", "01:30")])
def test_file__time_that_exists_twice__asks_which_and_takes_the_answer(
    fold: str, meant: str, held: datetime, browser_session: Sessions
) -> None:
    User.objects.filter(username="alice").update(timezone="Europe/Berlin")
    session = browser_session("alice")

    asked = session.post(NORMAL, normal("2026-10-25T02:30", save="1"))
    session.post(NORMAL, normal("2026-10-25T02:30", save="1", scheduled_time_fold=fold))

    assert asked.status_code == 422
    assert "Which of the two?" in words_of(asked)
    assert f"{ChangeRequest.objects.get().scheduled_time:%H:%M}" == meant


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"title": ""}, "Title"),
        ({"services": ["no-such-service"]}, "no-such-service"),
        ({"services": []}, "Choose a service."),
        ({"environments": []}, "Choose an environment."),
        ({"artifacts": ["billing-service"]}, "billing-service:"),
        ({"artifacts": ["search-api:v1.0.0"]}, "search-api is not among the change's services."),
        ({"estimated_duration": "soon"}, "A duration is written 30m"),
        ({"scheduled_time": "2025-01-01T10:00"}, "Choose a time that is still to come."),
        ({"scheduled_time": "tomorrow"}, "Starts"),
        ({"rollback_version": "two"}, "two"),
        ({"rollback_flag": "the tax flag"}, "looks like release_new_dashboard"),
        ({"risk_database_schema": "yes", "raised_to": "medium"}, "never lower it"),
        ({"impact_customers": ""}, "The impact on customers is not stated."),
        ({"title": "x" * 300}, "at most 200"),
    ],
)
def test_file__something_wrong__nothing_written_everything_kept(
    fields: dict[str, Any], said: str, held: datetime, browser_session: Sessions
) -> None:
    page = browser_session("alice").post(NORMAL, normal(submit="1", **fields))

    assert page.status_code in {409, 422}
    assert said in words_of(page)
    assert "Fix for EU tax calculation (CC-5678)" in page.content.decode()
    assert not ChangeRequest.objects.exists()


def test_file__by_an_auditor__refused(held: datetime, browser_session: Sessions) -> None:
    assert browser_session("kim").post(NORMAL, normal(save="1")).status_code == 403
    assert not ChangeRequest.objects.exists()


def test_file__without_csrf_token__refused(held: datetime, cast: Cast) -> None:
    session = Client(enforce_csrf_checks=True)
    session.force_login(cast.alice, backend="cybercube_portal.people.authentication.PersonBackend")

    assert session.post(NORMAL, normal(submit="1")).status_code == 403
    assert not ChangeRequest.objects.exists()


@pytest.mark.parametrize("address", [NORMAL, "/changes/new/preview/?type=normal"])
def test_check_and_preview__freeze_and_clash_over_the_slot__told_and_nothing_written(
    address: str, held: datetime, browser_session: Sessions
) -> None:
    stories.freeze(now=held, title="Year end", starts_at=held, ends_at=held + timedelta(days=3))
    other = stories.in_review(now=held, by="bob", scheduled_time=held + timedelta(hours=26))

    page = browser_session("alice").post(address, normal(wall(held + timedelta(hours=26)), check="1", title=""))

    said = words_of(page)
    assert "Year end: no deployments, emergency changes only" in said
    assert f"{other.number} works on billing-service in prd at the same time" in said
    assert "Engineer" in said
    assert ChangeRequest.objects.count() == 1


@pytest.mark.parametrize("slug", ["routine-deployment", "config-update", "scale", "certificate-renewal", "log-level"])
def test_template__form__at_most_eight_fields(slug: str, held: datetime, browser_session: Sessions) -> None:
    form = browser_session("alice").get(f"/changes/new/?template={slug}").context["form"]

    assert len([name for name in form.fields if not name.endswith("_fold")]) <= 8


def test_template__log_level__approved_at_once_with_its_parameters(held: datetime, browser_session: Sessions) -> None:
    sent = {
        "services": ["billing-service"],
        "environments": ["prd"],
        "level": "debug",
        "until": wall(held + timedelta(hours=20)),
        "reason": "Empty invoices, CC-8123",
        "scheduled_time": wall(held + timedelta(minutes=5)),
        "no_risk": "on",
        "submit": "1",
    }
    browser_session("alice").post("/changes/new/?template=log-level", sent)

    change = ChangeRequest.objects.get()
    assert (change.state, change.title) == ("approved", "Log level debug on billing-service")
    assert change.parameters["reason"] == "Empty invoices, CC-8123"


def test_template__routine_deployment_of_an_unregistered_artifact__refused_with_each_condition(
    held: datetime, browser_session: Sessions
) -> None:
    sent = {
        "artifacts": ["billing-service:v2.3.1"],
        "environments": ["prd"],
        "scheduled_time": wall(held),
        "no_risk": "on",
        "submit": "1",
    }
    page = browser_session("alice").post("/changes/new/?template=routine-deployment", sent)

    assert page.status_code == 409
    assert "Not so: The test stage has passed." in words_of(page)
    assert not ChangeRequest.objects.exists()


def test_template__unknown__not_found(held: datetime, browser_session: Sessions) -> None:
    assert browser_session("alice").get("/changes/new/?template=nothing").status_code == 404


def test_edit__somebody_was_faster__told_what_changed_and_may_send_again(
    held: datetime, cast: Cast, browser_session: Sessions
) -> None:
    change = stories.draft(now=held)
    address = f"/changes/{change.number}/edit/"
    read: dict[str, Any] = {"version": change.version, "content_hash": change.content_hash}
    edit_change(
        number=change.number,
        version=change.version,
        changes={"rollback_plan": "Flip the flag."},
        actor=cast.actor("bob"),
        now=held,
    )
    session = browser_session("alice")

    stale = session.post(address, normal(title="Another title", **read))
    now_read: dict[str, Any] = {"version": stale.context["filing"].change.version, "content_hash": ""}
    again = session.post(address, normal(title="Another title", **now_read))

    assert stale.status_code == 412
    assert [row["after"] for row in stale.context["meanwhile"]] == ["Flip the flag."]
    assert "Another title" in stale.content.decode()
    assert again.status_code == 302
    assert ChangeRequest.objects.get().title == "Another title"


def test_edit__in_review__supersedes_the_signatures(held: datetime, browser_session: Sessions) -> None:
    change = stories.half_signed(now=held)
    sent = normal(risk_database_schema="yes", description="Something else", version=change.version)

    browser_session("alice").post(f"/changes/{change.number}/edit/", sent)

    page = browser_session("alice").get(f"/changes/{change.number}/")
    assert [signature.state for signature in page.context["superseded"]] == ["superseded"]
    assert "<s>" in page.content.decode()


def test_edit__of_the_flag_to_go_back_by__is_named_shown_and_taken_away(
    held: datetime, browser_session: Sessions
) -> None:
    alice = browser_session("alice")
    alice.post(NORMAL, normal(save="1", rollback_flag="release_tax_v2"))
    change = ChangeRequest.objects.get()
    address = f"/changes/{change.number}/edit/"

    assert change.rollback_flag == "release_tax_v2"
    assert alice.get(address).context["form"]["rollback_flag"].value() == "release_tax_v2"
    assert "release_tax_v2" in words_of(alice.get(f"/changes/{change.number}/"))
    alice.post(address, normal(version=change.version, rollback_flag=""))
    assert ChangeRequest.objects.get().rollback_flag == ""


def test_edit__by_somebody_of_another_team__refused(held: datetime, browser_session: Sessions) -> None:
    change = stories.draft(now=held)

    page = browser_session("oscar").post(f"/changes/{change.number}/edit/", normal(version=1, title="Mine now"))

    assert page.status_code == 403
    assert ChangeRequest.objects.get().title != "Mine now"


def test_outlook__freeze_over_the_slot__offers_the_first_free_one_which_can_be_taken_without_scripts(
    held: datetime, browser_session: Sessions
) -> None:
    User.objects.filter(username="alice").update(timezone="Europe/Berlin")
    stories.freeze(now=held, title="Year end", starts_at=held, ends_at=held + timedelta(days=3))
    alice = browser_session("alice")

    seen = alice.post("/changes/new/preview/?type=normal", normal(wall(held + timedelta(hours=26)), title=""))
    assert "Earliest slot: Sat 17 Jan, 11:00" in words_of(seen)
    assert "after Year end" in words_of(seen)
    assert "Nobody of payments is known to be on call then." not in words_of(seen)

    taken = alice.post(NORMAL, normal(wall(held + timedelta(hours=26)), take="2026-01-17T11:00"))
    assert taken.context["form"]["scheduled_time"].value() == "2026-01-17T11:00"
    assert "Nothing stands in the way at that time." in words_of(taken)
    assert "Earliest slot" not in words_of(taken)
    assert not ChangeRequest.objects.exists()


def test_outlook__nobody_on_call_for_a_team_then__warned(held: datetime, browser_session: Sessions) -> None:
    Grant.objects.filter(role="on_call").update(
        ends_at=held + timedelta(days=2), team=Team.objects.get(slug="payments")
    )
    alice = browser_session("alice")

    def said(hours: int, *services: str) -> str:
        slot = wall(held + timedelta(hours=hours))
        return words_of(alice.post(NORMAL, {**normal(slot), "services": services, "artifacts": [], "check": "1"}))

    assert "to be on call then." not in said(47, "billing-service")
    assert "Nobody of payments is known to be on call then." in said(48, "billing-service")
    assert "Nobody of search is known to be on call then." in said(47, "billing-service", "search-api")


def test_outlook__of_an_emergency__counts_open_questions_and_asks_for_nothing_before(
    held: datetime, browser_session: Sessions
) -> None:
    said = words_of(browser_session("alice").post("/changes/new/preview/?type=emergency", {"risk_security": "no"}))

    assert "1 of 7 answered" in said
    assert "It starts once one approver said yes" in said
    assert "Still asked for" not in said


def test_preview__of_chosen_services__suggests_their_versions_alone(
    held: datetime, browser_session: Sessions, cast: Cast
) -> None:
    for slug, version in (("billing-service", "v2.3.1"), ("search-api", "v4.0.0")):
        stories.artifact(Service.objects.get(slug=slug), version, at=held)

    page = browser_session("alice").post("/changes/new/preview/?type=normal", normal())

    assert page.context["artifacts"] == ["billing-service:v2.3.1"]
    assert 'id="registered-artifacts" hx-swap-oob="true"' in page.content.decode()


def test_form__folds__open_where_something_is_wrong_or_missing_and_say_what_they_hold(
    held: datetime, browser_session: Sessions
) -> None:
    alice = browser_session("alice")

    def opened(page: Any) -> list[str]:
        form = page.context["form"]
        return [str(fold.title) for fold in (*form.raising(), *form.folds()) if fold.is_open]

    assert opened(alice.get(NORMAL)) == []
    lacking = normal(submit="1", rollback_plan="", rollback_version="", impact_data="", environments=["stg", "prd"])
    del lacking["impact_customers"], lacking["impact_downtime"]
    page = alice.post(NORMAL, lacking)
    assert opened(page) == ["Impact", "Way back"]
    assert opened(
        alice.post(NORMAL, normal(check="1", raised_to="nonsense", rollback_plan="", rollback_version="x" * 99))
    ) == ["Raise the risk", "Way back"]

    # What exists is read at a glance: an edit opens what is asked for, and nothing else.
    alice.post(NORMAL, normal(save="1", environments=["stg", "prd"], raised_to="high", release_type="minor"))
    edit = f"/changes/{ChangeRequest.objects.get().number}/edit/"
    page = alice.get(edit)
    assert opened(page) == []
    form = page.context["form"]
    assert [fold.hint for fold in (*form.raising(), *form.folds())] == [
        "to: High",
        "customers: none · downtime: none · data: none",
        "Revert to billing-service:v2.3.0 · version: v2.3.0",
        "Staging, Production · release: Minor",
    ]
    lacking_one = stories.draft(now=held, rollback_plan="")
    assert opened(alice.get(f"/changes/{lacking_one.number}/edit/")) == ["Way back"]


def test_form__refused__is_judged_before_anything_is_written_and_read_once(
    held: datetime, browser_session: Sessions, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    alice = browser_session("alice")
    stories.artifact(Service.objects.get(slug="billing-service"), "v2.3.1", at=held)
    with django_assert_max_num_queries(20):
        assert alice.post(NORMAL, normal(submit="1", impact_data="")).status_code == 409


def test_change__draft_with_open_questions__one_row_names_them_and_leads_to_the_form(
    held: datetime, browser_session: Sessions
) -> None:
    change = stories.draft(now=held, answers={"security": False})

    page = browser_session("alice").get(f"/changes/{change.number}/")

    told = [reason for reason in page.context["box"].blocking if reason.code == "risk.question_open"]
    assert [reason.message[:50] for reason in told] == ["6 of the seven risk questions are not answered: Da"]
    assert f'href="/changes/{change.number}/edit/#id_risk_database_schema"' in page.content.decode()
