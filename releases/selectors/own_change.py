"""A release and its one change are one thing to whoever keeps the release (R16)."""

from __future__ import annotations

from dataclasses import replace

from cybercube_portal.people.actors import Actor
from cybercube_portal.people.scopes import Scope


def for_its_change(actor: Actor) -> Actor:
    """`actor` as who files, edits, submits and cancels the change that an own release needs: a key for releases may do that too.

    It asks for signatures by that and gives none; roles, team and the key's services are judged as always.
    """
    if actor.key is None or Scope.RELEASES not in actor.key.scopes:
        return actor
    return replace(actor, key=replace(actor.key, scopes=actor.key.scopes | {Scope.CHANGES.value}))
