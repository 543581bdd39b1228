"""API key scopes of api.md as data. Pure."""

from __future__ import annotations

from enum import StrEnum

from cybercube_portal.people.actors import Kind


class Scope(StrEnum):
    """What a key may be used for; never more than its user may do."""

    GATE = "gate"
    ARTIFACTS = "artifacts"
    DEPLOYMENTS = "deployments"
    CHANGES = "changes"
    APPROVALS = "approvals"
    RELEASES = "releases"
    FLAGS = "flags"
    FLAGS_EVALUATE = "flags:evaluate"
    AUDIT = "audit"


# A key signs only when `approvals` was named, and evidence never comes from a person (reliability.md section 4).
ALLOWED: dict[Kind, frozenset[Scope]] = {
    Kind.PERSON: frozenset(Scope) - {Scope.ARTIFACTS},
    Kind.SERVICE: frozenset(Scope) - {Scope.APPROVALS, Scope.AUDIT},
}


def default_scopes(kind: Kind) -> frozenset[Scope]:
    """All that the user may do, except `approvals`."""
    return ALLOWED[kind] - {Scope.APPROVALS}
