from __future__ import annotations

import re

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from cybercube_portal.demo.pictures import LOOKS, PICTURES, words
from cybercube_portal.settings.forms import BASE_DIR

PAGE, FOLDER = BASE_DIR / "docs/pages.md", BASE_DIR / "docs/pictures"


def test_pictures__of_the_page__are_those_the_command_takes_and_stay_small() -> None:
    assert PAGE.read_text() == words(), "run ./portal pictures"
    taken = {f"{picture.name}-{look}.png" for picture in PICTURES for look in LOOKS}
    assert {file.name for file in FOLDER.iterdir()} == taken
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 2_000_000


def test_pictures__of_the_readme__are_there() -> None:
    named = re.findall(r"docs/pictures/[\w.-]+", (BASE_DIR / "README.md").read_text())
    assert named
    assert [path for path in named if not (BASE_DIR / path).exists()] == []


def test_demo__at_a_moment_without_a_zone__refused() -> None:
    with pytest.raises(CommandError, match="name its zone"):
        call_command("demo", "--at", "2026-11-10T09:10")
