"""Whom an OIDC token of a CI platform may stand for (integrations.md C1). Pure.

`sub` is never read: owners can reshape it, and whoever recycles an organisation's name recycles it too. What never
changes hands are the ids of repositories and projects, so an identity has to pin one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cybercube_portal.errors import FieldError, Invalid

SECONDS_OF_LEEWAY = 60
LONGEST_LIFE_SECONDS = 60 * 60
LONGEST_TEXT = 255
MOST_CLAIMS = 10

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")

Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Platform:
    """How one platform names things. `unreviewed` are the values of `trigger` whose code nobody merged.

    `narrow`: at least one has to be pinned beside the id, or any branch could speak for the service.
    """

    name: str
    id_claim: str
    trigger: str
    unreviewed: frozenset[str]
    narrow: frozenset[str]


GITHUB = Platform(
    name="github",
    id_claim="repository_id",
    trigger="event_name",
    unreviewed=frozenset({"pull_request", "pull_request_target"}),
    narrow=frozenset({"environment", "ref", "ref_protected", "job_workflow_ref"}),
)
GITLAB = Platform(
    name="gitlab",
    id_claim="project_id",
    trigger="pipeline_source",
    unreviewed=frozenset({"merge_request_event", "external_pull_request_event"}),
    narrow=frozenset({"environment", "ref", "ref_protected"}),
)
PLATFORMS = (GITHUB, GITLAB)


def platform_of(claims: Claims) -> Platform | None:
    """The platform whose id these claims pin."""
    return next((platform for platform in PLATFORMS if platform.id_claim in claims), None)


def check_trust(*, name: str, issuer: str, audience: str, claims: Mapping[str, str]) -> None:
    """Raise Invalid with everything that would trust more than was meant."""
    errors = [*_wrong_issuer(issuer), *_wrong_claims(claims)]
    if not _NAME.fullmatch(name):
        errors.append(FieldError("/name", "trust.name", "A name has up to 80 letters, digits, dots and hyphens."))
    if not 0 < len(audience) <= LONGEST_TEXT:
        errors.append(FieldError("/audience", "trust.audience", "Name the audience the pipeline asks its token for."))
    if errors:
        raise Invalid(errors)


def _wrong_issuer(issuer: str) -> Iterator[FieldError]:
    try:
        parts = urlsplit(issuer)
    except ValueError:
        parts = urlsplit("")
    loopback = parts.hostname in {"127.0.0.1", "::1", "localhost"}
    secure = parts.scheme == "https" or (parts.scheme == "http" and loopback)
    plain = parts.hostname and not (parts.query or parts.fragment or parts.username or issuer.endswith("/"))
    if not secure or not plain or len(issuer) > LONGEST_TEXT:
        yield FieldError("/issuer", "trust.issuer", "An issuer is an https address as it stands in the claim iss.")


def _wrong_claims(claims: Mapping[str, str]) -> Iterator[FieldError]:
    for name, value in claims.items():
        if not (0 < len(name) <= LONGEST_TEXT and 0 < len(value) <= LONGEST_TEXT) or len(claims) > MOST_CLAIMS:
            yield FieldError(f"/claims/{name}", "trust.claim", f"At most {MOST_CLAIMS} claims, each with a short text.")
    if "sub" in claims:
        yield FieldError("/claims/sub", "trust.sub", "sub can change hands: pin the id and what else it is made of.")
    platform = platform_of(claims)
    if platform is None:
        ids = " or ".join(platform.id_claim for platform in PLATFORMS)
        yield FieldError("/claims", "trust.no_id", f"Pin {ids}: names can be recycled, ids cannot.")
    elif not platform.narrow & set(claims):
        choices = ", ".join(sorted(platform.narrow))
        yield FieldError("/claims", "trust.too_wide", f"Pin one of {choices}, or every branch could speak.")


def matches(pinned: Mapping[str, str], claims: Claims) -> bool:
    """Whether the token says exactly what was pinned: same names, same text, nothing converted."""
    return all(type(claims.get(name)) is str and claims[name] == value for name, value in pinned.items())


def is_unreviewed(pinned: Mapping[str, str], claims: Claims) -> bool:
    """Whether the code that asks was merged by nobody: a pull request's or a fork's.

    GitLab's `project_*` claims name the fork in a fork's merge request, and only a protected ref is out of its reach.
    """
    platform = platform_of(pinned)
    if platform is None:
        return True
    if claims.get(platform.trigger) in platform.unreviewed and platform.trigger not in pinned:
        return True
    return platform is GITLAB and claims.get("ref_protected") != "true"


def is_current(claims: Claims, *, now: float) -> bool:
    """Whether the token is valid at `now` (Unix seconds): not expired, not from the future, at most an hour old."""
    moments: list[Any] = [claims.get("iat"), claims.get("exp"), claims.get("nbf", claims.get("iat"))]
    if any(isinstance(moment, bool) or not isinstance(moment, int) for moment in moments):
        return False
    issued, expires, begins = map(int, moments)
    return (
        max(issued, begins) <= now + SECONDS_OF_LEEWAY
        and now < expires + SECONDS_OF_LEEWAY
        and now <= issued + LONGEST_LIFE_SECONDS + SECONDS_OF_LEEWAY
    )
