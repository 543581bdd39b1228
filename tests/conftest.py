"""What every test stands on: the cast, a clock that can be held, and clients that come with a key or a session."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client, TransactionTestCase
from hypothesis import settings
from pytest_django.plugin import DjangoDbBlocker
from rest_framework.test import APIClient

from cybercube_portal import clock
from cybercube_portal.people.actions import issue_key
from cybercube_portal.people.actors import OPERATOR
from tests.emptying import empty
from tests.factories.people import Cast, build_cast
from tests.template import migrated

# No test asserts timings, and a loaded machine is no failure.
settings.register_profile("portal", deadline=None)
settings.load_profile("portal")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first: begun last, it would keep every other process waiting."""
    items.sort(key=lambda item: -float(mark.args[0] if (mark := item.get_closest_marker("long")) else 0))


def pytest_collection_finish() -> None:
    """What was imported and collected stays: nobody has to look through it for garbage again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: DjangoDbBlocker, testrun_uid: str
) -> None:
    """Each process of the run copies the database that the first one has migrated."""
    with django_db_blocker.unblock():
        # What is copied is whole: there is nothing to migrate in it.
        connection.settings_dict["TEST"] |= {"TEMPLATE": migrated(testrun_uid), "MIGRATE": False}


@pytest.fixture(autouse=True, scope="session")
def _what_is_committed_is_taken_away() -> Iterator[None]:
    """After a test with real transactions."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _case: empty())
        yield


@pytest.fixture
def now() -> datetime:
    """A Wednesday morning."""
    return datetime(2026, 1, 14, 10, tzinfo=UTC)


@pytest.fixture
def clock_at() -> Iterator[Callable[[datetime], datetime]]:
    """`clock_at(moment)` holds the portal's clock there until the test ends or calls it again."""
    with ExitStack() as held:

        def hold(moment: datetime) -> datetime:
            return held.enter_context(clock.fixed_at(moment))

        yield hold


@pytest.fixture
def cast(db: None) -> Cast:
    """The people and service accounts of api.md."""
    return build_cast()


@pytest.fixture
def key_of(cast: Cast) -> Callable[..., str]:
    """`key_of(username, scopes=…, services=…, …)`: the text of a fresh key, options as of `people.actions.issue_key`."""

    def issue(username: str, **options: Any) -> str:
        return issue_key(username=username, actor=OPERATOR, now=clock.now(), **options)[1]

    return issue


@pytest.fixture
def api(key_of: Callable[..., str]) -> Callable[..., APIClient]:
    """`api(username, **key options)`: a REST client that sends a fresh key of that user."""

    def client(username: str, **options: Any) -> APIClient:
        return APIClient(HTTP_AUTHORIZATION=f"Bearer {key_of(username, **options)}", raise_request_exception=False)

    return client


@pytest.fixture
def browser_session(cast: Cast) -> Callable[[str], Client]:
    """`browser_session(username)`: Django's test client, logged in, without CSRF checks."""

    def client(username: str) -> Client:
        session = Client()
        session.force_login(cast[username], backend="cybercube_portal.people.authentication.PersonBackend")
        return session

    return client
