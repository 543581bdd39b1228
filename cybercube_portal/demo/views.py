"""Views of lists that people saved: one for oneself, two that a team shares."""

from __future__ import annotations

from datetime import datetime, timedelta

from cybercube_portal.demo.lives import Company
from cybercube_portal.people.actions import save_view

WEEKS = timedelta(weeks=3)
# Who, which list, its name, its query, and whether the team sees it.
VIEWS = (
    ("alice", "changes", "My drafts", "requester:@me is:draft", False),
    ("bob", "changes", "Ours this week", "team:payments is:open scheduled:7d sort:scheduled", True),
    ("sybil", "changes", "Risky", "is:open risk:high,critical sort:scheduled", True),
    ("erin", "migrations", "Contracts to come", "is:open phase:contract", False),
    ("bob", "deployments", "Ours that failed", "team:payments is:failed,taken_back created:90d", True),
)


def save(company: Company, *, now: datetime) -> None:
    """They were saved three weeks ago."""
    for username, listing, name, query, is_shared in VIEWS:
        save_view(
            listing=listing, name=name, query=query, is_shared=is_shared, actor=company.actor(username), now=now - WEEKS
        )
