"""Words for services, teams and environments in the queries of lists."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cybercube_portal.catalog.registers import SERVICES, TEAMS, Owned
from cybercube_portal.catalog.states import ENVIRONMENT_NAMES, EnvironmentCode
from cybercube_portal.query import Named, OneOf, Word


def service_word(by: Callable[[Owned], Q]) -> Word:
    """`service:billing-service`."""
    return Word(name="service", means=_("The service"), values=Named(SERVICES, by), example="billing-service")


def team_word(by: Callable[[Owned], Q]) -> Word:
    """`team:payments` and `team:@me`: everything of the services the team owns."""
    values = Named(TEAMS, by, mine=lambda asker: asker.team)
    return Word(name="team", means=_("The team that owns the service"), values=values, example="@me")


def environment_word(by: Callable[[EnvironmentCode], Q]) -> Word:
    """`environment:prd`, or by its long name."""
    values = OneOf(
        {code.value: by(code) for code in EnvironmentCode},
        also={name: code.value for name, code in ENVIRONMENT_NAMES.items()},
    )
    return Word(name="environment", means=_("The environment"), values=values, example="prd")
