"""Events as other systems read them: CloudEvents 1.0.2, CDEvents 0.5.1 and Standard Webhooks 1.0 (integrations.md C4).

The feed and the webhooks tell the same: what happened to the work, never what people did with their accounts, sessions and keys.
That stays with the auditors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

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
        "isolation",
        "migration",
        "observation",
        "protection",
        "release",
        "service",
        "template",
        "verification",
    }
)
PRIVATE = frozenset(
    {
        "api_key",
        "audit_chain",
        "calendar_feed",
        "chat_channel",
        "delivery",
        "evidence_pack",
        "grant",
        "intent",
        "notice_choice",
        "saved_view",
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
# A verified deployment is what CDEvents calls a service that was deployed, a verified rollback one that was rolled back.
VERIFIED = "deployment.verified"
SERVICE_TYPES = {
    "deploy": "dev.cdevents.service.deployed.0.3.0",
    "rollback": "dev.cdevents.service.rolledback.0.3.0",
}
INCIDENT_TYPES = {
    "incident.detected": "dev.cdevents.incident.detected.0.3.0",
    "incident.resolved": "dev.cdevents.incident.resolved.0.3.0",
}
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


def cdevents_type(verb: str, data: Mapping[str, Any]) -> str | None:
    """The type of CDEvents' own, or ours beside them, that an event is; None for what they have no word for."""
    if verb == VERIFIED and data.get("digest"):
        return SERVICE_TYPES.get(str(data.get("action")))
    if verb in INCIDENT_TYPES:
        return INCIDENT_TYPES[verb]
    return type_of(verb) if verb.partition(".")[0] in CDEVENTS else None


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
    cdevent = cdevents_type(event.verb, event.data)
    about = {
        "id": str(event.event_id),
        "source": settings.BASE_URL,
        "type": cdevent or type_of(event.verb),
    }
    time = moment(event.occurred_at)
    subject = _subject(event)
    return {
        "specversion": "1.0",
        **about,
        "subject": subject["id"],
        "time": time,
        "datacontenttype": JSON,
        "data": facts if cdevent is None else _cdevent({**about, "timestamp": time}, subject, facts),
    }


def _subject(event: Event) -> dict[str, Any]:
    """What the event is about, in the members that CDEvents asks of it: a service where one was deployed, an incident, a change."""
    data = event.data
    environment = {"environment": {"id": data.get("environment")}}
    if event.verb == VERIFIED and cdevents_type(event.verb, data):
        return {"id": data["service"], "content": {**environment, "artifactId": purl(data["service"], data["digest"])}}
    if event.verb in INCIDENT_TYPES:
        return {"id": event.object_id, "content": {**environment, "service": {"id": data.get("service")}}}
    return {"id": event.object_id, "content": {"verb": event.verb, "by": event.actor["id"]}}


def purl(service: str, digest: str) -> str:
    """The package URL of what was deployed: `pkg:oci/billing-service@sha256%3A…`."""
    return f"pkg:oci/{quote(service, safe='')}@{quote(digest, safe='')}"


def _cdevent(context: dict[str, Any], subject: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    return {
        "context": {"specversion": CDEVENTS_SPEC, **context},
        "subject": subject,
        "customData": facts,
        "customDataContentType": JSON,
    }
