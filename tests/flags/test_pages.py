"""Pages of flags: the list, one flag, changing what it serves without any script, killing, the history, the playground."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from changes.models import ChangeRequest
from cybercube_portal import clock
from flags.models import Flag
from flags.selectors.flags import get_served
from tests.factories.flags import flag, served

KEY = "release_new_dashboard"
PAGE = f"/flags/{KEY}/"


def form(environment: str, **more: str) -> dict[str, str]:
    version = get_served(KEY, environment).version
    return {
        "version": str(version),
        "bucket_by": "targetingKey",
        "rollout_variant": "on",
        "default_variant": "off",
        **more,
    }


def test_list__shows_what_each_environment_serves(alice: Client) -> None:
    served(KEY, "dev", now=clock.now(), enabled=True, rollout_percentage=25)
    text = alice.get("/flags/").content.decode()
    assert KEY in text
    assert "25 %" in text
    assert KEY not in alice.get("/flags/?q=nothing").content.decode()


def test_new__wrong_and_right__keeps_what_was_typed_and_then_defines_it(alice: Client) -> None:
    typed = {
        "key": "colour",
        "name": "Colour",
        "type": "experiment",
        "value_type": "string",
        "variants": "red = #d00\nblue = #00d",
    }
    refused = alice.post("/flags/new/", typed)
    assert refused.status_code == 422
    assert "#d00" in refused.content.decode()
    done = alice.post("/flags/new/", {**typed, "key": "experiment_colour", "service": "billing-service"})
    assert done.headers["Location"] == "/flags/experiment_colour/"
    assert Flag.objects.get(key="experiment_colour").variants == [
        {"name": "red", "value": "#d00"},
        {"name": "blue", "value": "#00d"},
    ]


def test_serving__rules_as_lines__are_stored_and_shown_again(alice: Client) -> None:
    lines = "plan in pro, team\nage gte 18\nbeta exists\ntargetingKey percentage 5 salt:x"
    path = f"{PAGE}environments/dev/"
    done = alice.post(path, form("dev", enabled="on", conditions_0=lines, answer_0="on"))
    assert done.status_code == 302, done.content
    (rule,) = get_served(KEY, "dev").content["rules"]
    assert rule["conditions"] == [
        {"attribute": "plan", "operator": "in", "value": ["pro", "team"]},
        {"attribute": "age", "operator": "gte", "value": 18},
        {"attribute": "beta", "operator": "exists"},
        {"attribute": "targetingKey", "operator": "percentage", "value": 5, "salt": "x"},
    ]
    assert lines in alice.get(path).content.decode()
    again = alice.post(path, form("dev", enabled="on", conditions_0="", answer_0=""))
    assert again.status_code == 302
    assert get_served(KEY, "dev").content["rules"] == []


@pytest.mark.parametrize(
    ("lines", "words"), [("plan", "no condition"), ("plan like x", "No such operator"), ("a gt many", "a number")]
)
def test_serving__a_line_that_cannot_be_read__is_refused_with_what_was_typed(
    alice: Client, lines: str, words: str
) -> None:
    refused = alice.post(f"{PAGE}environments/dev/", form("dev", enabled="on", conditions_0=lines, answer_0="on"))
    assert refused.status_code == 422
    assert words in refused.content.decode()
    assert lines in refused.content.decode()


def test_serving__beyond_five_percent_in_production__opens_a_change(alice: Client) -> None:
    alice.post(f"{PAGE}environments/prd/", form("prd", enabled="on", rollout_percentage="50"))
    change = ChangeRequest.objects.get()
    assert change.state == "in_review"
    assert change.number in alice.get(PAGE).content.decode()
    alice.post(f"{PAGE}withdraw/", {"environment": "prd"})
    assert "Planned" not in alice.get(PAGE).content.decode()


def test_kill__in_production__asks_for_the_key_to_be_typed(
    alice: Client, browser_session: Callable[[str], Client]
) -> None:
    served(KEY, "prd", now=clock.now(), enabled=True, rollout_percentage=5)
    grace = browser_session("grace")
    asked = grace.post(f"{PAGE}kill/", {"environment": "prd", "reason": "Errors", "confirmation": "yes"})
    assert asked.status_code == 422
    assert get_served(KEY, "prd").content["enabled"]
    assert (
        grace.post(f"{PAGE}kill/", {"environment": "prd", "reason": "Errors", "confirmation": KEY}).status_code == 302
    )
    row = get_served(KEY, "prd")
    assert (row.content["enabled"], row.killed_because) == (False, "Errors")
    assert "Errors" in alice.get(PAGE).content.decode()


def test_history__shows_what_changed_and_serves_an_old_version_again(alice: Client) -> None:
    served(KEY, "dev", now=clock.now(), enabled=True, rollout_percentage=10)
    served(KEY, "dev", now=clock.now(), rollout_percentage=20)
    text = alice.get(f"{PAGE}history/?environment=dev").content.decode()
    assert "<del>10 %</del>" in text
    alice.post(f"{PAGE}restore/", {"environment": "dev", "version": "2"})
    assert get_served(KEY, "dev").content["rollout_percentage"] == 10


def test_playground__says_why(alice: Client) -> None:
    served(KEY, "dev", now=clock.now(), enabled=True, rollout_percentage=50)
    text = alice.get(f"{PAGE}playground/", {"environment": "dev", "context": "targetingKey = user-1"}).content.decode()
    assert "this one falls at 5.10 %" in text
    assert alice.get(f"{PAGE}playground/", {"context": "nonsense"}).status_code == 422


def test_ramp_and_archive__from_the_page__do_what_they_say(alice: Client) -> None:
    alice.post(f"{PAGE}ramp/", {"environment": "dev", "percentages": "10, 100", "minutes": "5"})
    assert get_served(KEY, "dev").content["rollout_percentage"] == 10
    assert "Ramp" in alice.get(PAGE).content.decode()
    alice.post(f"{PAGE}archive/", {"reason": "Not needed"})
    assert Flag.objects.get(key=KEY).archived_at is not None
    assert KEY in alice.get("/flags/?q=is:archived").content.decode()


def test_pages__with_twenty_flags__need_few_queries(
    alice: Client, now: datetime, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        flag(f"release_number_{number}", now=clock.now())
    for path in ("/flags/", PAGE, f"{PAGE}history/", f"{PAGE}playground/", f"{PAGE}environments/prd/"):
        alice.get(path)
        with django_assert_max_num_queries(12):
            assert alice.get(path).status_code == 200, path
