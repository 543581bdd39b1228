"""The words of the list of flags (ui.md section 2 "Lists")."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from cybercube_portal.catalog.states import ENVIRONMENT_NAMES, EnvironmentCode
from cybercube_portal.catalog.words import service_word
from cybercube_portal.people.selectors import TEAM_NAMES
from cybercube_portal.people.words import person_word
from cybercube_portal.query import Asker, Language, Named, OneOf, Text, Time, Word
from flags.models import FlagEnvironment
from flags.policy.naming import FlagType


def _served(**how: object) -> Q:
    """Flags that an environment serves like that."""
    return Q(Exists(FlagEnvironment.objects.filter(flag=OuterRef("pk"), **how)))


def _where(**how: object) -> OneOf:
    """An environment that serves like that."""
    return OneOf(
        {code.value: _served(environment=code, **how) for code in EnvironmentCode},
        also={name: code.value for name, code in ENVIRONMENT_NAMES.items()},
    )


def _expired(asker: Asker) -> Q:
    return Q(archived_at__isnull=True, expires_at__lt=asker.now)


LANGUAGE = Language(
    words=(
        Word(
            name="is",
            means=_("In use or archived; killed somewhere, past its date, or without one"),
            values=OneOf(
                {
                    "in_use": Q(archived_at__isnull=True),
                    "archived": Q(archived_at__isnull=False),
                    "killed": _served(killed_at__isnull=False),
                    "expired": _expired,
                    "permanent": Q(expires_at__isnull=True),
                }
            ),
            example="in_use",
        ),
        Word(name="on", means=_("Where it is switched on"), values=_where(content__enabled=True), example="prd"),
        Word(name="killed", means=_("Where it is killed"), values=_where(killed_at__isnull=False), example="prd"),
        Word(
            name="type",
            means=_("What it is for (§7.1)"),
            values=OneOf({kind.value: Q(type=kind) for kind in FlagType}),
            example="release",
        ),
        service_word(lambda owned: Q(service__in=owned.ids)),
        Word(
            name="team",
            means=_("The team that keeps it"),
            values=Named(TEAM_NAMES, lambda team: Q(team=team), mine=lambda asker: asker.team),
            example="@me",
        ),
        person_word("owner", _("Who answers for it"), lambda person: Q(owner=person)),
        Word(
            name="tag", means=_("One of its tags"), values=Text(lambda tag: Q(tags__contains=[tag])), example="checkout"
        ),
        Word(name="expires", means=_("When it should be gone"), values=Time("expires_at", ahead=True), example="14d"),
        Word(name="created", means=_("When it was defined"), values=Time("created_at"), example="2026-01"),
    ),
    text=lambda text: Q(key__icontains=text) | Q(name__icontains=text),
    text_means=_("part of the key or the name"),
    orders={
        "key": ("key",),
        "-key": ("-key",),
        "-created": ("-created_at", "-id"),
        "created": ("created_at", "id"),
    },
    usual="is:in_use",
)
