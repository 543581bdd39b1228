"""Who works there and what they run. Data only; the cast's names are those of api.md."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from cybercube_portal.people.roles import Role

# The day the pictures of docs/pages.md show: a Tuesday, the board meets tomorrow, next Monday a freeze begins.
PICTURED_AT = datetime(2026, 11, 10, 9, 10, tzinfo=UTC)
PASSWORD = "cybercube-demo-2026"  # noqa: S105 - printed by the command that loads it, and refused in production

TEAMS: dict[str, str] = {
    "payments": "Payments",
    "search": "Search",
    "platform": "Platform",
    "identity": "Identity",
}


@dataclass(frozen=True, slots=True)
class Person:
    """`scope`: the team a role is held for; None is everywhere."""

    username: str
    name: str
    team: str
    role: Role
    scope: str | None = None
    timezone: str = "UTC"


CAST: tuple[Person, ...] = (
    Person("alice", "Alice Arnold", "payments", Role.ENGINEER, "payments", "Europe/Berlin"),
    Person("bob", "Bob Baker", "payments", Role.TECH_LEAD, "payments", "Europe/London"),
    Person("carol", "Carol Castro", "platform", Role.PRODUCT, None, "America/New_York"),
    Person("dan", "Dan Dahl", "platform", Role.OPS, None, "Europe/Oslo"),
    Person("erin", "Erin Eriksen", "platform", Role.DBA),
    Person("frank", "Frank Fuchs", "platform", Role.SECURITY),
    Person("grace", "Grace Gupta", "platform", Role.ON_CALL, None, "Asia/Kolkata"),
    Person("heidi", "Heidi Holm", "platform", Role.ON_CALL_LEAD),
    Person("ivan", "Ivan Ito", "platform", Role.ENGINEERING_MANAGER, None, "Asia/Tokyo"),
    Person("judy", "Judy Jones", "platform", Role.VP_ENGINEERING),
    Person("kim", "Kim Kaya", "platform", Role.AUDITOR),
    Person("oscar", "Oscar Okafor", "search", Role.ENGINEER, "search"),
    Person("sybil", "Sybil Sato", "search", Role.TECH_LEAD, "search"),
)

COLLEAGUES: tuple[Person, ...] = (
    Person("admin", "Ada Admin", "platform", Role.ADMIN),
    Person("quentin", "Quentin Quist", "payments", Role.ENGINEER, "payments"),
    Person("rosa", "Rosa Reyes", "search", Role.ENGINEER, "search"),
    Person("tara", "Tara Tran", "platform", Role.TECH_LEAD, "platform"),
    Person("nina", "Nina Novak", "platform", Role.ENGINEER, "platform"),
    Person("umar", "Umar Usman", "identity", Role.TECH_LEAD, "identity"),
    Person("vera", "Vera Vogel", "identity", Role.ENGINEER, "identity"),
)

SERVICE_ACCOUNTS: dict[str, str] = {f"ci-{team}": team for team in TEAMS}

# slug: (name, team, tier, needs)
SERVICES: dict[str, tuple[str, str, int, tuple[str, ...]]] = {
    "auth-service": ("Auth service", "identity", 1, ()),
    "user-profile": ("User profile", "identity", 2, ("auth-service",)),
    "session-store": ("Session store", "identity", 2, ()),
    "api-service": ("API service", "platform", 1, ("auth-service",)),
    "web-app": ("Web app", "platform", 1, ("api-service",)),
    "notification-worker": ("Notification worker", "platform", 3, ()),
    "billing-service": ("Billing service", "payments", 1, ("api-service",)),
    "checkout-api": ("Checkout API", "payments", 1, ("billing-service",)),
    "invoice-worker": ("Invoice worker", "payments", 2, ("billing-service",)),
    "search-api": ("Search API", "search", 1, ("api-service",)),
    "indexer": ("Indexer", "search", 2, ()),
    "suggest-service": ("Suggest service", "search", 3, ("search-api",)),
}

# What Prometheus is asked about them (§4.7): of most services both, of one the errors alone, of the rest nothing.
METRICS: dict[str, dict[str, str]] = {
    **{
        slug: {
            "error_rate": f'sum(rate(http_errors_total{{service="{slug}"}}[5m])) / sum(rate(http_requests_total{{service="{slug}"}}[5m]))',
            "latency_p99": f'1000 * histogram_quantile(0.99, sum by (le) (rate(http_seconds_bucket{{service="{slug}"}}[5m])))',
        }
        for slug in ("auth-service", "api-service", "web-app", "billing-service", "checkout-api", "search-api")
    },
    "user-profile": {"error_rate": "user_profile_error_rate_5m"},
}

# What was shipped, as commit subjects; the first word decides the version's step.
WORK: tuple[str, ...] = (
    "fix({scope}): correct rounding of half cents",
    "feat({scope}): export as CSV",
    "perf({scope}): one query instead of a hundred",
    "fix({scope}): time out slow upstreams after 2 s",
    "feat({scope}): page results by cursor",
    "refactor({scope}): split the handler by verb",
    "fix({scope}): keep the order of retries",
    "feat({scope}): tell people before a session ends",
    "chore({scope}): update dependencies",
    "fix({scope}): accept names with apostrophes",
)
