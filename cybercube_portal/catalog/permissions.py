"""The permission table of the catalogue: verb -> permission -> roles. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from cybercube_portal.decisions import failed
from cybercube_portal.errors import NotPermitted
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import Permission, require
from cybercube_portal.people.roles import Role
from cybercube_portal.people.scopes import Scope

_ADMIN = frozenset({Role.ADMIN})
_NOBODY: frozenset[Role] = frozenset()

REGISTER_SERVICE = Permission(
    name="catalog.register_service", roles=_ADMIN, scope="admin", section="§1", everywhere=True
)
EDIT_SERVICE = Permission(name="catalog.edit_service", roles=_ADMIN, scope="admin", section="§1", everywhere=True)
TRUST_IDENTITY = Permission(
    name="catalog.add_trustedidentity", roles=_ADMIN, scope="admin", section="§1.4", everywhere=True
)
DISTRUST_IDENTITY = Permission(
    name="catalog.revoke_trustedidentity", roles=_ADMIN, scope="admin", section="§1.4", everywhere=True
)
REGISTER_ARTIFACT = Permission(
    name="catalog.register_artifact", roles=_NOBODY, scope=Scope.ARTIFACTS, section="§3.1", service_accounts=True
)
REPORT_EVIDENCE = Permission(
    name="catalog.report_evidence", roles=_NOBODY, scope=Scope.ARTIFACTS, section="§4.2", service_accounts=True
)
REPORT_PROTECTION = Permission(
    name="catalog.report_protection", roles=_NOBODY, scope=Scope.ARTIFACTS, section="§2.5", service_accounts=True
)
ATTEST_ISOLATION = Permission(
    name="catalog.attest_isolation",
    roles=frozenset({Role.OPS, Role.SECURITY, Role.ADMIN}),
    scope="admin",
    section="§1.4",
    everywhere=True,
)
PERMISSIONS: tuple[Permission, ...] = (
    REGISTER_SERVICE,
    EDIT_SERVICE,
    TRUST_IDENTITY,
    DISTRUST_IDENTITY,
    REGISTER_ARTIFACT,
    REPORT_EVIDENCE,
    REPORT_PROTECTION,
    ATTEST_ISOLATION,
)


def require_pipeline(
    actor: Actor, permission: Permission, *, now: datetime, teams: Iterable[str], services: Iterable[str]
) -> None:
    """What a pipeline alone may say: nobody reports "tests passed" for their own change (reliability.md section 4).

    Raises NotPermitted for every person, whatever their roles, and for a service account of another team.
    """
    if not actor.is_service:
        raise NotPermitted(
            failed(
                "permission.pipeline_only",
                permission.section,
                "What was built, tested and set comes from a pipeline, never from a person.",
                "Let the pipeline report it: with a key of the team's service account, or with its platform's token.",
                who=(actor.username,),
            )
        )
    require(actor, permission, now=now, teams=teams, services=services)
