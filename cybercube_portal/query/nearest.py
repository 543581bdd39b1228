"""What somebody probably meant. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

LONGEST = 64
ALIKE = 0.6


def nearest(written: str, known: Iterable[str]) -> str | None:
    """The one of `known` closest to `written`: the one it begins, else the most alike; None when nothing is."""
    wanted = written.lower()[:LONGEST]
    by_form = {name.lower(): name for name in known}
    begun = sorted(name for name in by_form if len(wanted) > 1 and name.startswith(wanted))
    found = begun[:1] or get_close_matches(wanted, by_form, n=1, cutoff=ALIKE)
    return by_form[found[0]] if found else None
