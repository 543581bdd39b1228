from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from cybercube_portal.people.models import Grant
from tests.factories.people import PEOPLE, Cast


def test_grant_role__by_an_admin__shows_in_the_list_and_on_the_people_page(
    browser_session: Callable[[str], Client],
) -> None:
    session = browser_session("admin")
    answer = session.post(
        "/grants/grant/", {"username": "oscar", "role": "on_call", "team": "search", "reason": "week 4"}, follow=True
    )

    assert "Oscar Okafor now holds the role On-call." in answer.content.decode()
    assert "week 4" in answer.content.decode()
    assert "On-call" in session.get("/people/").content.decode()


@pytest.mark.parametrize("username", [row[0] for row in PEOPLE if row[0] != "admin"])
def test_grant_role__by_anybody_else__403_and_no_button(
    username: str, browser_session: Callable[[str], Client]
) -> None:
    session = browser_session(username)
    before = Grant.objects.count()
    got = session.get("/grants/grant/")
    posted = session.post("/grants/grant/", {"username": "oscar", "role": "cto", "team": ""})

    assert (got.status_code, posted.status_code) == (403, 403)
    assert "Admin" in posted.content.decode()
    assert "/grants/grant/" not in session.get("/grants/").content.decode()
    assert Grant.objects.count() == before


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"ends_at": "2020-01-01T00:00"}, "ends_at"),
        ({"starts_at": "2020-01-01T00:00"}, "starts_at"),
        ({"role": "emperor"}, "role"),
        ({"username": "ci-search"}, "username"),
        ({"username": "admin"}, "username"),
        ({"team": "nobody"}, "team"),
        ({"starts_at": "soon"}, "starts_at"),
        ({"reason": "x" * 301}, "reason"),
    ],
)
def test_grant_role__wrong_field__refused_there_and_the_rest_kept(
    fields: dict[str, str], field: str, browser_session: Callable[[str], Client]
) -> None:
    before = Grant.objects.count()
    typed = {"username": "oscar", "role": "dba", "team": "search", "reason": "stand-in", **fields}
    answer = browser_session("admin").post("/grants/grant/", typed)

    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert f'href="#id_{field}"' in answer.content.decode()
    assert field == "reason" or "stand-in" in answer.content.decode()
    assert Grant.objects.count() == before


def test_revoke_grant__by_an_admin__ends_it_with_the_reason(
    cast: Cast, browser_session: Callable[[str], Client]
) -> None:
    grant = Grant.objects.get(user__username="oscar")
    session = browser_session("admin")
    answer = session.post(f"/grants/{grant.pk}/revoke/", {"reason": "left the team"}, follow=True)
    again = session.post(f"/grants/{grant.pk}/revoke/", {"reason": "once more"})

    assert "no longer holds the role Engineer" in answer.content.decode()
    assert again.status_code == 409
    assert "This grant is already over." in again.content.decode()


@pytest.mark.parametrize("username", ["alice", "kim"])
def test_revoke_grant__by_anybody_else__403(
    username: str, cast: Cast, browser_session: Callable[[str], Client]
) -> None:
    grant = Grant.objects.get(user__username="oscar")

    assert browser_session(username).post(f"/grants/{grant.pk}/revoke/").status_code == 403
    assert Grant.objects.get(pk=grant.pk).revoked_at is None


def test_revoke_grant__unknown__404(browser_session: Callable[[str], Client]) -> None:
    answer = browser_session("admin").post("/grants/999999/revoke/")

    assert answer.status_code == 404
    assert "There is no such grant." in answer.content.decode()
