"""The words of a release: its changelog and notes, read, written with a preview, published (§5.4, §5.5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from changes.selectors.changes import get_change
from cybercube_portal.people.guard import Permission, may
from cybercube_portal.people.views.editing import Editing
from cybercube_portal.people.views.unsent import sending
from cybercube_portal.web import SHOWN_AGAIN, PageRequest, show, show_again
from cybercube_portal.web.markdown import render_markdown
from releases import permissions
from releases.actions import release_documents as actions
from releases.models import Release
from releases.policy.changelog import section, without_heading
from releases.policy.notes import missing_sections
from releases.policy.releases import shown_state
from releases.release_forms import TextForm
from releases.selectors.release_documents import Documents, service_changelog
from releases.selectors.releases import get_release

READ, EDIT = "releases/words.html", "releases/words_edit.html"


@dataclass(frozen=True, slots=True)
class Words:
    """One of the two texts: where it is read and written, what is shown of what was typed, and how far its headings go down."""

    title: str | Promise
    section: str
    read: str
    edit: str
    act: Callable[..., Release]
    text_of: Callable[[Documents], str]
    shown: Callable[[Documents, str], str]
    lower: int


CHANGELOG = Words(
    gettext_lazy("Changelog"),
    "§5.4",
    "release-changelog",
    "release-changelog-edit",
    actions.edit_changelog,
    lambda words: words.changelog,
    lambda words, text: section(words.release.version, words.day, without_heading(text)),
    0,
)
NOTES = Words(
    gettext_lazy("Release notes"),
    "§5.5",
    "release-notes",
    "release-notes-edit",
    actions.edit_notes,
    lambda words: words.notes,
    lambda _words, text: text,
    1,
)


@require_safe
def release_changelog(request: PageRequest, reference: str) -> HttpResponse:
    """The changelog of a release."""
    return _read(request, reference, CHANGELOG)


@require_safe
def release_notes(request: PageRequest, reference: str) -> HttpResponse:
    """The release notes; a draft says that it is one."""
    return _read(request, reference, NOTES)


@require_http_methods(["GET", "HEAD", "POST"])
def release_changelog_edit(request: PageRequest, reference: str) -> HttpResponse:
    """Write the changelog."""
    return _edit(request, reference, CHANGELOG)


@require_http_methods(["GET", "HEAD", "POST"])
def release_notes_edit(request: PageRequest, reference: str) -> HttpResponse:
    """Write the notes."""
    return _edit(request, reference, NOTES)


@require_POST
def release_notes_draft(request: PageRequest, reference: str) -> HttpResponse:
    """Fill in the template afresh."""
    # What was typed there gives way to the fresh draft.
    with sending(request, form_at=reverse("release-notes-edit", args=[reference])):
        actions.draft_notes(reference=reference, actor=request.actor, now=request.now)
    messages.success(request, _("Drafted afresh from the commits."))
    return redirect("release-notes-edit", reference)


@require_POST
def release_notes_publish(request: PageRequest, reference: str) -> HttpResponse:
    """Publish and announce them."""
    try:
        actions.publish_notes(reference=reference, actor=request.actor, now=request.now)
    except SHOWN_AGAIN as error:
        return show_again(request, READ, _context(request, get_release(reference), NOTES), error=error)
    messages.success(request, _("Published, and announced by mail."))
    return redirect("release-notes", reference)


@require_safe
def notes_markdown(request: PageRequest, reference: str) -> HttpResponse:  # noqa: ARG001 - a page's view
    """The notes as Markdown."""
    release = get_release(reference)
    return _markdown(Documents(release, change=get_change(release.change)).notes)


@require_safe
def changelog_markdown(request: PageRequest, slug: str) -> HttpResponse:  # noqa: ARG001 - a page's view
    """CHANGELOG.md of a service: every release in production or once there."""
    return _markdown(service_changelog(slug))


def _read(request: PageRequest, reference: str, kind: Words) -> HttpResponse:
    return show(request, READ, _context(request, get_release(reference), kind))


def _edit(request: PageRequest, reference: str, kind: Words) -> HttpResponse:
    release = get_release(reference)
    words = Documents(release, change=get_change(release.change))
    form = TextForm(request.POST or None, initial={"text": kind.text_of(words)})
    editing = Editing(request, form, version=release.row_version)
    typed = str(form["text"].value() or "")[: actions.LONGEST]
    html = render_markdown(kind.shown(words, typed), lower=kind.lower)
    context = _about(release, kind) | {"html": html}
    if "check" in request.POST:
        return show(request, EDIT, context | editing.context, form=form)

    def save() -> None:
        kind.act(
            reference=reference,
            text=form.cleaned_data["text"],
            version=editing.number,
            actor=request.actor,
            now=request.now,
        )

    return editing.answer(EDIT, context, save=save, then=reverse(kind.read, args=[reference]))


def _context(request: PageRequest, release: Release, kind: Words) -> dict[str, Any]:
    words = Documents(release, change=get_change(release.change))
    text = kind.text_of(words)
    is_notes = kind is NOTES
    return {
        **_about(release, kind),
        "html": render_markdown(kind.shown(words, text), lower=kind.lower),
        "is_drafted": not (release.notes if is_notes else release.changelog),
        "is_notes": is_notes,
        "state": shown_state(release.state, change=words.change.state),
        "missing": missing_sections(text) if is_notes else (),
        "unread": () if is_notes else words.drafted.unread,
        "may_edit": _may(request, permissions.EDIT_RELEASE, release),
        "may_publish": is_notes
        and release.notes_published_at is None
        and release.state not in actions.UNTOLD
        and _may(request, permissions.PUBLISH_RELEASE, release),
    }


def _may(request: PageRequest, permission: Permission, release: Release) -> bool:
    return may(
        request.actor,
        permission,
        now=request.now,
        teams=[release.service.team.slug],
        services=[release.service.slug],
        owner=release.created_by.username,
    ).allowed


def _about(release: Release, kind: Words) -> dict[str, Any]:
    name = f"{release.service.slug} {release.version}"
    return {
        "release": release,
        "words": kind,
        "edit_url": reverse(kind.edit, args=[release.reference]),
        "crumbs": [(_("Releases"), reverse("releases")), (name, reverse("release", args=[release.reference]))],
    }


def _markdown(text: str) -> HttpResponse:
    return HttpResponse(f"{text.rstrip()}\n", content_type="text/markdown; charset=utf-8")
