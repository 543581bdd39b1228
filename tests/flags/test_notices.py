"""Expiry notices reach the owner, once each (§7.6)."""

from __future__ import annotations

from datetime import datetime, timedelta

from cybercube_portal.audit.models import Delivery, Event
from cybercube_portal.people.models import User
from flags.actions.notices import notice_expiry
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
