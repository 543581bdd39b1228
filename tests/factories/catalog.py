"""What a pipeline sends, and services for it to send it about."""

from __future__ import annotations

from typing import Any, cast

from cybercube_portal import clock
from cybercube_portal.catalog.actions import register_service
from cybercube_portal.catalog.models import Service
from cybercube_portal.catalog.service_fields import ServiceFields
from cybercube_portal.people.actors import OPERATOR

DIGEST = "sha256:" + "0123456789abcdef" * 4
OTHER_DIGEST = "sha256:" + "fedcba9876543210" * 4
GIT_SHA = "a1b2c3d4e5f60718293a4b5c6d7e8f9001122334"


def registered_service(slug: str = "billing-service", team: str = "payments", **fields: Any) -> Service:
    """A service in the catalogue; its team has to exist."""
    given = cast("ServiceFields", {"name": slug.replace("-", " ").title(), "team": team, **fields})
    return register_service(slug=slug, fields=given, actor=OPERATOR, now=clock.now())


def artifact_body(**members: Any) -> dict[str, Any]:
    """The body of POST artifacts/ with the metadata of §3.6."""
    return {
        "service": "billing-service",
        "version": "v2.3.1",
        "digest": DIGEST,
        "type": "container_image",
        "git_sha": GIT_SHA,
        "git_ref": "refs/tags/v2.3.1",
        "build_time": "2026-01-17T12:00:00Z",
        "build_number": "12345",
        "builder": "github-actions",
        "dependencies": {"node": "20.10.0", "npm": "10.2.0"},
        **members,
    }


def scan_body(**members: Any) -> dict[str, Any]:
    """The body of POST evidence/ for a clean scan."""
    return {"stage": "scan", "status": "passed", "summary": {"critical": 0, "high": 0}, **members}
