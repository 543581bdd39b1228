"""Atom feeds of published release notes (RFC 4287): of all services, or of one. Session, API key or CI token opens them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils.feedgenerator import Atom1Feed
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from cybercube_portal import clock
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.people.authentication import actor_of
from cybercube_portal.web.markdown import render_markdown
from releases.models import Release
from releases.selectors.release_documents import published_notes

MOST = 50


class ReleasesFeed(APIView):
    """Published notes, the latest first."""

    login_required = False  # it authenticates by itself, as the API does

    @extend_schema(exclude=True)
    def get(self, request: Request, slug: str = "") -> HttpResponse:
        """The feed. Raises NotFound for an unknown service."""
        actor_of(request)
        service = catalog.get_service(slug) if slug else None
        rows = list(published_notes(service=slug)[:MOST])
        name = service.name if service else "CYBERCUBE"
        own = f"{settings.BASE_URL}{request.path}"
        feed = Atom1Feed(
            title=f"{name}: releases",
            link=f"{settings.BASE_URL}/releases/",
            description="",
            feed_url=own,
            feed_guid=own,
            language="en",
        )
        for row in rows:
            _add(feed, row)
        if not rows:
            feed.latest_post_date = clock.now  # type: ignore[method-assign]  # an empty feed is as new as its reading
        body = feed.writeString("utf-8")
        return HttpResponse(body, content_type=Atom1Feed.content_type, headers={"Cache-Control": "private, no-cache"})


def _add(feed: Atom1Feed, release: Release) -> None:
    """One entry; its id stays for ever, `updated` follows edits of the release."""
    where = f"{settings.BASE_URL}/releases/{release.reference}/notes/"
    entry: dict[str, Any] = {
        "title": f"{release.service.name} {release.version}",
        "link": where,
        "unique_id": where,
        "description": str(render_markdown(release.notes)),
        "pubdate": release.notes_published_at,
        "updateddate": release.updated_at,
        "author_name": release.service.team.name,
        "categories": [release.type, release.service.slug, release.state],
    }
    feed.add_item(**entry)
