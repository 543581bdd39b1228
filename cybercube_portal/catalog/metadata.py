"""What may be said of an artifact (§3.2, §3.6, §9.2) and of a pipeline stage (§4.2), judged before it is stored. Pure.

Each function returns what is stored and raises Invalid with a JSON pointer; shapes, types and lengths were judged at the edge.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from cybercube_portal.catalog.migration_files import EXAMPLE, is_well_named, kind_of
from cybercube_portal.catalog.service_fields import is_callable_address
from cybercube_portal.catalog.states import MigrationKind, Stage
from cybercube_portal.catalog.versions import Version, parse_version
from cybercube_portal.errors import FieldError, Invalid

CLOCK_SKEW = timedelta(minutes=5)
LARGEST_COLUMN = 2**31 - 1
LARGEST_SUMMARY = 16 * 1024
MOST_DEPENDENCIES = 1000
LONGEST_DEPENDENCY = 214

_DIGEST = re.compile("sha256:[0-9a-f]{64}")
_GIT_SHA = re.compile("[0-9a-f]{7,64}")
# git-check-ref-format(1): no blanks, controls or ~^:?*[\ and no "..".
_GIT_REF = re.compile(r"(?!.*\.\.)[^\x00-\x20\x7f~^:?*\[\\]{1,255}")
_COUNTED = ("critical", "high")


def checked_version(text: str, *, git_sha: str) -> Version:
    """The version; one that names its commit (`sha-…`, `vX-sha-…`) has to name this one (R17)."""
    try:
        version = parse_version(text)
    except ValueError as error:
        raise Invalid.field("/version", "version.malformed", str(error)) from error
    if max(version.core) > LARGEST_COLUMN:
        raise Invalid.field("/version", "version.malformed", f"No number of a version goes past {LARGEST_COLUMN}.")
    if not names_commit(version, git_sha=git_sha):
        raise Invalid.field(
            "/version", "version.other_commit", f"{text} names another commit than git_sha {git_sha} (§3.4)."
        )
    return version


def names_commit(version: Version, *, git_sha: str) -> bool:
    """Whether the commit in `sha-…` or `vX-sha-…` is this one; true for a version that names none."""
    return git_sha.startswith(version.sha) or version.sha.startswith(git_sha)


def checked_source(*, digest: str, git_sha: str, git_ref: str, build_time: datetime, now: datetime) -> None:
    """Raise Invalid with everything wrong about where the build came from (§3.6)."""
    errors = []
    if not _DIGEST.fullmatch(digest):
        errors.append(
            FieldError("/digest", "artifact.digest", "A digest is sha256: and 64 hexadecimal digits in lower case.")
        )
    if not _GIT_SHA.fullmatch(git_sha):
        errors.append(
            FieldError("/git_sha", "artifact.git_sha", "git_sha is 7 to 64 hexadecimal digits in lower case (§3.6).")
        )
    if not _GIT_REF.fullmatch(git_ref):
        errors.append(
            FieldError("/git_ref", "artifact.git_ref", "git_ref is a Git ref such as refs/tags/v2.3.1 (§3.6).")
        )
    if build_time > now + CLOCK_SKEW:
        errors.append(FieldError("/build_time", "artifact.build_time", "The build would be in the future."))
    if errors:
        raise Invalid(errors)


def checked_dependencies(rows: Mapping[str, str]) -> dict[str, str]:
    """{name: version} of what it was built with."""
    if len(rows) > MOST_DEPENDENCIES or any(len(name) > LONGEST_DEPENDENCY for name in rows):
        raise Invalid.field(
            "/dependencies",
            "artifact.dependencies",
            f"At most {MOST_DEPENDENCIES} dependencies, each named in at most {LONGEST_DEPENDENCY} characters.",
        )
    return dict(rows)


def checked_migrations(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """[{filename, sql, kind, phase, findings}] of [{filename, sql, kind?}]."""
    checked = [
        {
            "filename": row["filename"],
            "sql": row["sql"],
            "kind": kind_of(row["sql"], declared=MigrationKind(row["kind"]) if row.get("kind") else None).value,
            "phase": None,
            "findings": [],
        }
        for row in rows
    ]
    errors = list(_misnamed(row["filename"] for row in checked))
    if errors:
        raise Invalid(errors)
    return checked


def _misnamed(filenames: Iterable[str]) -> Iterator[FieldError]:
    seen: set[str] = set()
    for index, filename in enumerate(filenames):
        pointer = f"/migrations/{index}/filename"
        if not is_well_named(filename):
            yield FieldError(
                pointer,
                "migration.filename",
                f"A migration is named YYYYMMDDHHMMSS_description.sql, such as {EXAMPLE} (§9.2).",
            )
        elif filename in seen:
            yield FieldError(pointer, "migration.twice", f"{filename} is named twice.")
        seen.add(filename)


def checked_commits(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """[{sha, message, committed_at}] with the moment as ISO 8601 text."""
    checked = []
    for index, row in enumerate(rows):
        if not _GIT_SHA.fullmatch(row["sha"]):
            raise Invalid.field(
                f"/commits/{index}/sha", "artifact.git_sha", "sha is 7 to 64 hexadecimal digits in lower case."
            )
        checked.append({"sha": row["sha"], "message": row["message"], "committed_at": row["committed_at"].isoformat()})
    return checked


def checked_link(url: str) -> str:
    """Where a pipeline's report can be read; empty when it says nothing."""
    if url and not is_callable_address(url):
        raise Invalid.field("/url", "evidence.url", "A link is an http or https address without credentials.")
    return url


def checked_summary(stage: Stage, summary: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers the gate judges by (§4.2): a scan counts `critical` and `high`, `coverage` of a test is a percentage.

    Whatever else the pipeline says of itself is kept as it came.
    """
    errors = list(_wrong_counts(summary) if stage is Stage.SCAN else ())
    if len(json.dumps(summary)) > LARGEST_SUMMARY:
        errors.append(
            FieldError(
                "/summary",
                "evidence.too_large",
                f"A summary has at most {LARGEST_SUMMARY} characters: link the report.",
            )
        )
    if stage is Stage.TEST and "coverage" in summary and not _is_percent(summary["coverage"]):
        errors.append(
            FieldError("/summary/coverage", "evidence.coverage", "coverage is a percentage from 0 to 100 (§4.2).")
        )
    if errors:
        raise Invalid(errors)
    return dict(summary)


def _wrong_counts(summary: Mapping[str, Any]) -> Iterator[FieldError]:
    for name in _COUNTED:
        count = summary.get(name)
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            yield FieldError(
                f"/summary/{name}", "evidence.counts", f"A scan says how many {name} vulnerabilities it found (§4.2)."
            )


def _is_percent(value: object) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and 0 <= value <= 100  # noqa: PLR2004 - percent
    )
