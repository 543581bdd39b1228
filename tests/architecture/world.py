"""A small company with one of everything, to fill the parameters of every address from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.test import Client

from changes.actions.cab import MeetingPlan, plan_meeting
from changes.actions.changes import finish_change, start_change
from changes.actions.emergencies import authorise_change
from changes.actions.feeds import issue_feed
from changes.actions.templates import TemplatePlan, propose_template
from changes.models import ChangeRequest
from cybercube_portal import clock
from cybercube_portal.audit.models import Event
from cybercube_portal.notices.actions.channels import register_channel
from cybercube_portal.people.actions import issue_key, save_view
from cybercube_portal.people.actors import OPERATOR
from cybercube_portal.people.models import Grant
from cybercube_portal.people.scopes import ALLOWED
from cybercube_portal.record.actions import create_webhook, request_pack
from cybercube_portal.record.actions.packs import build_pack
from flags.actions.segments import create_segment
from flags.forms.lists import digest_of
from releases.actions.migrations import MigrationPlan, plan_migration
from releases.actions.release_content import ReleasePlan, open_release
from releases.views.compliance import badge_url
from tests.architecture.way_back import what_goes_back
from tests.architecture.world_bodies import (
    DAY,
    FLAG,
    GROUPS,
    MIGRATION,
    QUESTION,
    SERVICE,
    SLOT,
    SOME,
    VERSION,
    WORD,
    sent_by_browsers,
    sent_by_programs,
)
from tests.factories import changes as story
from tests.factories import flags as flag_lives
from tests.factories import releases as lives
from tests.factories.people import Cast

PERSONS = ("alice", "oscar", "kim", "admin", "ivan")
PIPELINES = ("ci-payments", "ci-search")
IDENTITIES = ("stranger", *PERSONS, *PIPELINES, "scopeless", "client")


@dataclass
class World:
    """`things` by name: what stands between `<` and `>` of an address that speaks of one. `bodies` by `METHOD route`."""

    cast: Cast
    now: datetime
    things: dict[str, dict[str, Any]]
    bodies: dict[str, dict[str, Any]]
    keys: dict[str, str]

    def client(self, identity: str, *, for_programs: bool) -> Client:
        """Somebody's client. Alice comes with a key where programs call, everybody else who is a person with a session."""
        bearer = self.keys.get(identity)
        if bearer is not None and (for_programs or identity not in PERSONS):
            return Client(HTTP_AUTHORIZATION=f"Bearer {bearer}", raise_request_exception=False)
        client = Client(raise_request_exception=False)
        if identity in PERSONS:
            client.force_login(self.cast[identity], backend="cybercube_portal.people.authentication.PersonBackend")
        return client


def build(cast: Cast, *, now: datetime) -> World:
    """The company at `now`, where the clock has to stand; it was founded a day and two hours before."""
    before = now - SLOT
    found = {
        **_catalogue(before),
        **_changes(before, now=now),
        **_periods(before, now=now),
        **_releases(before),
        **_flags(before),
    }
    keys = _keys(cast)
    found["decision"] = {"decision_id": _ask(keys["ci-payments"])}
    found["deployment"] = {"reference": lives.started("dev", at=now, version=VERSION).reference}
    found |= what_goes_back(before, now=now)
    found["key"] = {"prefix": keys["alice"].split("_")[1]}
    found["grant"] = {"grant_id": Grant.objects.get(user=cast.grace).pk}
    found["feed"] = {"token": issue_feed(actor=cast.actor("alice"), now=now)[1]}
    hook, _ = create_webhook(
        url="https://hooks.example.com/portal", verbs=["change.*"], actor=cast.actor("admin"), now=now
    )
    found["webhook"] = {"webhook": hook.subscription_id}
    channel = register_channel(
        tool="slack",
        name="#payments",
        url="https://hooks.example.com/services/T0/B0/secret",
        team="payments",
        actor=cast.actor("admin"),
        now=now,
    )
    found["chat"] = {"channel_id": channel.channel_id}
    found["event"] = {"event_id": Event.objects.earliest("pk").event_id}
    meeting = {"reference": _meeting(now)}
    found["meeting"] = meeting
    found["agenda_item"] = {**meeting, **found["reviewed"]}
    found["place"] = {"slug": SERVICE, "environment": "stg"}
    found["row"] = {"app": "people", "model": "grant", "object_id": found["grant"]["grant_id"]}
    found["environment"] = {"code": "prd"}
    found["filing"] = {"query": "?type=normal"}
    found["listing"] = {"query": "?list=changes&query=is:draft"}
    view = save_view(
        listing="changes", name="Mine", query="requester:@me", is_shared=True, actor=cast.actor("alice"), now=now
    )
    found["view"] = {"view_id": view.pk}
    found["period"] = {"query": f"?from={now - DAY:%Y-%m-%dT%H:%M:%SZ}&to={now:%Y-%m-%dT%H:%M:%SZ}"}
    pack = request_pack(start=now - DAY, end=now - DAY / 2, service=None, actor=cast.actor("admin"), now=now)
    build_pack(pack_id=pack.pk, now=now)
    found["pack"] = {"pack_id": pack.pk}
    found["badge"] = dict(
        zip(("token", "slug"), badge_url(SERVICE).removesuffix(".svg").rsplit("/", 2)[1:], strict=True)
    )
    found["table"] = {"table": "weeks"}
    found["type"] = {"content_type_id": 1, "object_id": 1}
    allowed = str(lives.asked("dev", at=now, version=VERSION).decision.pk)
    return World(cast, now, found, {**sent_by_programs(now, decision=allowed), **sent_by_browsers(now, found)}, keys)


def _flags(at: datetime) -> dict[str, dict[str, Any]]:
    create_segment(slug="beta", name="Beta", groups=GROUPS, actor=story.actor("alice"), now=at)
    key = flag_lives.flag(FLAG, now=at).key
    flag_lives.served(FLAG, "stg", now=at, rules=[{"conditions": [SOME], "variant": "on"}])
    some = {"digest": digest_of(SOME["value"])}
    return {
        "list": {"key": key, "environment": "stg", **some},
        "segment_list": {"slug": "beta", **some},
        "flag": {"key": key},
        "served": {"key": key, "environment": "dev"},
        "segment": {"slug": "beta"},
        "definitions": {"query": "?environment=dev"},
    }


def _keys(cast: Cast) -> dict[str, str]:
    """Alice's with all that a person's key can have, one of hers for nothing that is asked here, the pipelines', and one for flags."""
    asked: dict[str, tuple[str, dict[str, Any]]] = {
        "alice": ("alice", {"scopes": sorted(ALLOWED[cast.actor("alice").kind])}),
        "scopeless": ("alice", {"scopes": ["flags:evaluate"]}),
        "client": ("alice", {"client": True, "environment": "prd"}),
        **{name: (name, {}) for name in PIPELINES},
    }
    return {
        name: issue_key(username=username, actor=OPERATOR, now=clock.now(), **options)[1]
        for name, (username, options) in asked.items()
    }


def _catalogue(at: datetime) -> dict[str, dict[str, Any]]:
    story.service("search-api", team="search")
    story.artifact(story.service(SERVICE), VERSION, at=at)
    named = {"version": VERSION}
    return {
        "service": {"slug": SERVICE},
        "artifact": {"service": SERVICE, **named},
        "version": {"slug": SERVICE, **named},
    }


def _changes(before: datetime, *, now: datetime) -> dict[str, dict[str, Any]]:
    alice = story.actor("alice")
    waiting, running, done = (story.approved(now=before) for _ in range(3))
    for change in (running, done):
        start_change(number=change.number, actor=alice, now=now)
    finish_change(number=done.number, actor=alice, now=now)
    noted = story.emergency(now=now)
    authorise_change(number=noted.number, **WORD, verbal_at=now, actor=story.actor("grace"), now=now)  # type: ignore[arg-type]
    rows: dict[str, ChangeRequest] = {
        "draft": story.draft(now=now),
        "reviewed": story.in_review(now=now, by="bob"),
        "own_reviewed": story.in_review(now=now),
        "approved": waiting,
        "running": running,
        "done": done,
        "emergency": story.emergency(now=now),
        "noted": noted,
    }
    return {name: {"number": row.number} for name, row in rows.items()}


def _periods(before: datetime, *, now: datetime) -> dict[str, dict[str, Any]]:
    next_year: dict[str, Any] = {"starts_at": now + 300 * DAY, "ends_at": now + 310 * DAY}
    template = TemplatePlan(slug="small-scale", kind="scale", title="Scale a little", bounds={"replicas": [1, 4]})
    propose_template(plan=template, actor=story.actor("alice"), now=before)
    return {
        "freeze": {"reference": story.freeze(now=before, **next_year).reference},
        "drafted_freeze": {"reference": story.freeze(now=before, published=False, **next_year).reference},
        "window": {"reference": story.window(now=before, **next_year).reference},
        "template": {"slug": template.slug},
        "active_template": {"slug": "scale"},
    }


def _releases(before: datetime) -> dict[str, dict[str, Any]]:
    alice = story.actor("alice")
    release = open_release(plan=ReleasePlan(service=SERVICE, version=VERSION), actor=alice, now=before)
    plan = MigrationPlan(service=SERVICE, version="v2.4.0", environment="stg", filename=MIGRATION)
    migration = plan_migration(plan=plan, actor=alice, now=before)
    return {"release": {"reference": release.reference}, "migration": {"reference": migration.reference}}


def _meeting(now: datetime) -> str:
    plan = MeetingPlan(title="Weekly CAB", scheduled_at=now + DAY)
    return plan_meeting(plan=plan, actor=story.actor("ivan"), now=now).reference


def _ask(key: str) -> str:
    client = Client(HTTP_AUTHORIZATION=f"Bearer {key}")
    answer = client.post("/api/v1/gate/decisions/", QUESTION, "application/json")
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])
