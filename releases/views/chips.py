"""Chips that several lists share."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cybercube_portal.catalog.states import EnvironmentCode
from cybercube_portal.query.words import ME
from cybercube_portal.web import ChipGroup

ENVIRONMENTS = ChipGroup(
    label=_("Environment"), word="environment", values={code.value: code.value for code in EnvironmentCode}
)
MY_TEAM = ChipGroup(label=_("Whose services"), word="team", values={ME: _("My team")})
