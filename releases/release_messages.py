"""What people are told of releases and migrations: the words of each notice (`notices.kinds`), in the reader's zone."""

from __future__ import annotations

from django.utils.translation import gettext as _

from cybercube_portal.notices.message import Message
from cybercube_portal.web.times import exact_with_zone
from releases.models import Migration, Release


def path_of(reference: str, tail: str = "") -> str:
    """The release's page, or one below it."""
    return f"/releases/{reference}/{tail}"


def thing_of(release: Release) -> str:
    """How a mail about several news calls it."""
    return f"{release.reference} {release.service.slug} {release.version}"


def release_planned(release: Release) -> Message:
    """§5.3: on-call is notified."""
    return Message(
        subject=_("%(reference)s is planned: %(service)s %(version)s") % _words(release),
        thing=thing_of(release),
        text=(_("A %(type)s release was handed to its approvers. You are on call for it.") % _words(release),),
        facts=((_("Release"), thing_of(release)), (_("Change"), release.change)),
        path=path_of(release.reference),
        button=_("See when it goes and how to go back"),
    )


def notes_published(release: Release) -> Message:
    """§5.2: the notes are announced."""
    words = {**_words(release), "name": release.service.name}
    return Message(
        subject=_("Release notes: %(name)s %(version)s") % words,
        thing=thing_of(release),
        text=(_("The release notes of %(name)s %(version)s, a %(type)s release, are published.") % words,),
        prose=release.notes,
        path=path_of(release.reference, "notes/"),
        button=_("Read them in the portal"),
        more=((_("The release"), path_of(release.reference)),),
    )


def migration_watched(migration: Migration) -> Message:
    """§9.4: its 30 minutes are over."""
    words = {"reference": migration.reference, "filename": migration.filename}
    applied = ((_("Applied"), exact_with_zone(migration.applied_at)),) if migration.applied_at else ()
    return Message(
        subject=_("%(reference)s waits to be verified: %(filename)s") % words,
        thing=f"{migration.reference} {migration.filename}",
        text=(
            _("The 30 minutes after the migration are over (STD-ENG-006 §9.4)."),
            _("Check that the schema changed as it should and that the application works, then note it."),
        ),
        facts=(
            (_("Migration"), migration.filename),
            (_("Service"), f"{migration.service.slug} {migration.version}"),
            (_("Environment"), migration.environment),
            *applied,
        ),
        path=f"/migrations/{migration.reference}/",
        button=_("Note that it is verified"),
    )


def _words(release: Release) -> dict[str, str]:
    return {
        "reference": release.reference,
        "service": release.service.slug,
        "version": release.version,
        "type": release.type,
    }
