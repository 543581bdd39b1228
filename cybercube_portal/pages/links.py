"""Addresses of pages that other apps bring: empty while there is no such page."""

from __future__ import annotations

from django.urls import is_valid_path


def path_of(*parts: str) -> str:
    """`path_of("deployments", "DEP-001")` is `/deployments/DEP-001/`; empty when a part is, or when nothing answers there."""
    if not all(parts):
        return ""
    path = f"/{'/'.join(parts)}/"
    return path if is_valid_path(path) else ""


def deployment_path(reference: str) -> str:
    """The page of a deployment."""
    return path_of("deployments", reference)


def release_path(reference: str) -> str:
    """The page of a release."""
    return path_of("releases", reference)


def change_path(number: str) -> str:
    """The page of a change."""
    return path_of("changes", number)
