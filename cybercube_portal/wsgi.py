"""The WSGI entry point: flags are evaluated before Django sees the request, all else is pages and the API."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from cybercube_portal.settings.choice import choose_settings

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

choose_settings()
_portal = get_wsgi_application()
# Its models can be imported only now that Django is set up.
_ofrep = import_module("flags.ofrep.application")
# Every page is loaded before the first person asks for one; and what was loaded stays, so that nobody has to wait (120 ms, every few
# pages) while it is looked through for garbage.
_ = get_resolver().url_patterns
gc.collect()
gc.freeze()


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Hand the request to who answers it."""
    if environ.get("PATH_INFO", "").startswith(_ofrep.PREFIX):
        answer: Iterable[bytes] = _ofrep.application(environ, start_response)
        return answer
    return _portal(environ, start_response)
