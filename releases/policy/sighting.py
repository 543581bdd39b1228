"""What `/health` says of a service (§3.6, §4.6), read from the JSON it answered with. Pure.

Of its configuration only the names are taken, whatever stands beside them: a value may be a secret.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cybercube_portal.catalog.versions import parse_version

LONGEST_VERSION = 128
LONGEST_SHA = 64
LONGEST_STATUS = 32
LONGEST_NAME = 200
LONGEST_ERROR = 300
MOST_NAMES = 500

# Both words count as healthy (R21); `degraded` runs all the same (R4).
HEALTHY_WORDS = frozenset({"healthy", "ok"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One look. `error` says why it saw nothing; everything else is then empty. `config_keys` are names, sorted."""

    version: str = ""
    git_sha: str = ""
    status: str = ""
    config_keys: tuple[str, ...] = ()
    dependencies: Mapping[str, str] = field(default_factory=dict)
    error: str = ""

    @property
    def is_seen(self) -> bool:
        """Whether the service said what runs."""
        return not self.error


def unseen(error: str) -> Sighting:
    """A look that saw nothing, with the reason in one line."""
    return Sighting(error=_line(error, LONGEST_ERROR))


def read_health(body: Any) -> Sighting:  # noqa: ANN401 - any JSON
    """What a body of `/health` says; unseen when it names no version."""
    if not isinstance(body, Mapping):
        return unseen("The answer is not a JSON object (§3.6).")
    version = body.get("version")
    if not isinstance(version, str) or not version.strip():
        return unseen("The answer names no version (§3.6).")
    return Sighting(
        version=spelt(_line(version, LONGEST_VERSION)),
        git_sha=_text(body.get("git_sha"), LONGEST_SHA),
        status=_text(body.get("status"), LONGEST_STATUS),
        config_keys=tuple(sorted(set(_names(body.get("config"))))),
        dependencies=dict(sorted(_dependencies(body.get("dependencies")))),
    )


def spelt(version: str) -> str:
    """The name an artifact is known by: `v2.3.1` for `2.3.1` and for `v2.3.1-sha-a1b2c3d`; what is no version stays as it is."""
    try:
        return parse_version(version).text
    except ValueError:
        return version


def _names(config: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """`["DB_HOST"]`, `["DB_HOST=db"]` and `{"DB_HOST": "db"}` all name DB_HOST."""
    found = config if isinstance(config, (list, Mapping)) else ()
    for name in list(found)[:MOST_NAMES]:
        if isinstance(name, str) and (text := _line(name.partition("=")[0], LONGEST_NAME)):
            yield text


def _dependencies(found: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any JSON
    """`{"node": "20.10.0"}`, or with `{"version": "20.10.0"}` in place of the text."""
    for name, value in list(found.items())[:MOST_NAMES] if isinstance(found, Mapping) else ():
        version = value.get("version") if isinstance(value, Mapping) else value
        if isinstance(version, (str, int, float)) and not isinstance(version, bool):
            yield _line(name, LONGEST_NAME), _line(str(version), LONGEST_VERSION)


def _text(value: Any, longest: int) -> str:  # noqa: ANN401 - any JSON
    return _line(value, longest) if isinstance(value, str) else ""


def _line(text: str, longest: int) -> str:
    """On one line, without what cannot be printed, no longer than `longest`."""
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable())[:longest]
