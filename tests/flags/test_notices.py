"""Expiry notices reach the owner, once each (§7.6)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cybercube_portal import clock
from cybercube_portal.audit.models import Delivery, Event
from cybercube_portal.errors import Invalid
from cybercube_portal.notices.models import Notice
from cybercube_portal.people.models import User
from flags.actions.facts import Count, count_usage
from flags.actions.flags import edit_flag
from flags.actions.notices import digest_team, notice_expiry
from flags.models import FlagUsage, UnknownFlag
from flags.tasks import BEAT_SCHEDULE, digest_teams, forget_facts, notice_expiries
from tests.factories import changes as story
from tests.factories.flags import flag
from tests.factories.people import Cast

KEY = "release_new_dashboard"


def test_notice__due__is_one_mail_to_the_owner_and_later_one_to_the_lead(cast: Cast, now: datetime) -> None:
    story.service()
    User.objects.filter(username="alice").update(email="alice@cybercube.example")
    User.objects.filter(username="bob").update(email="bob@cybercube.example")
    flag(KEY, now=now, owner="alice")
    expires_at = now + timedelta(days=30)
    assert notice_expiry(key=KEY, now=expires_at - timedelta(days=15)) is False
    assert notice_expiry(key=KEY, now=expires_at - timedelta(days=14)) is True
    assert notice_expiry(key=KEY, now=expires_at - timedelta(days=13)) is False
    (mail,) = Delivery.objects.filter(about=KEY)
    assert (mail.target, KEY in mail.subject) == ("alice@cybercube.example", True)
    assert notice_expiry(key=KEY, now=expires_at + timedelta(days=14)) is True
    assert {row.target for row in Delivery.objects.filter(about=KEY)} >= {
        "alice@cybercube.example",
        "bob@cybercube.example",
    }
    assert Event.objects.filter(verb="flag.expiry_noticed").count() == 2


def test_notice__whose_owner_left__reaches_the_lead_at_once(cast: Cast, now: datetime) -> None:
    story.service()
    flag(KEY, now=now, owner="alice")
    User.objects.filter(username="alice").update(email="alice@cybercube.example", is_active=False)
    assert notice_expiry(key=KEY, now=now + timedelta(days=20)) is True
    assert set(Notice.objects.filter(about=KEY).values_list("person__username", flat=True)) >= {"bob"}


def test_notice__by_the_hourly_beat__is_given_on_the_days_of_the_standard(cast: Cast, now: datetime) -> None:
    story.service()
    flag(KEY, now=now, owner="alice")
    expires_at = now + timedelta(days=30)
    task = BEAT_SCHEDULE["flags.notice_expiries"]
    assert (task["task"], task["schedule"]) == (notice_expiries.name, 3600.0)
    given: list[int] = []
    for day in range(-16, 17):
        for _ in range(2):  # however often it runs
            with clock.fixed_at(expires_at + timedelta(days=day)):
                notice_expiries()
            if Event.objects.filter(verb="flag.expiry_noticed").count() > len(given):
                given.append(day)
    assert given == [-14, -7, -1, 0, 7, 14]


def test_digest__on_a_monday__is_one_for_each_team_and_week(cast: Cast, now: datetime) -> None:
    story.service()
    monday = datetime(2026, 2, 9, 8, tzinfo=UTC)
    flag(KEY, now=now)
    flag("ops_cache", now=now)
    assert digest_team(team="payments", now=now) == 0
    with clock.fixed_at(monday):
        digest_teams()
        digest_teams()
    told = Notice.objects.filter(kind="flags_to_clean", person__username="alice")
    assert [row.message["points"] for row in told] == [[f"{KEY} expires on 13 Feb 2026"]]
    with clock.fixed_at(monday + timedelta(days=7)):
        digest_teams()
    assert told.all().count() == 2
    with clock.fixed_at(monday + timedelta(days=8)):
        digest_teams()
    assert told.all().count() == 2


def test_facts__of_long_ago__are_forgotten_by_the_daily_beat(cast: Cast, now: datetime, monkeypatch: Any) -> None:
    story.service()
    flag(KEY, now=now)
    monkeypatch.setattr("flags.actions.facts.MOST_UNKNOWN", 2)

    def asked(*keys: str, at: datetime) -> None:
        count_usage(Count(environment="dev", key=key, variant="on", count=1, at=at) for key in keys)

    asked(KEY, "release_a", "release_b", at=now - timedelta(days=401))
    asked("release_c", at=now - timedelta(days=401))
    asked(KEY, "release_a", at=now - timedelta(days=89))
    assert set(UnknownFlag.objects.values_list("key", "count")) == {("release_a", 2), ("release_b", 1)}
    assert BEAT_SCHEDULE["flags.forget_facts"]["task"] == forget_facts.name
    with clock.fixed_at(now):
        forget_facts()
    assert FlagUsage.objects.get().hour > now - timedelta(days=90)
    assert UnknownFlag.objects.get().key == "release_a"


def test_edit__of_a_later_expiry__needs_a_reason_that_is_kept(cast: Cast, now: datetime) -> None:
    story.service()
    row = flag(KEY, now=now)
    later = {"expires_at": row.expires_at + timedelta(days=30)} if row.expires_at else {}
    alice: dict[str, Any] = {"key": KEY, "actor": story.actor("alice"), "now": now}
    with pytest.raises(Invalid, match="Say why it lives longer"):
        edit_flag(**alice, version=1, changes=later)
    edit_flag(**alice, version=1, changes=later, reason="The test runs a month more")
    assert Event.objects.get(verb="flag.edited").data["reason"] == "The test runs a month more"
    sooner = {"expires_at": now + timedelta(days=3)}
    assert edit_flag(**alice, version=2, changes=sooner).version == 3
