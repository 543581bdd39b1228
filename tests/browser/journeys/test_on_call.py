"""On call at night: an emergency, a rollback in two clicks, a flag killed."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from changes.models import ChangeRequest
from cybercube_portal import clock
from cybercube_portal.audit.models import Event
from releases.models import Deployment
from releases.states import DeploymentState
from tests.browser.hands import Hands
from tests.factories import changes as stories
from tests.factories import flags as flag_lives
from tests.factories.deployments import HOUR, deployed
from tests.factories.people import Cast

pytestmark = pytest.mark.browser


def test_on_call__rolls_back_in_two_clicks_from_the_service(people: Cast, come: Callable[[str], Hands]) -> None:
    now = clock.now()
    deployed("v2.3.0", at=now - 24 * HOUR)
    bad = deployed("v2.3.1", at=now - HOUR, state=DeploymentState.FAILED)

    grace = come("grace")
    grace.page.goto(f"/deployments/{bad.reference}/")
    grace.press(grace.link("Prepare rollback"))
    grace.is_at("Roll billing-service back to v2.3.0")
    grace.press(grace.button("Roll back to v2.3.0"))

    grace.sees("Rolling back to v2.3.0.", "How it goes")
    assert Deployment.objects.get(pk=bad.pk).state == DeploymentState.ROLLING_BACK


def test_on_call__starts_an_emergency_once_the_lead_authorised_it(people: Cast, come: Callable[[str], Hands]) -> None:
    stories.service()

    grace = come("grace")
    grace.press(grace.link("New change").first)
    grace.press(grace.link("Emergency change"))
    grace.write(grace.field("Title"), "Restore billing-service")
    grace.tick(grace.field("billing-service · payments"))
    grace.press(grace.button("File the emergency"))
    grace.is_at("Restore billing-service")

    heidi = come("heidi")
    heidi.page.goto(grace.page.url)
    heidi.press(heidi.button("Authorise emergency"))
    heidi.choose(heidi.field("Who approved it?"), "Heidi")
    heidi.write(heidi.field("How?"), "On the incident call")
    heidi.tick(heidi.field("Production down or severely degraded"))
    heidi.press(heidi.page.locator("details[open]").get_by_role("button", name="Authorise emergency"))
    heidi.sees("Approved")

    grace.page.reload()
    grace.press(grace.button("Start"))
    grace.sees("Implementing")
    assert ChangeRequest.objects.get().authorised_by == people.heidi


def test_on_call__kills_a_flag_in_production_without_asking(people: Cast, come: Callable[[str], Hands]) -> None:
    stories.service()
    now = clock.now()
    key = flag_lives.flag(now=now, name="New dashboard").key
    flag_lives.served(key, "prd", now=now, enabled=True, rollout_percentage=5)

    grace = come("grace")
    grace.go("Flags")
    grace.press(grace.link("New dashboard"))
    production = grace.page.locator("#prd")
    grace.press(production.locator("summary").filter(has_text="Kill"))
    grace.write(production.get_by_role("textbox", name="Why"), "Checkout fails")
    grace.press(production.get_by_role("button", name="Kill"))
    grace.sees("Please correct this")
    grace.write(production.get_by_label(re.compile("Type")), key)
    grace.press(production.get_by_role("button", name="Kill"))

    grace.sees("Killed")
    assert Event.objects.get(verb="flag.killed").object_id == key
