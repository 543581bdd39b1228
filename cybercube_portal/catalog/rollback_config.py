"""What each rollback driver has to know of a service, judged before it is stored (§8; domain.md section 4). Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from cybercube_portal.catalog.states import RollbackDriver
from cybercube_portal.errors import FieldError
from cybercube_portal.outbound import OutboundRefused, readable

POINTER = "/rollback_config"
SECRET_PREFIX = "whsec_"  # noqa: S105 - how every such secret begins
SECRET_BYTES = range(24, 65)
LONGEST_STEPS = 2000
# Where the encrypted secrets stand in the stored configuration.
SEALED = "sealed"

# A DNS label as Kubernetes names its things; `{environment}` may stand in it for dev, stg or prd.
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_IMAGE = re.compile(r"[a-z0-9]+(?:[._:/-][a-z0-9]+)*")
PLACE = "{environment}"


class Members(NamedTuple):
    """What a driver's configuration must and may hold."""

    needed: tuple[str, ...]
    allowed: tuple[str, ...] = ()


MEMBERS: dict[RollbackDriver, Members] = {
    RollbackDriver.WEBHOOK: Members(("url", "secret")),
    RollbackDriver.KUBERNETES: Members(("namespace", "image"), ("deployment", "container")),
    RollbackDriver.MANUAL: Members((), ("image", "steps")),
}


def wrong_config(driver: RollbackDriver, config: Mapping[str, Any], *, has_secret: bool) -> Iterator[FieldError]:
    """What is wrong with `config` for `driver`. `has_secret`: one is kept from before, so that it need not be sent again."""
    members = MEMBERS[driver]
    known = (*members.needed, *members.allowed)
    for name in config:
        if name not in known:
            message = f"The driver {driver.value} takes {', '.join(known)}, not {name}."
            yield FieldError(f"{POINTER}/{name}", "field.unknown", message)
    for name in members.needed:
        if not config.get(name) and not (name == "secret" and has_secret):
            yield FieldError(f"{POINTER}/{name}", "field.required", f"The driver {driver.value} needs {name}.")
    for name in known:
        if config.get(name) and (message := _wrong(name, config[name])):
            yield FieldError(f"{POINTER}/{name}", "service.rollback_config", message)


def host_of(config: Mapping[str, Any]) -> frozenset[str]:
    """The host a webhook driver calls, in lower case; an admin who typed it registered it."""
    host = urlsplit(str(config.get("url", ""))).hostname
    return frozenset({host.lower()} if host else ())


def _wrong(name: str, value: object) -> str:
    if not isinstance(value, str):
        return f"{name} is a text."
    holds, message = _FORMS[name]
    return "" if holds(value) else message


def _is_address(text: str) -> bool:
    try:
        readable(text)
    except OutboundRefused:
        return False
    return True


def _is_secret(text: str) -> bool:
    try:
        key = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        return False
    return text.startswith(SECRET_PREFIX) and len(key) in SECRET_BYTES


def _is_label(text: str) -> bool:
    return _LABEL.fullmatch(text.replace(PLACE, "prd")) is not None


_LABELLED = (_is_label, "Names of Kubernetes are lower case, with digits and hyphens.")
_FORMS: dict[str, tuple[Callable[[str], bool], str]] = {
    "url": (_is_address, "An address starts with https:// or http:// and holds no credentials."),
    "secret": (_is_secret, "A secret is whsec_ and 24 to 64 random bytes in base64 (Standard Webhooks)."),
    "image": (lambda text: _IMAGE.fullmatch(text) is not None, "An image has no tag and no digest: registry/name."),
    "steps": (lambda text: len(text) <= LONGEST_STEPS, f"At most {LONGEST_STEPS} characters."),
    "namespace": _LABELLED,
    "deployment": _LABELLED,
    "container": _LABELLED,
}
