"""The words of a release over REST: its changelog (§5.4) and its notes (§5.5), as Markdown."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from changes.api.bodies import NothingBody
from changes.selectors.changes import get_change
from cybercube_portal import clock
from cybercube_portal.api import (
    MomentField,
    StrictSerializer,
    etag_of,
    idempotent,
    read_members,
    refuse_unknown_parameters,
    require_if_match,
)
from cybercube_portal.people.authentication import actor_of
from releases.actions import release_documents as actions
from releases.policy.changelog import grouped_texts, without_heading
from releases.policy.notes import missing_sections
from releases.selectors.release_documents import Documents
from releases.selectors.releases import get_release


class MarkdownBody(StrictSerializer):
    """The whole text."""

    markdown = serializers.CharField(max_length=actions.LONGEST, allow_blank=True, trim_whitespace=False)


class ChangelogSerializer(StrictSerializer):
    """`markdown` with the release's heading, which is the portal's: sent back it is left out. `drafted`: nobody wrote it yet."""

    release = serializers.CharField()
    version = serializers.CharField()
    markdown = serializers.CharField()
    drafted = serializers.BooleanField()
    groups = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()), help_text="What the commits give, by heading."
    )
    unread = serializers.ListField(
        child=serializers.CharField(), help_text="First lines of commits that do not follow §2.3."
    )


class NotesSerializer(StrictSerializer):
    """`drafted`: nobody wrote it yet. `missing_sections`: headings of §5.5 that are not there."""

    release = serializers.CharField()
    version = serializers.CharField()
    markdown = serializers.CharField()
    drafted = serializers.BooleanField()
    missing_sections = serializers.ListField(child=serializers.CharField())
    published_at = MomentField(allow_null=True)
    url = serializers.CharField(help_text="Where they are read once they are published.")


class ChangelogView(generics.GenericAPIView[Any]):
    """The changelog of a release."""

    serializer_class = ChangelogSerializer

    @extend_schema(operation_id="releases_changelog_read")
    def get(self, request: Request, reference: str) -> Response:
        """As people wrote it, or as the commits of its artifacts since the last version in production draft it."""
        refuse_unknown_parameters(request.query_params, [])
        return changelog_answer(reference)

    @extend_schema(operation_id="releases_changelog_write", request=MarkdownBody, responses={200: ChangelogSerializer})
    def put(self, request: Request, reference: str) -> Response:
        """Write it; empty goes back to the draft. With If-Match only if the release was not changed since."""
        text = without_heading(read_members(request, MarkdownBody)["markdown"])
        actions.edit_changelog(
            reference=reference,
            text=text,
            actor=actor_of(request),
            now=clock.now(),
            version=_version_read(request, reference),
        )
        return changelog_answer(reference)


class NotesView(generics.GenericAPIView[Any]):
    """The release notes."""

    serializer_class = NotesSerializer

    @extend_schema(operation_id="releases_notes_read")
    def get(self, request: Request, reference: str) -> Response:
        """As people wrote them, or the template of §5.5 filled in."""
        refuse_unknown_parameters(request.query_params, [])
        return notes_answer(reference)

    @extend_schema(operation_id="releases_notes_write", request=MarkdownBody, responses={200: NotesSerializer})
    def put(self, request: Request, reference: str) -> Response:
        """Write them; empty goes back to the draft. With If-Match only if the release was not changed since."""
        actions.edit_notes(
            reference=reference,
            text=read_members(request, MarkdownBody)["markdown"],
            actor=actor_of(request),
            now=clock.now(),
            version=_version_read(request, reference),
        )
        return notes_answer(reference)


class DraftNotesView(generics.GenericAPIView[Any]):
    """A fresh draft."""

    serializer_class = NotesSerializer

    @extend_schema(operation_id="releases_notes_draft", request=NothingBody, responses={200: NotesSerializer})
    @idempotent
    def post(self, request: Request, reference: str) -> HttpResponse:
        """Fill in the template afresh, in place of what was written."""
        read_members(request, NothingBody)
        actions.draft_notes(reference=reference, actor=actor_of(request), now=clock.now())
        return notes_answer(reference)


class PublishNotesView(generics.GenericAPIView[Any]):
    """Publication."""

    serializer_class = NotesSerializer

    @extend_schema(operation_id="releases_notes_publish", request=NothingBody, responses={200: NotesSerializer})
    @idempotent
    def post(self, request: Request, reference: str) -> HttpResponse:
        """Publish them as they stand, and announce them by mail."""
        read_members(request, NothingBody)
        actions.publish_notes(reference=reference, actor=actor_of(request), now=clock.now())
        return notes_answer(reference)


def changelog_answer(reference: str) -> Response:
    """The changelog as it stands, with the ETag of its release."""
    release = get_release(reference)
    words = Documents(release, change=get_change(release.change))
    shown = {
        "release": reference,
        "version": release.version,
        "markdown": words.changelog_section,
        "drafted": not release.changelog,
        "groups": grouped_texts(words.drafted),
        "unread": words.drafted.unread,
    }
    return Response(ChangelogSerializer(shown).data, headers={"ETag": etag_of(release.row_version)})


def notes_answer(reference: str) -> Response:
    """The notes as they stand, with the ETag of their release."""
    release = get_release(reference)
    text = Documents(release, change=get_change(release.change)).notes
    shown = {
        "release": reference,
        "version": release.version,
        "markdown": text,
        "drafted": not release.notes,
        "missing_sections": missing_sections(text),
        "published_at": release.notes_published_at,
        "url": f"/releases/{reference}/notes/",
    }
    return Response(NotesSerializer(shown).data, headers={"ETag": etag_of(release.row_version)})


def _version_read(request: Request, reference: str) -> int | None:
    """The version that If-Match names; None without one. Raises Stale."""
    if "If-Match" not in request.headers:
        return None
    version = get_release(reference).row_version
    require_if_match(request, version)
    return version
