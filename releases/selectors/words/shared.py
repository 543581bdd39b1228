"""Words that several lists share: of rows with a service, an environment, a version, a change and a release."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cybercube_portal.catalog.words import environment_word, service_word, team_word
from cybercube_portal.query import Text, Word

ENVIRONMENT = environment_word(lambda code: Q(environment=code))
SERVICE = service_word(lambda owned: Q(service__in=owned.ids))
TEAM = team_word(lambda owned: Q(service__in=owned.ids))
VERSION = Word(name="version", means=_("The version"), values=Text(lambda text: Q(version=text)), example="v2.3.1")
CHANGE = Word(
    name="change", means=_("Its change"), values=Text(lambda text: Q(change=text)), example="CR-2026-0117-001"
)
RELEASE = Word(name="release", means=_("Its release"), values=Text(lambda text: Q(release=text)), example="REL-001")
