"""Choose what reaches oneself, and how."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from cybercube_portal.audit.actions import record
from cybercube_portal.errors import FieldError, Invalid
from cybercube_portal.notices.events import ChoiceEvent
from cybercube_portal.notices.kinds import Kind, Way
from cybercube_portal.notices.models import Choice
from cybercube_portal.notices.permissions import CHOOSE
from cybercube_portal.notices.selectors.channels import channel_of
from cybercube_portal.notices.selectors.choices import Chosen, choices_of
from cybercube_portal.notices.selectors.readers import usual_ways
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import require


@transaction.atomic
def choose_notices(*, wanted: Mapping[Kind, frozenset[Way]], actor: Actor, now: datetime) -> list[Chosen]:
    """Want these ways of these kinds, and no other of them; kinds that are not named stay as they are.

    Raises NotPermitted for a service account, and Invalid when a notice of safety would reach the person by no way at all.
    """
    require(actor, CHOOSE, now=now, owner=actor.username)
    reachable = {Way.MAIL} if channel_of(actor.id) is None else {Way.MAIL, Way.CHAT}
    errors = [
        FieldError(
            f"/{kind.value}",
            "notice.kept",
            f"“{kind.row.label}” is a notice of safety ({kind.row.section}): keep it on one channel at least.",
        )
        for kind, ways in wanted.items()
        if kind.row.kept and not ways & reachable
    ]
    if errors:
        raise Invalid(errors)
    before = {chosen.kind: chosen.wanted for chosen in choices_of(actor.id)}
    changed = {kind: ways for kind, ways in wanted.items() if ways != before[kind]}
    if not changed:
        return choices_of(actor.id)
    Choice.objects.filter(person_id=actor.id, kind__in=list(changed)).delete()
    Choice.objects.bulk_create(
        Choice(person_id=actor.id, kind=kind, way=way, wanted=way in ways)
        for kind, ways in changed.items()
        for way in Way
        if (way in ways) != (way in usual_ways(kind))
    )
    record(
        ChoiceEvent.CHANGED,
        object_type="user",
        object_id=actor.username,
        subjects=[f"user:{actor.username}"],
        actor=actor,
        at=now,
        before={kind.value: sorted(before[kind]) for kind in changed},
        after={kind.value: sorted(ways) for kind, ways in changed.items()},
    )
    return choices_of(actor.id)
