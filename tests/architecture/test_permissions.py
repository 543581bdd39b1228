"""One search finds a verb everywhere (house.md section 5): permissions, routes, events, reasons; and tables that nobody writes by hand."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from enum import EnumType, StrEnum
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db.models import Field, Model
from django.urls import resolve

from changes.selectors.moves import RULES
from cybercube_portal.people.guard import Permission
from cybercube_portal.people.models import User
from cybercube_portal.people.scopes import Scope
from cybercube_portal.stateful import StateField
from tests.architecture.matrix import ROWS
from tests.architecture.sources import BASE, nodes, shown
from tests.architecture.world import World

TABLES = (
    "changes",
    "flags",
    "releases",
    "cybercube_portal.catalog",
    "cybercube_portal.notices",
    "cybercube_portal.people",
    "cybercube_portal.record",
)
EVENTS = (
    "changes",
    "flags",
    "releases",
    "cybercube_portal.catalog",
    "cybercube_portal.notices",
    "cybercube_portal.people",
    "cybercube_portal.audit",
    "cybercube_portal.record",
)
NO_KEY_HAS_IT = "admin"
PERMISSION = re.compile(r"[a-z]+\.[a-z]+(_[a-z]+)+")
DOTTED = re.compile(r"[a-z]+(_[a-z0-9]+)*\.[a-z][a-z0-9]*(_[a-z0-9]+)*")
# Participles that do not end in -ed, and the adjective of what did not happen in time.
IRREGULAR = {"begun", "found", "given", "known", "lost", "overdue", "run", "seen", "sent", "withdrawn"}
# Their codes are put under `field.` where they are answered.
FRAMEWORK = {"ErrorDetail", "ValidationError"}
REASONS = {"failed": 0, "passed": 0, "skipped": 0, "pending": 0, "refuse": 0, "field": 1, "FieldError": 1}


def permissions_of(package: str) -> dict[str, Permission]:
    module = import_module(f"{package}.permissions")
    return {name: value for name, value in vars(module).items() if isinstance(value, Permission)}


@pytest.mark.parametrize("package", TABLES)
def test_permissions__of_an_app__are_all_in_its_table_and_named_alike(package: str) -> None:
    named = permissions_of(package)
    table = import_module(f"{package}.permissions").PERMISSIONS
    assert len({row.name for row in table}) == len(table)
    assert {row.name for row in table} == {row.name for row in named.values()}
    for constant, row in named.items():
        assert PERMISSION.fullmatch(row.name), row.name
        assert row.name.startswith(f"{package.rpartition('.')[2]}."), row.name
        assert row.scope in {*Scope, NO_KEY_HAS_IT}, constant
        assert row.section.startswith("§"), constant


@pytest.mark.parametrize("package", TABLES)
def test_permission__of_a_table__is_asked_for_somewhere(package: str) -> None:
    home = BASE / package.replace(".", "/") / "permissions.py"
    used = {
        node.attr if isinstance(node, ast.Attribute) else node.id
        for file, found in nodes().items()
        if file != home
        for node in found
        if isinstance(node, (ast.Attribute, ast.Name))
    }
    assert set(permissions_of(package)) - used == set()


def test_apps__with_permissions__are_all_looked_at_here() -> None:
    found = {
        file.parent.relative_to(BASE).as_posix().replace("/", ".") for file in nodes() if file.stem == "permissions"
    }
    assert found == set(TABLES)


@pytest.mark.parametrize("verb", [rule.verb for rule in RULES])
def test_move__of_a_change__has_a_permission_an_address_and_a_page(verb: str) -> None:
    rule = next(rule for rule in RULES if rule.verb == verb)
    assert rule.permission in permissions_of("changes").values()
    for prefix in ("", "api/v1/"):
        assert resolve(f"/{prefix}changes/CR-2026-0117-001/{verb}/").kwargs["number"] == "CR-2026-0117-001"
        assert f"POST {prefix}changes/<str:number>/{verb}/" in {row.name for row in ROWS}


def enums_in(package: str) -> Iterator[tuple[str, EnumType]]:
    module = import_module(f"{package}.events")
    for name, value in vars(module).items():
        if isinstance(value, EnumType) and value.__module__ == module.__name__:
            yield name, value


@pytest.mark.parametrize("package", EVENTS)
def test_events__of_an_app__are_a_noun_and_a_participle_and_each_is_recorded(package: str) -> None:
    used = {
        (node.value.id, node.attr)
        for file, found in nodes().items()
        if file.stem != "events"
        for node in found
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    for name, kind in enums_in(package):
        assert issubclass(kind, StrEnum)
        for event in kind:
            assert DOTTED.fullmatch(event.value), event
            words = event.value.partition(".")[2].split("_")
            assert any(word.endswith("ed") or word in IRREGULAR for word in words), (
                f"{event.value} names nothing that happened"
            )
            assert (name, event.name) in used, f"{name}.{event.name} is never recorded"


def test_apps__with_events__are_all_looked_at_here() -> None:
    found = {file.parent.relative_to(BASE).as_posix().replace("/", ".") for file in nodes() if file.stem == "events"}
    assert {package for package in found if list(enums_in(package))} == set(EVENTS)


def codes() -> Iterator[tuple[str, str]]:
    """(code, where) of every reason, refusal and field error that is written out."""
    for file, found in nodes().items():
        for node in found:
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            place = REASONS.get(name)
            values = [keyword.value for keyword in node.keywords if keyword.arg == "code" and name not in FRAMEWORK]
            if place is not None and len(node.args) > place:
                values.append(node.args[place])
            for value in values:
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    yield value.value, f"{shown(file)}:{node.lineno}"


def test_codes__of_reasons__are_an_area_and_a_fact() -> None:
    found = list(codes())
    assert len(found) > 200
    assert [f"{code} at {where}" for code, where in found if not DOTTED.fullmatch(code)] == []


def state_fields() -> list[tuple[type[Model], Field[Any, Any]]]:
    return [
        (model, field)
        for model in apps.get_models()
        for field in model._meta.fields
        if isinstance(field, StateField) or field.name == "state"
    ]


def test_state__of_every_model__moves_only_as_the_database_knows() -> None:
    found = state_fields()
    assert len(found) >= 3
    for model, field in found:
        triggers = {trigger.name for trigger in getattr(model._meta, "triggers", ())}
        wanted = {f"{field.name}_moves", f"{field.name}_starts"} if isinstance(field, StateField) else set()
        assert wanted <= triggers, f"{model.__name__}.{field.name}"
        assert triggers, f"{model.__name__}.{field.name} can be written to anything"


def test_admin__every_table__is_not_written_by_a_superuser_either(world: World) -> None:
    User.objects.filter(username="admin").update(is_staff=True, is_superuser=True)
    client = world.client("admin", for_programs=False)
    for model in admin.site._registry:
        manager: Any = model._default_manager
        before = list(manager.order_by("pk").values())
        base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        row = manager.order_by("pk").first()
        pk = row.pk if row else 1
        client.get(base)
        assert client.post(f"{base}add/", {"state": "approved"}).status_code == 403, base
        for verb in ("change", "delete"):
            status = client.post(f"{base}{pk}/{verb}/", {"post": "yes", "state": "approved"}).status_code
            assert status == 403, f"{base}{pk}/{verb}/"
        client.post(base, {"action": "delete_selected", "_selected_action": [str(pk)], "post": "yes"})
        assert list(manager.order_by("pk").values()) == before, base
