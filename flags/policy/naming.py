"""How flags are named and how long they live (§7.1, §7.2, §7.5). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from cybercube_portal.errors import FieldError

LONGEST_KEY = 100
EXAMPLE = "release_new_dashboard"


class FlagType(StrEnum):
    """§7.1."""

    RELEASE = "release"
    OPS = "ops"
    EXPERIMENT = "experiment"
    PERMISSION = "permission"


class ValueType(StrEnum):
    """What a flag answers. The standard knows boolean, string and number; a number is an integer or has a decimal point."""

    BOOLEAN = "boolean"
    STRING = "string"
    INTEGER = "integer"
    FLOAT = "float"
    JSON = "json"


TEMPORARY: frozenset[FlagType] = frozenset({FlagType.RELEASE, FlagType.EXPERIMENT})
LIFETIME = timedelta(days=30)  # §7.6: "30 days from creation"
KEY = re.compile(rf"({'|'.join(FlagType)})(_[a-z0-9]+)+")


def key_errors(key: str, flag_type: str) -> Iterable[FieldError]:
    """Where a key is not `{type}_{feature}_{variant}` (§7.2)."""
    if not KEY.fullmatch(key) or len(key) > LONGEST_KEY:
        message = (
            f"A key is {{type}}_{{feature}}_{{variant}} in small letters, digits and underscores, such as {EXAMPLE}."
        )
        yield FieldError("/key", "flag.key_form", f"{message} At most {LONGEST_KEY} characters.")
    elif key.partition("_")[0] != flag_type:
        yield FieldError("/key", "flag.key_type", f"The key of a {flag_type} flag starts with {flag_type}_.")


def expiry_errors(
    flag_type: str, expires_at: datetime | None, permanent_reason: str, *, now: datetime
) -> Iterable[FieldError]:
    """Temporary flags expire, permanent ones do not, unless a reason is written down (§7.1, §7.5)."""
    is_temporary = flag_type in TEMPORARY
    if is_temporary and expires_at is None and not permanent_reason.strip():
        yield FieldError("/expires_at", "flag.expiry_missing", f"A {flag_type} flag is temporary: say when it expires.")
    if not is_temporary and expires_at is not None and not permanent_reason.strip():
        message = (
            f"A flag of type {flag_type} is permanent: leave the expiry out, or give a reason in permanent_reason."
        )
        yield FieldError("/expires_at", "flag.expiry_forbidden", message)
    if expires_at is not None and expires_at <= now:
        yield FieldError("/expires_at", "flag.expiry_past", "The expiry is in the past.")


def default_expiry(flag_type: str, *, now: datetime) -> datetime | None:
    """Thirty days for a temporary flag, none for a permanent one."""
    return now + LIFETIME if flag_type in TEMPORARY else None


def is_extended(before: datetime | None, after: datetime | None) -> bool:
    """Whether a flag that was to expire now does so later, or never."""
    return before is not None and (after is None or after > before)
