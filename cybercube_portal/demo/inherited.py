"""A service that ran before the portal came (§6.1): staging was answered for, production waits for somebody to do so."""

from __future__ import annotations

from datetime import datetime, timedelta

from cybercube_portal.catalog.actions.services import register_service
from cybercube_portal.catalog.states import EnvironmentCode
from cybercube_portal.demo.lives import Company
from cybercube_portal.people.actors import OPERATOR
from releases.actions.adopting import adopt_running
from releases.actions.observations import note_sighting
from releases.models import Observation
from releases.policy.sighting import Sighting

SLUG, TEAM, RUNS = "tax-archive", "payments", "v0.9.4"
ANSWERED_FOR = EnvironmentCode.STG
SINCE = timedelta(days=6)


def join(company: Company, *, now: datetime) -> None:
    """Registered some days ago; both places have run the same version at every look since."""
    joined = now - SINCE
    urls = {
        EnvironmentCode.STG.value: f"https://{SLUG}.staging.cybercube.example",
        EnvironmentCode.PRD.value: f"https://{SLUG}.cybercube.example",
    }
    service = register_service(
        slug=SLUG,
        fields={
            "name": "Tax archive",
            "team": TEAM,
            "tier": 3,
            "description": "Came with the company we bought. Its pipeline does not ask the gate yet.",
            "repository": f"https://git.cybercube.example/{TEAM}/{SLUG}",
            "urls": urls,
        },
        actor=OPERATOR,
        now=joined,
    )
    sighting = Sighting(version=RUNS, git_sha="4be1c07d92aa", status="healthy")
    Observation.objects.bulk_create(Observation(service=service, environment=code, due_at=now) for code in urls)
    for code in urls:
        note_sighting(service=SLUG, environment=code, sighting=sighting, now=joined + timedelta(minutes=1))
    adopt_running(
        slug=SLUG,
        environment=ANSWERED_FOR,
        version=RUNS,
        reason="It ran there when the company was bought. The next version comes through the gate.",
        actor=company.actor("bob"),
        now=joined + timedelta(days=1),
    )
    for code in urls:
        note_sighting(service=SLUG, environment=code, sighting=sighting, now=now)
