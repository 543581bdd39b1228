"""Who an event names. The record knows no people: an actor arrives as anything that can name itself. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


class Actor(Protocol):
    """A person, a service account or the portal itself."""

    def audit_identity(self) -> dict[str, Any]:
        """{"kind": "person|service|system", "id": str, "key": API key's prefix or None, "on_behalf_of": str or None}."""
        ...


@dataclass(frozen=True, slots=True)
class SystemActor:
    """A worker of the portal. `id` says which, when it matters."""

    id: str = "portal"
    on_behalf_of: str | None = None

    def audit_identity(self) -> dict[str, Any]:
        """The public shape; a worker has no key."""
        return {"kind": "system", "id": self.id, "key": None, "on_behalf_of": self.on_behalf_of}


SYSTEM = SystemActor()
