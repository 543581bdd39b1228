"""Events as other systems read them: CloudEvents 1.0.2, CDEvents 0.5.1 and Standard Webhooks 1.0 (integrations.md C4).

The feed and the webhooks tell the same: what happened to the work, never what people did with their accounts, sessions and keys.
That stays with the auditors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings

from cybercube_portal.audit.canonical import canonical, moment

if TYPE_CHECKING:
    from cybercube_portal.audit.models import Event

# Every noun of a verb stands in one of these; one in neither is told to nobody.
SHARED = frozenset(
    {
        "artifact",
        "cab_meeting",
        "change",
        "deployment",
        "deployment_window",
        "evidence",
        "freeze",
        "incident",
        "migration",
        "observation",
        "release",
        "service",
        "template",
        "verification",
    }
)
PRIVATE = frozenset(
    {
        "api_key",
        "calendar_feed",
        "delivery",
        "grant",
        "intent",
        "session",
        "team",
        "trusted_identity",
        "user",
        "webhook",
    }
)
TYPE = "software.cybercube.portal"
# Noun -> our CDEvents subject. CDEvents' own `change` is a change of source code, so ours is a custom one.
CDEVENTS = {"change": "changerequest"}
CDEVENTS_SPEC = "0.5.1"
CDEVENTS_VERSION = "0.1.0"
JSON = "application/json"
# Standard Webhooks asks for bodies below 20 KB; the receiver reads the rest by the event's id.
LARGEST_DATA = 16_000


def type_of(verb: str) -> str:
    """`dev.cdeventsx.cybercube-changerequest.rolledback.0.1.0` for `change.rolled_back`, else `software.cybercube.portal.<verb>`."""
    noun, _, participle = verb.partition(".")
    if noun in CDEVENTS:
        # A CDEvents predicate has letters only.
        return f"dev.cdeventsx.cybercube-{CDEVENTS[noun]}.{participle.replace('_', '')}.{CDEVENTS_VERSION}"
    return f"{TYPE}.{verb}"


def is_shared(verb: str) -> bool:
    """Whether events with this verb leave the record."""
    return verb.partition(".")[0] in SHARED


def cloud_event(event: Event) -> dict[str, Any]:
    """A sealed event as a structured CloudEvent; its id, source, type, subject and time are those of the CDEvent in `data`."""
    return _envelope(event, told(event))


def webhook_body(event: Event) -> dict[str, Any] | None:
    """Standard Webhooks' {type, timestamp, data}, `data` as in the CloudEvent; None for what is not shared.

    Too large an event is told without `before`, `after` and `data`, with `shortened`.
    """
    if not is_shared(event.verb):
        return None
    facts = told(event)
    if len(canonical(facts)) > LARGEST_DATA:
        facts = {**facts, "before": None, "after": None, "data": {}, "shortened": True}
    envelope = _envelope(event, facts)
    return {"type": envelope["type"], "timestamp": envelope["time"], "data": envelope["data"]}


def told(event: Event) -> dict[str, Any]:
    """What everybody who is signed in may read of an event: without the key it came by and the request's id."""
    return {
        "event_id": str(event.event_id),
        "sequence": event.sequence,
        "verb": event.verb,
        "object_type": event.object_type,
        "object_id": event.object_id,
        "subjects": event.subjects,
        "occurred_at": moment(event.occurred_at),
        "actor": {"kind": event.actor["kind"], "id": event.actor["id"]},
        "before": event.before,
        "after": event.after,
        "data": event.data,
    }


def _envelope(event: Event, facts: dict[str, Any]) -> dict[str, Any]:
    about = {
        "id": str(event.event_id),
        "source": settings.BASE_URL,
        "type": type_of(event.verb),
    }
    time = moment(event.occurred_at)
    is_cdevent = event.verb.partition(".")[0] in CDEVENTS
    return {
        "specversion": "1.0",
        **about,
        "subject": event.object_id,
        "time": time,
        "datacontenttype": JSON,
        "data": _cdevent({**about, "timestamp": time}, facts) if is_cdevent else facts,
    }


def _cdevent(context: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    return {
        "context": {"specversion": CDEVENTS_SPEC, **context},
        "subject": {"id": facts["object_id"], "content": {"verb": facts["verb"], "by": facts["actor"]["id"]}},
        "customData": facts,
        "customDataContentType": JSON,
    }
