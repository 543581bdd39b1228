"""Django's admin as a reading room. Wiring: who comes in is a matter of grants, not of Django's staff flag."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse

from cybercube_portal import clock
from cybercube_portal.people.authentication import actor_of
from cybercube_portal.people.roles import Role
from cybercube_portal.readonly_admin import ReadOnlyAdmin

READERS = frozenset({Role.ADMIN, Role.AUDITOR})


class PortalAdminSite(admin.AdminSite):
    """Shows what apps register with ReadOnlyAdmin, to admins and auditors."""

    site_header = site_title = "CYBERCUBE portal: tables, to read"

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[admin.ModelAdmin[Any]] | None = None,
        **options: Any,
    ) -> None:
        """Take read-only tables; what other packages register to be edited is left out."""
        if admin_class is not None and issubclass(admin_class, ReadOnlyAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the signed-in person holds a role that reads everything."""
        if not request.user.is_authenticated:
            return False
        return bool(READERS & actor_of(request).roles(at=clock.now()))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # noqa: ARG002 - Django's signature
        """There is one log-in page, and it is the portal's."""
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next", request.path), settings.LOGIN_URL)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> NoReturn:  # noqa: ARG002 - Django's signature
        """Not here: a password is changed by `people.actions.set_password`, which records it."""
        raise Http404
