"""The form of what a flag serves: kept while it is typed, its rules in another order, and lists of ten thousand values in them."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from django.test import Client

from cybercube_portal import clock
from flags.forms.rules import read_conditions
from flags.models import Segment
from flags.selectors.flags import get_served
from tests.factories.flags import served
from tests.flags.serving_form import KEY, PAGE, PRO, typed


def test_serving__left_unsent__comes_back_with_every_rule_and_is_gone_once_served(alice: Client) -> None:
    served(now=clock.now(), enabled=True, rollout_percentage=5, rules=[PRO])
    path = f"{PAGE}environments/dev/"
    slots = {f"conditions_{slot}": f"age gte {slot}" for slot in range(1, 4)} | {
        f"answer_{slot}": "on" for slot in range(1, 4)
    }
    left = typed(version="2", enabled="on", rollout_percentage="7", rule_0="r1", conditions_0="plan eq pro", **slots)
    fields = urlencode(left | {"answer_0": "off", "order": "3,0,1,2"})
    assert (
        alice.post("/unsent/", {"address": path, "title": "New dashboard in dev", "fields": fields}).status_code == 200
    )
    page = alice.get(path)
    form = page.context["form"]
    assert "Filled in with what you had not sent" in page.content.decode()
    assert form["rollout_percentage"].value() == "7"
    assert [rule.conditions.value() for rule in form.rule_fields] == [
        "age gte 3",
        "plan eq pro",
        "age gte 1",
        "age gte 2",
    ]
    sent = {field.html_name: field.value() for field in form if field.value() not in (None, False)}
    known = {name: page.context[name] for name in ("unsent_page", "unsent_known")}
    assert alice.post(path, sent | known).status_code == 302
    rules = get_served(KEY, "dev").content["rules"]
    assert [rule["id"] for rule in rules] == ["r2", "r1", "r3", "r4"]
    assert "Filled in with" not in alice.get(path).content.decode()


def test_rules__by_their_buttons_without_scripts__move_go_and_come_and_nothing_is_served(alice: Client) -> None:
    two = [PRO, {**PRO, "id": "r2", "variant": "off"}]
    served(now=clock.now(), enabled=True, rules=two)
    path = f"{PAGE}environments/dev/"
    sent = typed(version="2", enabled="on", order="0,1,2", reason="In another order", rule_0="r1", rule_1="r2")
    sent |= {"conditions_0": "plan eq pro", "answer_0": "on", "conditions_1": "plan eq pro", "answer_1": "off"}
    sent |= {"conditions_2": "", "answer_2": ""}
    for wish, order in (
        ("up-1", "1,0,2"),
        ("up-0", "0,1,2"),
        ("down-0", "1,0,2"),
        ("down-2", "0,1,2"),
        ("away-0", "1,2"),
        ("add", "0,1,2,3"),
        ("sideways-1", "0,1,2"),
    ):
        page = alice.post(path, sent | {"arrange": wish})
        form = page.context["form"]
        assert (page.status_code, form["order"].value(), form["reason"].value()) == (200, order, "In another order")
        assert not form.is_bound
    assert get_served(KEY, "dev").version == 2
    only = alice.post(path, sent | {"order": "0", "arrange": "away-0"}).context["form"]
    assert [rule.conditions.value() for rule in only.rule_fields] == [""]
    assert alice.post(path, sent | {"order": "1,0"}).status_code == 302
    assert [rule["id"] for rule in get_served(KEY, "dev").content["rules"]] == ["r2", "r1"]


MANY = [f"tenant-{number}" for number in range(10_000)]


def many(values: list[str]) -> dict[str, object]:
    return {"id": "r1", "conditions": [{"attribute": "tenant.id", "operator": "in", "value": values}], "variant": "on"}


def test_rules__with_ten_thousand_values__stay_light_on_every_page_and_are_edited_by_a_mark(alice: Client) -> None:
    served(now=clock.now(), enabled=True, rules=[many(MANY)])
    served(now=clock.now(), rules=[many(["tenant-x", *MANY[1:]])])
    path = f"{PAGE}environments/dev/"
    pages = {
        name: alice.get(f"{PAGE}{name}")
        for name in ("", "environments/dev/", "history/?environment=dev", "playground/?environment=dev")
    }
    for name, page in pages.items():
        assert (page.status_code, len(page.content) < 100_000) == (200, True), name
    told = re.sub(r"<[^>]*>", "", pages["history/?environment=dev"].content.decode())
    assert "tenant-0, tenant-1, " in told  # Beside no list the first of them,
    assert "and 9,980 more" in told
    assert "in tenant-0 and 9,999 more" in told  # beside another one what went and what came.
    assert "in tenant-x and 9,999 more" in told
    form = pages["environments/dev/"].context["form"]
    mark = form["conditions_0"].value()
    assert re.fullmatch(r"tenant\.id in #[0-9a-f]{12} \(10,000 values\)", mark)
    sent = typed(version="3", enabled="on", rollout_percentage="10", rule_0="r1", conditions_0=mark, answer_0="on")
    done = alice.post(path, sent)
    assert done.status_code == 302, done.context["form"].errors
    assert get_served(KEY, "dev").content["rules"][0]["conditions"][0]["value"][0] == "tenant-x"
    other = alice.post(path, sent | {"version": "4", "conditions_0": "tenant.id in #0123456789ab"})
    assert (other.status_code, "is not served here" in other.content.decode()) == (422, True)


def test_list__is_searched_added_to_and_taken_from__as_any_edit_of_the_rules(
    alice: Client, browser_session: Callable[[str], Client]
) -> None:
    served(now=clock.now(), enabled=True, rules=[many(MANY)])
    ((mark, address),) = alice.get(f"{PAGE}environments/dev/").context["long_lists"]
    assert "(10,000 values)" in mark
    assert len(alice.get(address).content) < 150_000
    found = alice.get(f"{address}?find=TENANT-99+7")
    assert next(iter(found.context["form"].fields["ticked"].choices)) == ("tenant-997", "tenant-997")
    assert alice.get(f"{address}?format=text").content.decode().splitlines() == MANY
    for nothing in ({}, {"added": "tenant-5"}, {"taken": "nobody"}):
        same = alice.post(address, nothing)
        assert (same.status_code, "Nothing changes by that." in same.content.decode()) == (422, True)
    wrong = alice.post(address, {"added": "\n".join(f"more-{number}" for number in range(10_000))})
    assert (wrong.status_code, "A list has at most 10000 values." in wrong.content.decode()) == (422, True)
    column = {"added": "acme\r\nacme corp; tenant-1\tacme", "taken": "tenant-2, tenant-3", "ticked": ["tenant-4"]}
    assert browser_session("kim").post(address, column).status_code == 403
    assert alice.post(address, column).status_code == 302
    value = get_served(KEY, "dev").content["rules"][0]["conditions"][0]["value"]
    assert value == [*MANY[:2], *MANY[5:], "acme", "acme corp"]
    assert alice.post(address, column).status_code == 404


def test_segment__of_many__is_edited_by_its_mark_and_its_list(alice: Client) -> None:
    typed_groups = "tenant.id in\r\n" + "\r\n".join(MANY) + "\r\nplan eq pro"
    assert (
        alice.post("/flags/segments/new/", {"slug": "large", "name": "Large", "groups": typed_groups}).status_code
        == 302
    )
    page = alice.get("/flags/segments/large/")
    assert len(page.content) < 100_000
    assert page.context["form"]["groups"].value().endswith("(10,000 values)\nplan eq pro")
    ((_, address),) = page.context["long_lists"]
    sent = {"version": "1", "name": "Largest", "groups": page.context["form"]["groups"].value()}
    assert alice.post("/flags/segments/large/", sent).status_code == 302
    assert alice.post(address, {"taken": ",".join(MANY[1:])}).status_code == 302
    segment = Segment.objects.get(slug="large")
    assert (segment.name, segment.groups[0][0]["value"]) == ("Largest", ["tenant-0"])


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("plan in pro, team", [["pro", "team"]]),
        ("plan in\npro\nteam", [["pro", "team"]]),
        ("plan in pro,\nthe team,\nstaff\nage gte 18", [["pro", "the team", "staff"], 18]),
        ('plan in ["a, b",\n"c"]', [["a, b", "c"]]),
        ("segment beta\nstaff", [["beta", "staff"]]),
        ("age gte 18\nplan in pro", [18, ["pro"]]),
    ],
)
def test_list__over_several_lines__is_one_condition(text: str, values: list[object]) -> None:
    assert [condition["value"] for condition in read_conditions(text)] == values
