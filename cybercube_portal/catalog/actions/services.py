"""Register and edit services."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from cybercube_portal.audit.actions import record
from cybercube_portal.audit.signing import seal
from cybercube_portal.catalog import permissions, selectors, service_fields
from cybercube_portal.catalog.events import CatalogEvent
from cybercube_portal.catalog.models import Service
from cybercube_portal.catalog.rollback_config import SEALED, host_of
from cybercube_portal.catalog.service_content import PLAIN, content_of, tag_of
from cybercube_portal.catalog.service_fields import ServiceFields
from cybercube_portal.errors import Conflict, FieldError, Invalid, NotFound, Stale
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import require
from cybercube_portal.people.selectors import team_named


@transaction.atomic
def register_service(*, slug: str, fields: ServiceFields, actor: Actor, now: datetime) -> Service:
    """Add a service to the catalogue; `name` and `team` are needed, the rest has defaults.

    Raises NotPermitted, Invalid, and Conflict `service.exists`.
    """
    require(actor, permissions.REGISTER_SERVICE, now=now)
    service_fields.check_slug(slug)
    missing = [name for name in ("name", "team") if not fields.get(name)]
    if missing:
        raise Invalid([FieldError(f"/{name}", "field.required", f"A service has a {name}.") for name in missing])
    if Service.objects.filter(slug=slug).exists():
        raise Conflict(f"There is a service {slug} already.", code="service.exists")
    service = Service(slug=slug, created_at=now)
    _write(service, fields)
    _record(CatalogEvent.SERVICE_REGISTERED, service, actor, now, before=None)
    return service


@transaction.atomic
def edit_service(*, slug: str, tag: str, fields: ServiceFields, actor: Actor, now: datetime) -> Service:
    """Change the given fields and leave the others; `tag` is `tag_of` the service as the editor read it.

    Raises NotPermitted, NotFound, Stale, Invalid.
    """
    require(actor, permissions.EDIT_SERVICE, now=now)
    service = selectors.lock_service(slug)
    if tag_of(service) != tag:
        raise Stale(f"{slug} was changed by somebody else since you read it.", code="service.stale")
    before = content_of(service)
    _write(service, fields)
    _record(CatalogEvent.SERVICE_EDITED, service, actor, now, before=before)
    return service


def _write(service: Service, fields: ServiceFields) -> None:
    sealed = service.rollback_config.get(SEALED, [])
    service_fields.check_fields(service.slug, fields, driver=service.rollback_driver, config=service.rollback_config)
    for name in PLAIN:
        if name in fields:
            setattr(service, name, fields[name])  # type: ignore[literal-required]  # PLAIN holds keys of the dictionary
    if "team" in fields:
        try:
            service.team = team_named(fields["team"])
        except NotFound as error:
            raise Invalid.field("/team", error.code, str(error)) from error
    # The portal calls only registered hosts; an address an admin typed registers its own.
    hosts = frozenset(fields.get("allowed_hosts", service.allowed_hosts))
    if "rollback_config" in fields:
        service.rollback_config = _sealed(fields["rollback_config"], sealed)
    service.allowed_hosts = sorted(hosts | service_fields.hosts_of(service.urls) | host_of(service.rollback_config))
    needed = _named(fields["depends_on"]) if "depends_on" in fields else None
    service.save()
    if needed is not None:
        service.depends_on.set(needed)


def _sealed(config: Mapping[str, Any], before: list[str]) -> dict[str, Any]:
    """The configuration with its secret encrypted, beside the one before it: calls are signed with both while receivers change."""
    kept = {name: value for name, value in config.items() if name != "secret"}
    secrets = [seal(config["secret"]), *before[:1]] if config.get("secret") else before
    return {**kept, SEALED: secrets} if "url" in kept and secrets else kept


def _named(slugs: Iterable[str]) -> list[Service]:
    wanted = list(dict.fromkeys(slugs))
    found = {service.slug: service for service in Service.objects.filter(slug__in=wanted)}
    errors = [
        FieldError(f"/depends_on/{index}", "service.unknown", f"There is no service {slug}.")
        for index, slug in enumerate(wanted)
        if slug not in found
    ]
    if errors:
        raise Invalid(errors)
    return list(found.values())


def _record(verb: CatalogEvent, service: Service, actor: Actor, at: datetime, *, before: dict[str, Any] | None) -> None:
    after = content_of(service)
    changed = [name for name in after if before is None or before[name] != after[name]]
    record(
        verb,
        object_type="service",
        object_id=service.slug,
        subjects=[f"service:{service.slug}"],
        actor=actor,
        at=at,
        before=None if before is None else {name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )
