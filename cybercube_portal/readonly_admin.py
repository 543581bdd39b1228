"""The base of every `admin.py`: Django's admin looks, it never writes (reliability.md section 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    BasePaginator = Paginator[Any]
else:
    ModelAdmin, BasePaginator = admin.ModelAdmin, Paginator

COUNTED = 10_000


class EstimatingPaginator(BasePaginator):
    """Counts an unfiltered large table by PostgreSQL's estimate: counting a million rows costs half a second."""

    @cached_property
    def count(self) -> int:
        """Exact up to COUNTED rows or under a filter."""
        rows = cast("QuerySet[Any]", self.object_list)
        if rows.query.where:
            return rows.count()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass",
                [rows.model._meta.db_table],  # noqa: SLF001 - the only way to the table's name
            )
            (estimate,) = cursor.fetchone()
        return int(estimate) if estimate > COUNTED else rows.count()


class ReadOnlyAdmin(ModelAdmin):
    """Lists and shows. The site decides who may look; nobody adds, changes or deletes."""

    show_full_result_count = False
    list_per_page = 50
    paginator = EstimatingPaginator
    actions = None

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401, ARG002 - Django's signature
        """Whoever the site lets in."""
        return True

    def has_module_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's signature
        """Whoever the site lets in."""
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401, ARG002 - Django's signature
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401, ARG002 - Django's signature
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401, ARG002 - Django's signature
        """Nobody."""
        return False
