"""Two people edited from the same version: whose member stands, and where both said something else. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flags.policy.serving import FIELDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member of a content that somebody changed since `base`: what it is now (`theirs`), and what was written (`mine`)."""

    name: str
    base: Any
    theirs: Any
    mine: Any

    @property
    def clashes(self) -> bool:
        """Both changed it, and not to the same."""
        return self.mine not in (self.base, self.theirs) and self.theirs != self.base


def merged(
    *, base: Mapping[str, Any], theirs: Mapping[str, Any], mine: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[Member, ...]]:
    """What is served now with my changes laid over it, and every member that either of us changed. Where both did, mine stands."""
    content, members = dict(theirs), []
    for name in FIELDS:
        member = Member(name=name, base=base.get(name), theirs=theirs.get(name), mine=mine.get(name))
        if member.mine != member.base:
            content[name] = member.mine
        if not member.base == member.theirs == member.mine:
            members.append(member)
    return content, tuple(members)
