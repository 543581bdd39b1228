from __future__ import annotations

import pytest
from django.test import RequestFactory

from cybercube_portal.api import etag_of, require_if_match
from cybercube_portal.api.refusals import PreconditionRequired
from cybercube_portal.errors import Stale


def check(sent: str | None, version: int) -> None:
    request = RequestFactory().patch("/", headers={} if sent is None else {"If-Match": sent})
    require_if_match(request, version)


@pytest.mark.parametrize("sent", ['"3"', ' "3" ', '"2", "3"', etag_of(3)])
def test_if_match__names_the_version__goes_on(sent: str) -> None:
    check(sent, 3)


@pytest.mark.parametrize("sent", ['"2"', "3", 'W/"3"', '"3', "nonsense", '"33"'])
def test_if_match__names_another__stale(sent: str) -> None:
    with pytest.raises(Stale):
        check(sent, 3)


@pytest.mark.parametrize("sent", [None, "", " ", "*"])
def test_if_match__names_none__required(sent: str | None) -> None:
    with pytest.raises(PreconditionRequired):
        check(sent, 3)
