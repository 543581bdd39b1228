"""The WSGI entry point: pages and the API."""

from __future__ import annotations

from django.core.wsgi import get_wsgi_application

from cybercube_portal.settings.choice import choose_settings

choose_settings()
application = get_wsgi_application()
