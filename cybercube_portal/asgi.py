"""The ASGI entry point: long polls and streams, in a process of their own."""

from __future__ import annotations

from django.core.asgi import get_asgi_application

from cybercube_portal.settings.choice import choose_settings

choose_settings()
application = get_asgi_application()
