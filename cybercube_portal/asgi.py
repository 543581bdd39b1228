"""The ASGI entry point: long polls and streams, in a process of their own."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.core.asgi import get_asgi_application

from cybercube_portal.settings.choice import choose_settings

choose_settings()
_portal: Any = get_asgi_application()
_streams = import_module("flags.ofrep.streams")


async def application(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's own open types
    """Hand the connection to who answers it."""
    if scope["type"] == "http" and scope["path"].rstrip("/") == _streams.PATH:
        await _streams.stream(scope, receive, send)
        return
    await _portal(scope, receive, send)
