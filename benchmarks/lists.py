"""./portal bench lists: how long every list takes over 100,000 changes, word by word of its query language.

Goal (performance.md): p95 < 300 ms at the server, at most 12 queries, under 300 KB. Beside each page, in turns, the same rows asked of PostgreSQL
by a bare statement over psycopg: what no page can be faster than. `--keep` keeps the data in var/bench for the next run of the same day.
"""

from __future__ import annotations

import argparse
import html
import os
import platform
import re
from collections.abc import Iterator
from datetime import UTC

import django
import psycopg
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.test import Client

from cybercube_portal.settings.choice import choose_settings

os.environ.setdefault("CYBERCUBE_LOG_LEVEL", "WARNING")
choose_settings()
django.setup()

from benchmarks.data_parts import loading, pages  # noqa: E402 - models need the settings
from benchmarks.lists_parts import mixture  # noqa: E402
from cybercube_portal import clock  # noqa: E402
from cybercube_portal.pages.lists import PLACES  # noqa: E402
from cybercube_portal.people.models import User  # noqa: E402
from cybercube_portal.query import Asker, parse, read  # noqa: E402

WHO = "person-0"
COUNTED = re.compile(r'class="query-count"[^>]*>([^<]*)<')
NEXT = re.compile(r'href="([^"]*)" rel="next"')
QUERIES: dict[str, tuple[str, ...]] = {
    "changes": (
        "is:open",
        "",
        "is:draft",
        "is:under_way",
        "is:over",
        "is:overdue",
        "state:rejected",
        "type:normal",
        "type:emergency",
        "risk:low",
        "risk:critical",
        "risk:high is:open",
        "-risk:low",
        "service:service-3",
        "service:service-3 risk:critical",
        "team:@me",
        "environment:prd",
        "environment:dev",
        "requester:@me",
        "requester:person-39",
        "requester:person-39 is:open",
        "approver:person-1",
        "approver:@me",
        "implementer:@me",
        "template:scale",
        "release:REL-001",
        "outcome:failed",
        "scheduled:7d sort:scheduled",
        "scheduled:<2026-02-01 sort:scheduled is:open",
        "created:7d",
        "created:2025-01..2025-02",
        "closed:7d",
        "updated:today",
        "sort:created",
        "sort:-updated type:emergency",
        "sort:-scheduled risk:critical",
        "deploy",
        "quarterly",
        '"payment callback" service-7 -deploy',
        "zz",
        "nothing-like-it",
        "CR-2026",
        "is:open type:normal risk:high,critical service:service-3 requester:@me scheduled:60d sort:scheduled certificate",
    ),
    "deployments": (
        "",
        "is:under_way",
        "is:healthy environment:stg",
        "service:service-3",
        "team:@me environment:prd",
        "version:v1.0.12",
        "version:v9.9.9",
        "change:CR-2020-0101-001",
        "by:@me",
        "is:rollback",
        "created:2025-02 sort:created",
        "DEP-0777",
        "nothing-like-it",
    ),
    "releases": (
        "is:open",
        "",
        "is:ended",
        "state:approved",
        "type:hotfix service:service-3",
        "team:@me",
        "v1.0.12",
        "nothing-like-it",
    ),
    "flags": ("is:in_use", "is:archived", "on:prd", "type:ops team:@me", "expires:14d", "feature_1", "nothing-like-it"),
    "incidents": (
        "",
        "is:open",
        "service:service-3",
        "severity:SEV-1 team:@me",
        "noticed:30d",
        "v1.0.12",
        "nothing-like-it",
    ),
    "migrations": (
        "",
        "is:open",
        "is:ended environment:prd",
        "service:service-3",
        "team:@me phase:contract",
        "lint:error",
        "lint:clean,unknown",
        "lock:exclusive",
        "version:v1.0.12",
        "change:CR-2020-0101-001",
        "by:@me",
        "created:7d",
        "add_column",
        "nothing-like-it",
    ),
    "gate": (
        "",
        "is:deny",
        "is:wait",
        "is:allow environment:stg",
        "-is:allow",
        "service:service-3",
        "service:service-3 is:wait",
        "team:@me",
        "version:v1.0.12",
        "change:CR-2020-0101-001",
        "freeze:FRZ-001",
        "by:nobody",
        "asked:7d",
        "v1.0.12",
        "nothing-like-it",
    ),
}


# Lists and pages without a query language, and what opens first.
PAGES = (
    "/",
    "/inbox/",
    "/waiting/count/",
    "/go/?q=deploy",
    "/go/?q=CR-2026",
    "/services/",
    "/services/service-3/",
    "/freezes/",
    "/windows/",
    "/templates/",
    "/cab/",
    "/calendar/",
    "/calendar/?view=week",
    "/calendar/?view=agenda",
    "/compliance/",
    "/compliance/service-3/",
    "/environments/",
    "/people/",
    "/grants/",
    "/profile/",
    "/keys/",
    "/views/",
    "/changes/new/",
    "/releases/new/",
    "/incidents/new/",
)


def main() -> int:
    """Print every figure with what it was measured on. Returns 1 when one misses its goal."""
    options = _options()
    loaded = loading.once(
        {"changes": options.changes, "seed": options.seed},
        lambda now: mixture.fill(changes=options.changes, seed=options.seed, now=now),
        full=True,
    )
    print(
        f"lists: {options.changes:,} changes, seed {options.seed}; Python {platform.python_version()}, Django {django.get_version()}, "
        f"PostgreSQL {connection.cursor().connection.info.server_version // 10_000}, {pages.load()}; {loaded.said}",
        flush=True,
    )
    client = pages.logged_in(WHO)
    user = User.objects.select_related("team").get(username=WHO)
    asker = Asker(id=user.pk, username=WHO, team=user.team.slug if user.team else None, now=clock.now(), zone=UTC)
    tally = pages.Tally()
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as bare:
        for name, query in _wanted(options.only):
            statement, parameters = bare_statement(name, query, asker)
            tally.add(
                pages.measure(
                    client,
                    PLACES[name].address(query),
                    name=f"{name:<11} {query or '(everything)'}",
                    rounds=options.rounds,
                    bare=lambda: bare.execute(statement, parameters, prepare=False).fetchall(),  # noqa: B023 - called before the next turn
                    say=lambda page: _found(COUNTED, page),
                )
            )
    if options.only in {"", "changes"}:
        tally.add(
            pages.measure(client, _deep(client), name="changes     page 200 of everything", rounds=options.rounds)
        )
    if options.only in {"", "pages"}:
        for address in PAGES:
            tally.add(pages.measure(client, address, name=address, rounds=options.rounds))
    return tally.end()


def bare_statement(name: str, query: str, asker: Asker) -> tuple[str, tuple[object, ...]]:
    """What a list asks PostgreSQL for its rows. Raises SystemExit when the query is none of that list."""
    place = PLACES[name]
    found = read(parse(query), place.listing.language, asker)
    if found.problems:
        raise SystemExit(f"{name} {query}: {found.problems[0].message}")
    rows = place.listing.rows().filter(found.where).order_by(*found.order)[:51]
    try:
        return rows.query.sql_with_params()
    except EmptyResultSet:
        return "SELECT 1", ()


def _wanted(only: str) -> Iterator[tuple[str, str]]:
    for name, queries in QUERIES.items():
        if only in {"", name}:
            yield from ((name, query) for query in queries)


def _deep(client: Client) -> str:
    """The address of page 200: it should cost what page 1 costs."""
    address = "/changes/?q="
    for _ in range(199):
        further = _found(NEXT, client.get(address).content)
        if not further:
            break
        address = f"/changes/{html.unescape(further)}"
    return address


def _found(pattern: re.Pattern[str], content: bytes) -> str:
    found = pattern.search(content.decode())
    return found[1] if found else ""


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./portal bench lists", description=__doc__)
    parser.add_argument("--changes", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--only", default="", choices=["", *QUERIES, "pages"])
    parser.add_argument("--keep", action="store_true", help="keep the data for the next run of the same day")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
