"""Pages by which flags are edited: two at once, the exposure, who the flag is, segments, and keys that nobody defined."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.test import Client
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from changes.actions.approvals import approve_change
from changes.models import ChangeRequest
from cybercube_portal import clock
from flags.actions.carrying import carry_out_due_step
from flags.actions.facts import Count, count_usage
from flags.models import Flag, FlagEnvironment, PlannedStep, Segment
from flags.selectors.flags import get_served
from flags.selectors.steps import due_steps
from tests.factories import changes as story
from tests.factories.flags import served
from tests.flags.serving_form import KEY, PAGE, PRO, typed


def test_serving__looked_at_by_who_may_not_change_it__offers_no_button(
    alice: Client, browser_session: Callable[[str], Client]
) -> None:
    served(now=clock.now(), enabled=True, rollout_percentage=5.0)
    path = f"{PAGE}environments/dev/"
    for who, offered in ((alice, True), (browser_session("kim"), False)):
        text = who.get(path).content.decode()
        assert ("Serve this" in text, "Share out anew" in text) == (offered, offered)
        assert 'value="5"' in text


def test_serving__somebody_else_was_faster__shows_three_ways_and_keeps_both(alice: Client) -> None:
    served(now=clock.now(), enabled=True, rollout_percentage=5, rules=[PRO])
    path = f"{PAGE}environments/dev/"
    team = {**PRO, "id": "r2", "conditions": [{"attribute": "plan", "operator": "eq", "value": "team"}]}
    served(now=clock.now(), rollout_percentage=25, rules=[{**PRO, "variant": "off"}, team], by="bob")
    mine = typed(version="2", enabled="on", rollout_percentage="50", reason="Half of them", default_variant="on")
    mine |= {
        "rule_0": "r1",
        "conditions_0": "plan eq pro",
        "answer_0": "on",
        "conditions_1": "age gte 18",
        "answer_1": "on",
    }
    refused = alice.post(path, mine)
    text = refused.content.decode()
    assert refused.status_code == 412
    assert "What each of you changed" in text
    members = {str(row.word): row for row in refused.context["comparison"]}
    assert (members["Rollout, percent"].base, members["Rollout, percent"].theirs, members["Rollout, percent"].mine) == (
        "5 %",
        "25 %",
        "50 %",
    )
    assert members["Rollout, percent"].clashes
    assert (members["Rule 1"].theirs, members["Rule 1"].clashes) == ("plan eq pro → off", False)
    assert members["Another rule"].clashes  # Both added one at the same place, and the first that matches answers.
    assert members["Another rule"].theirs == "plan eq team → on"
    assert members["Another rule"].mine == "age gte 18 → on"
    assert not members["Everybody else"].clashes
    again = refused.context["form"]
    assert (again["version"].value(), again["reason"].value()) == (3, "Half of them")
    assert "Serve this" in text
    assert (again["rollout_percentage"].value(), again["conditions_2"].value()) == (50, "age gte 18")
    sent = {field.html_name: field.value() for field in again if field.value() not in (None, False)}
    assert alice.post(path, {**sent, "enabled": "on"}).status_code == 302
    content = get_served(KEY, "dev").content
    assert (content["rollout_percentage"], content["default_variant"]) == (50, "on")
    assert [(rule["id"], rule["variant"]) for rule in content["rules"]] == [("r1", "off"), ("r2", "on"), ("r3", "on")]


def test_conflict__of_a_plan__is_compared_and_planned_again(alice: Client) -> None:
    now = clock.now()
    outcome = served(KEY, "prd", now=now, enabled=True, rollout_percentage=50)
    approve_change(number=outcome.change, actor=story.actor("bob"), now=now)
    FlagEnvironment.objects.filter(flag__key=KEY, environment="prd").update(version=2)
    for step in due_steps(now=now + timedelta(days=1)):
        carry_out_due_step(step_id=step, now=now + timedelta(days=1))
    step_id = PlannedStep.objects.get().pk
    text = alice.get(PAGE).content.decode()
    assert "Version 2 was served meanwhile" in text
    assert f"environments/prd/?step={step_id}" in text
    page = alice.get(f"{PAGE}environments/prd/?step={step_id}")
    assert page.context["form"]["rollout_percentage"].value() == 50
    assert "What each of you changed" in page.content.decode()
    alice.post(f"{PAGE}withdraw/", {"environment": "prd"})
    assert "was served meanwhile" not in alice.get(PAGE).content.decode()


def test_expose__from_the_page__is_served_or_opens_a_change(alice: Client) -> None:
    page = f"{PAGE}expose/"
    assert alice.post(page, {"environment": "dev", "version": "1", "rollout_percentage": "30"}).status_code == 302
    assert get_served(KEY, "dev").content["rollout_percentage"] == 30
    alice.post(page, {"environment": "prd", "version": "1", "rollout_percentage": "30", "reason": "Ready"})
    assert ChangeRequest.objects.get().state == "in_review"
    wrong = alice.post(page, {"environment": "stg", "version": "1", "rollout_percentage": "130"})
    assert wrong.status_code == 422
    assert "130" in wrong.content.decode()


def test_ramp__that_waits_for_approval__goes_on_by_a_button(
    alice: Client, browser_session: Callable[[str], Client]
) -> None:
    alice.post(f"{PAGE}ramp/", {"environment": "prd", "percentages": "1, 4", "between": "approval", "reason": "Slowly"})
    assert get_served(KEY, "prd").content["rollout_percentage"] == 1
    assert "waits until somebody lets it go on" in alice.get(PAGE).content.decode()
    assert alice.post(f"{PAGE}approve/", {"environment": "prd"}).status_code == 409
    assert browser_session("bob").post(f"{PAGE}approve/", {"environment": "prd"}).status_code == 302
    assert get_served(KEY, "prd").content["rollout_percentage"] == 4
    version = str(get_served(KEY, "prd").version)
    alice.post(f"{PAGE}reshuffle/", {"environment": "prd", "version": version, "reason": "Others first"})
    assert get_served(KEY, "prd").content["salt"] != KEY


def test_edit__of_who_the_flag_is__keeps_what_was_typed_until_it_is_right(alice: Client) -> None:
    page, row = f"{PAGE}edit/", Flag.objects.get()
    later = f"{row.expires_at + timedelta(days=9):%Y-%m-%dT%H:%M}" if row.expires_at else ""
    sent = {
        "version": "1",
        "name": "Dashboard",
        "team": "payments",
        "service": "billing-service",
        "tags": "web, b, web",
    }
    refused = alice.post(page, {**sent, "expires_at": later})
    assert refused.status_code == 422
    assert "Say why it lives longer" in refused.content.decode()
    assert later in refused.content.decode()
    nobody = alice.post(page, {**sent, "expires_at": later, "reason": "More time", "owner": "nobody"})
    assert (nobody.status_code, "There is no user nobody" in nobody.content.decode()) == (422, True)
    assert alice.post(page, {**sent, "expires_at": later, "reason": "More time", "owner": "bob"}).status_code == 302
    row = Flag.objects.get()
    assert (row.name, row.tags, row.owner and row.owner.username) == ("Dashboard", ["web", "b"], "bob")
    unchanged = alice.get(page).context["form"]
    same = {field.html_name: field.value() or "" for field in unchanged}
    same["expires_at"] = str(unchanged["expires_at"].as_widget()).partition('value="')[2].partition('"')[0]
    same["version"] = alice.get(page).context["version_read"]
    assert alice.post(page, same).status_code == 302


def test_segments__named_read_and_edited__say_who_reads_them(
    alice: Client, browser_session: Callable[[str], Client]
) -> None:
    sent = {"slug": "beta-testers", "name": "Beta testers", "groups": "plan eq beta\nage gte 18\n\nstaff exists"}
    wrong = alice.post("/flags/segments/new/", {**sent, "groups": "plan like x"})
    assert (wrong.status_code, "plan like x" in wrong.content.decode()) == (422, True)
    assert alice.post("/flags/segments/new/", sent).status_code == 302
    assert [len(group) for group in Segment.objects.get().groups] == [2, 1]
    rule = {"conditions": [{"operator": "segment", "value": ["beta-testers"]}], "variant": "on"}
    served(now=clock.now(), enabled=True, rules=[rule])
    text = alice.get("/flags/segments/").content.decode()
    assert KEY in text
    page = "/flags/segments/beta-testers/"
    assert "staff exists" in alice.get(page).content.decode()
    done = alice.post(page, {"version": "1", "name": "Beta", "groups": "plan eq beta"})
    assert (done.status_code, Segment.objects.get().version) == (302, 2)
    stale = alice.post(page, {"version": "1", "name": "Beta", "groups": "plan eq alpha"})
    assert (stale.status_code, "plan eq alpha" in stale.content.decode()) == (412, True)
    reader = browser_session("kim").get(page).content.decode()
    assert "plan eq beta" in reader
    assert "Save" not in reader


def test_usage_and_unknown_keys__are_told_with_who_asked(alice: Client, api: Callable[..., APIClient]) -> None:
    now = clock.now()
    count_usage(
        Count(environment="prd", key=key, variant=variant, app=app, count=count, at=now)
        for key, variant, app, count in (
            (KEY, "on", "shop", 30),
            (KEY, "on", "web", 10),
            (KEY, "off", "shop", 60),
            ("release_nwe_dashboard", "", "shop", 7),
        )
    )
    used = alice.get(PAGE)
    assert [(use.variant, use.count, use.share, use.apps) for use in used.context["uses"]] == [
        ("off", 60, 60, ("shop",)),
        ("on", 40, 40, ("shop", "web")),
    ]
    assert [day.height for day in used.context["days"]][-1] == 40
    client = api("alice", scopes=["flags"])
    answer = client.get(f"/api/v1/flags/{KEY}/usage/?environment=prd")
    assert answer.status_code == 200, answer.content
    rows = answer.json()["results"]
    assert {(row["variant"], row["app"], row["count"]) for row in rows} == {
        ("on", "shop", 30),
        ("on", "web", 10),
        ("off", "shop", 60),
    }
    (nobody,) = client.get("/api/v1/flags/unknown/").json()["results"]
    assert (nobody["key"], nobody["near"], nobody["count"]) == ("release_nwe_dashboard", KEY, 7)
    unknown = alice.get("/flags/unknown/").content.decode()
    assert "release_nwe_dashboard" in unknown
    assert f'href="{PAGE}"' in unknown


def test_pages__of_editing__need_few_queries(
    alice: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    served(now=clock.now(), enabled=True, rollout_percentage=5)
    for path in (
        "/flags/segments/",
        "/flags/segments/new/",
        "/flags/unknown/",
        f"{PAGE}edit/",
        f"{PAGE}environments/dev/",
    ):
        alice.get(path)
        with django_assert_max_num_queries(12):
            assert alice.get(path).status_code == 200, path
