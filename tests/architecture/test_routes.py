"""Every route x method x identity: who gets in. Closed by default: what has no row in routes.csv fails the build.

Cells: `open`, `no` (403), `login` (401 for programs, the log-in page for browsers), `hidden` (404: not theirs to know of). A method without a
row answers 405. `on` names the thing of `world.py` that fills the address; a body stands in `world.py` too. Alice calls the API with a key of all
scopes, `scopeless` is a key of hers without the needed one, `client` a key that only evaluates flags; other persons come with a session.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from cybercube_portal.api.problems import is_for_programs
from tests.architecture.matrix import METHODS, READING_ROOM, ROWS, Row, answer_of, routes
from tests.architecture.world import IDENTITIES, World


def test_routes__of_the_resolver__have_rows_and_rows_have_routes() -> None:
    assert set(routes()) - {row.route for row in ROWS} == set(), "add a row to routes.csv that says who gets in"
    assert {row.route for row in ROWS} - set(routes()) == set(), "rows without a route"
    names = [row.name for row in ROWS]
    assert len(names) == len(set(names))


def test_rows__cells__are_known_and_somebody_gets_in() -> None:
    for row in ROWS:
        assert row.method in METHODS, row.name
        assert set(row.cells.values()) <= {"open", "no", "login", "hidden"}, row.name
        if not row.route.startswith(READING_ROOM):
            assert "open" in row.cells.values(), f"{row.name}: a row that nobody passes proves nothing"


def test_names__of_routes__are_each_used_once() -> None:
    names = [entry.name for entry in flat(get_resolver()) if entry.name]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


def flat(resolver: URLResolver) -> Iterator[URLPattern]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            yield entry
        elif entry.namespace != "admin":
            yield from flat(entry)


@pytest.mark.long(70)
def test_route__asked_by_every_identity__answers_as_its_row_says(world: World) -> None:
    wrong = []
    for identity in IDENTITIES:
        browser, program = (world.client(identity, for_programs=kind) for kind in (False, True))
        for row in ROWS:
            found = answer_of(row, program if is_for_programs(row.path(world)) else browser, world)
            if found != row.cells[identity]:
                wrong.append(f"{row.name} by {identity}: {row.cells[identity]} in the table, {found} by the portal")
    assert not wrong, "\n".join(wrong)


def test_method__without_a_row__is_not_allowed_even_for_an_admin(world: World) -> None:
    admin, stranger = (world.client(identity, for_programs=False) for identity in ("admin", "stranger"))
    kept = {row.route: row for row in ROWS if not row.route.startswith(READING_ROOM)}
    listed = {row.name for row in ROWS}
    wrong = []
    for row in kept.values():
        client = stranger if row.cells["stranger"] == "open" else admin
        for method in METHODS:
            asked = Row(row.route, method, row.on, {})
            if asked.name not in listed and (found := answer_of(asked, client, world)) != "-":
                wrong.append(f"{asked.name} answers {found}")
    assert not wrong, "\n".join(wrong)
