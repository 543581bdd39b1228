from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils import timezone
from lucide.templatetags.lucide import lucide as draw

from changes import states
from changes.policy.approvals import ReleaseType
from cybercube_portal.audit.states import DeliveryState
from cybercube_portal.catalog.states import Severity
from cybercube_portal.decisions import Outcome, failed, passed, pending, utc_text
from cybercube_portal.people.models import Grant
from cybercube_portal.record.states import PackState
from cybercube_portal.web import page_of_rows, times
from cybercube_portal.web.badges import BADGES
from releases.policy.compliance import Status
from releases.policy.releases import SHOWN_STATES
from releases.states import DeploymentState, GateOutcome, MigrationState, Verdict, VerificationState
from tests.factories.people import Cast

NOW = datetime(2026, 1, 14, 10, tzinfo=UTC)
ENUMS = {
    "change_state": states.ChangeState,
    "change_type": states.ChangeType,
    "risk": states.Risk,
    "change_outcome": states.ChangeOutcome,
    "signature": states.SignatureState,
    "template_state": states.TemplateState,
    "gate": GateOutcome,
    "deployment_state": DeploymentState,
    "verdict": Verdict,
    "verification_state": VerificationState,
    "reason": Outcome,
    "compliance": Status,
    "release_type": ReleaseType,
    "migration_state": MigrationState,
    "finding": Severity,
    "delivery": DeliveryState,
    "evidence_pack": PackState,
}


@pytest.mark.parametrize("kind", ENUMS)
def test_badges__every_state__has_its_own_look_and_none_is_left_over(kind: str) -> None:
    assert set(BADGES[kind]) == {state.value for state in ENUMS[kind]}


def test_badges__releases__stored_states_and_those_read_from_their_change() -> None:
    assert set(BADGES["release_state"]) == set(SHOWN_STATES)


def test_badges__freezes__stored_states_and_those_the_clock_derives() -> None:
    assert set(BADGES["freeze_state"]) == {*states.FreezeState, "upcoming", "active", "past"}


@pytest.mark.parametrize("kind", BADGES)
def test_badges__within_a_kind__no_two_share_icon_and_word(kind: str) -> None:
    looks = [(badge.icon, str(badge.word)) for badge in BADGES[kind].values()]

    assert len(set(looks)) == len(looks)


@pytest.mark.parametrize("kind", BADGES)
def test_badges__icon__is_one_that_the_icon_set_has(kind: str) -> None:
    for badge in BADGES[kind].values():
        draw(badge.icon)


def test_reasons__mixed__what_blocks_comes_first_and_each_says_who_and_what() -> None:
    rows = [
        passed("a.holds", "§5.6", "Signed."),
        pending("a.waits", "§5.6", "Bob has not signed.", "Ask Bob.", ("Tech lead",)),
        failed("a.fails", "§6.5", "A freeze holds.", "Wait until it ends.", ("CTO",)),
    ]
    page = Template("{% load portal %}{% reasons rows %}").render(Context({"rows": rows}))

    assert page.index("A freeze holds.") < page.index("Bob has not signed.") < page.index("Signed.")
    assert "Wait until it ends." in page
    assert "Fails" in page
    assert "§6.5" in page


def test_reasons__words_of_somebody_else__are_text_and_never_markup() -> None:
    row = {**failed("a.b", "§1", "<img src=x>", "<b>", ("<i>",)).as_dict()}
    page = Template("{% load portal %}{% reason_row row %}").render(Context({"row": row}))

    assert "<img" not in page
    assert "<b>" not in page
    assert "<i>" not in page


def test_reference__of_nothing__is_a_dash_and_any_name_is_text() -> None:
    page = Template('{% load portal %}{% reference "change" none %}{% reference "change" name %}')
    drawn = page.render(Context({"none": "", "name": '"><b>'}))

    assert drawn == (
        '<span class="soft">—</span><a class="mono" href="/changes/%22%3E%3Cb%3E/">&quot;&gt;&lt;b&gt;</a>'
    )


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(minutes=1), "in 1 minute"),
        (timedelta(minutes=-59), "59 minutes ago"),
        (timedelta(hours=26), "in 1 day"),
        (timedelta(days=-29, hours=-23), "29 days ago"),
        (timedelta(days=-30), "15 Dec 2025"),
    ],
)
def test_relative__distance__in_its_largest_unit_then_a_date(distance: timedelta, words: str) -> None:
    assert times.relative(NOW + distance, now=NOW) == words


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("UTC", "Wed 14 Jan 2026, 23:30 UTC"),
        ("Europe/Berlin", "Thu 15 Jan 2026, 00:30 Europe/Berlin (Wed 14 Jan, 23:30 UTC)"),
        ("America/New_York", "Wed 14 Jan 2026, 18:30 America/New_York (23:30 UTC)"),
    ],
)
def test_exact__in_the_persons_zone__utc_beside_and_its_day_where_it_differs(zone: str, words: str) -> None:
    with timezone.override(zone):
        assert times.exact_with_zone(datetime(2026, 1, 14, 23, 30, tzinfo=UTC)) == words


def test_reason__moment_in_its_words__by_the_readers_clock() -> None:
    late = datetime(2026, 1, 14, 23, 30, tzinfo=UTC)
    row = failed("a.b", "§6.6", f"<b>Frozen</b> until {utc_text(late)}.", "Wait until 2026-99-14 10:00 UTC.")
    with timezone.override("Europe/Berlin"):
        page = Template("{% load portal %}{% reason_row row %}").render(Context({"row": row}))

    assert '<time datetime="2026-01-14T23:30:00+00:00" title="Thu 15 Jan 2026, 00:30 Europe/Berlin' in page
    assert ">Thu 15 Jan 2026, 00:30</time>." in page
    assert "&lt;b&gt;Frozen" in page
    assert "Wait until 2026-99-14 10:00 UTC." in page


def walk(size: int, order: tuple[str, ...]) -> list[int]:
    """Every row's key, following the links forwards."""
    seen: list[int] = []
    query = "?"
    while query:
        page = page_of_rows(RequestFactory().get(f"/{query}"), Grant.objects.all(), order=order, size=size)
        seen += [row.pk for row in page.rows]
        query = page.next
    return seen


@pytest.mark.parametrize("order", [("-id",), ("role", "-id"), ("-starts_at", "id")])
def test_page_of_rows__followed_to_the_end__every_row_once_in_order(order: tuple[str, ...], cast: Cast) -> None:
    assert walk(4, order) == list(Grant.objects.order_by(*order).values_list("pk", flat=True))


def test_page_of_rows__forwards_and_back__the_same_rows(cast: Cast) -> None:
    def page(query: str) -> tuple[tuple[Grant, ...], str, str]:
        found = page_of_rows(RequestFactory().get(f"/{query}"), Grant.objects.all(), order=("role", "-id"), size=5)
        return found.rows, found.previous, found.next

    first, before_first, after_first = page("?team=payments")
    second, before_second, _ = page(after_first)
    back, before_back, _ = page(before_second)

    assert before_first == ""
    assert not set(first) & set(second)
    assert back == first
    assert before_back == ""
    assert "team=payments" in after_first


@pytest.mark.parametrize("token", ["x", "W10", "WyJ4Il0", "bnVsbA", "W251bGxd", "%00", "W1tdXQ", "W3RydWVd"])
def test_page_of_rows__token_nobody_gave__the_first_page(
    token: str, browser_session: Callable[[str], Client], cast: Cast
) -> None:
    answer = browser_session("admin").get(f"/grants/?after={token}")

    assert answer.status_code == 200
    assert len(answer.context["page"].rows) == Grant.objects.count()
