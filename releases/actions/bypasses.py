"""What follows when production runs a version that nobody let through the gate: it is said, and an emergency is drafted (§6.1, §6.4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from changes.actions.content import create_change
from changes.proposals import ArtifactName, Proposal
from changes.selectors.changes import get_change
from changes.selectors.recipients import holders_of
from changes.states import OPEN_STATES, ChangeType
from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.catalog.versions import parse_version
from cybercube_portal.notices.actions import tell
from cybercube_portal.notices.kinds import Kind
from cybercube_portal.people.actions import portal_account
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.roles import Role
from releases import messages
from releases.actions.recording import record_observation
from releases.events import ObservationEvent
from releases.policy.drift import Place, wanted_words
from releases.selectors.places import PlaceRow

TOLD = (Role.ON_CALL, Role.ON_CALL_LEAD, Role.TECH_LEAD)


def file_bypass(found: PlaceRow, *, open_change: str, now: datetime) -> str:
    """Say that a bypass was found, and draft the one emergency for it; the number of the change that stands for it.

    `open_change` is the one of an earlier version: while it is open it stands for this one too.
    """
    place = found.place
    seen = place.seen
    running = seen.version if seen else ""
    if open_change and is_open(open_change):
        number = open_change
    else:
        proposal = _proposal(found, running=running, now=now)
        number = create_change(proposal=proposal, actor=_for_the_team(place.service, now=now), now=now).number
    record_observation(
        ObservationEvent.BYPASS_FOUND,
        service=place.service,
        environment=place.environment,
        actor=SYSTEM,
        at=now,
        version=running,
        expected=expected_version(place) or None,
        change=number,
    )
    return number


def expected_version(place: Place) -> str:
    """What should run there: the last healthy deployment's, else what was adopted; "" where neither is known."""
    return place.expected.version if place.expected else place.adopted_version


def _for_the_team(service: str, *, now: datetime) -> Actor:
    """The portal as a service account of the service's team: it files for nobody else."""
    team = catalog.team_by_service([service])[service]
    return replace(portal_account(now=now), team=team, on_behalf_of=f"team:{team}")


def is_open(number: str) -> bool:
    """Whether the change is still to be decided or carried out."""
    return get_change(number).state in OPEN_STATES


def _proposal(found: PlaceRow, *, running: str, now: datetime) -> Proposal:
    place = found.place
    expected = expected_version(place)
    return Proposal(
        title=f"{place.service} {running} runs in production without the gate"[:200],
        type=ChangeType.EMERGENCY,
        description=(
            f"The portal reads /health of {place.service} in production: it answers {running}, twice in a row. "
            f"No deployment let that version through the gate; {wanted_words(place)}.\n\n"
            "If this was an emergency, say why, have it authorised and record it (§6.4). "
            "If not, deploy what shall run there and cancel this draft."
        ),
        services=(place.service,),
        environments=(place.environment,),
        artifacts=(ArtifactName(service=place.service, version=running),) if _is_version(running) else (),
        scheduled_time=now,
        estimated_duration=timedelta(hours=1),
        rollback_plan=f"Deploy {place.service}:{expected} again." if expected else "",
        rollback_version=expected if _is_version(expected) else "",
    )


def _is_version(text: str) -> bool:
    try:
        parse_version(text)
    except ValueError:
        return False
    return True


@transaction.atomic
def tell_of_bypass(*, service: str, version: str, expected: str, number: str, occasion: str, now: datetime) -> int:
    """Tell on-call and the tech lead of the service's team. Returns how many were told."""
    teams = catalog.teams_of([service])
    return tell(
        Kind.BYPASS_FOUND,
        about=number,
        occasion=occasion,
        to=holders_of(TOLD, teams=teams, now=now),
        teams=teams,
        write=partial(messages.bypass_found, service=service, version=version, expected=expected, number=number),
        now=now,
    )
