"""Version numbers and artifact references (§3.2, §3.3, §3.4; SemVer 2; rulings R2, R12, R17). Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple

from cybercube_portal.catalog.conventions.forms import ALIAS, LONGEST_VERSION, SEMVER, SERVICE, SHA_BUILD
from cybercube_portal.decisions import Reason, failed, passed

Bump = Literal["major", "minor", "patch"]

LATEST = "latest"
MAX_LENGTH = LONGEST_VERSION

Precedence = tuple[int, int, int, bool, tuple[tuple[int, int, str], ...]]


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """One parsed version. Compares by SemVer precedence, so build metadata and the SHA of an alias do not matter.

    `text` is the name the artifact is known by: `v2.3.1` for `2.3.1` and for its alias `v2.3.1-sha-a1b2c3d`.
    A SHA build (`sha-1a2b3c4d`) has no precedence of its own; it stands below every version.
    """

    precedence: Precedence = field(init=False, repr=False)
    major: int = field(compare=False)
    minor: int = field(compare=False)
    patch: int = field(compare=False)
    prerelease: str = field(compare=False)
    build: str = field(compare=False)
    sha: str = field(compare=False)
    text: str = field(compare=False)

    def __post_init__(self) -> None:
        below_all = (-1, 0, 0, False, ((1, 0, self.sha),))
        by_semver = (*self.core, not self.prerelease, _identifier_keys(self.prerelease))
        object.__setattr__(self, "precedence", below_all if self.is_sha_build else by_semver)

    @property
    def is_sha_build(self) -> bool:
        """True for a build of main that carries no version (R17)."""
        return self.text.startswith("sha-")

    @property
    def core(self) -> tuple[int, int, int]:
        """(major, minor, patch)."""
        return (self.major, self.minor, self.patch)

    def __str__(self) -> str:
        return self.text


class ArtifactReference(NamedTuple):
    """`service:version`; `version` is `Version.text`, or `latest`."""

    service: str
    version: str

    def __str__(self) -> str:
        return f"{self.service}:{self.version}"


def _identifier_keys(identifiers: str) -> tuple[tuple[int, int, str], ...]:
    """SemVer 2 clause 11: numbers compare as numbers and stand below words, which compare as ASCII."""
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in identifiers.split(".") if part)


@lru_cache(maxsize=4096)
def parse_version(text: str) -> Version:
    """Read `v2.3.1`, `2.3.1`, `v2.3.0-rc.1`, `v2.3.1+build.1`, `sha-1a2b3c4d` or the alias `v2.3.1-sha-a1b2c3d`.

    Raises ValueError with a sentence for people (§3.2) on anything else, `latest` included.
    """
    if len(text) > MAX_LENGTH:
        raise ValueError(f"A version has at most {MAX_LENGTH} characters (§3.2).")
    if build := SHA_BUILD.fullmatch(text):
        return Version(0, 0, 0, prerelease="", build="", sha=build["sha"], text=text)
    alias = ALIAS.fullmatch(text)
    match = SEMVER.fullmatch(alias["base"] + (alias["build"] or "") if alias else text)
    if match is None:
        raise ValueError(f"“{text}” is not a version: write vMAJOR.MINOR.PATCH such as v2.3.1 (§3.2).")
    return Version(
        major=int(match["major"]),
        minor=int(match["minor"]),
        patch=int(match["patch"]),
        prerelease=match["prerelease"] or "",
        build=match["build"] or "",
        sha=alias["sha"] if alias else "",
        text="v" + match[0].removeprefix("v"),
    )


def bump(previous: Version | None, version: Version) -> Bump | None:
    """Which number of §3.2 moved, whatever the direction.

    Without a number to compare with (first version, a SHA build or a pre-release of the same number before it)
    the shape tells, as in the examples of §5.1: v2.0.0 major, v1.3.0 minor, v1.2.3 patch.
    None when nothing moved, or for a SHA build.
    """
    if version.is_sha_build or version == previous:
        return None
    before = None if previous is None or previous.is_sha_build or previous.core == version.core else previous
    if before is None:
        return "patch" if version.patch else "minor" if version.minor else "major"
    if version.major != before.major:
        return "major"
    return "minor" if version.minor != before.minor else "patch"


def version_form(version_text: str, environment: str) -> Reason:
    """Whether a version of this form may go to `dev`, `stg` or `prd`; an unknown environment is judged as `prd`."""
    if version_text == LATEST:
        return _latest_form(environment)
    try:
        version = parse_version(version_text)
    except ValueError as error:
        return failed("version.malformed", "§3.2", str(error), "Name a version such as v2.3.1.")
    if environment in ("dev", "stg"):
        return passed("version.form", "§3.2", f"{version} may go to {environment}.")
    return _production_form(version)


def _latest_form(environment: str) -> Reason:
    if environment == "dev":
        return passed("version.form", "§3.3", "“latest” may be used in dev.")
    return failed("version.latest_outside_dev", "§3.3", "“latest” is only for dev.", "Name a version such as v2.3.1.")


def _production_form(version: Version) -> Reason:
    if version.is_sha_build:
        message = f"{version} is a build of main; production takes versions only."
        return failed("version.sha_in_production", "§3.4", message, "Tag the commit vX.Y.Z and deploy that version.")
    if version.prerelease:
        message = f"{version} is a pre-release; pre-releases never reach production."
        release = "v{}.{}.{}".format(*version.core)
        return failed("version.prerelease_in_production", "§3.2", message, f"Release {release} and deploy that.")
    return passed("version.form", "§3.2", f"{version} may go to production.")


def artifact_reference(service: str, version: str | Version) -> str:
    """`service:vX`, the colon form of R2. Raises ValueError when either half is malformed."""
    if not SERVICE.fullmatch(service):
        raise ValueError(f"“{service}” is not a service name: lower case words joined by “-” (§3.3).")
    if version == LATEST:
        return f"{service}:{LATEST}"
    return f"{service}:{version if isinstance(version, Version) else parse_version(version)}"


def parse_artifact_reference(text: str) -> ArtifactReference:
    """Read `service:version`, with or without a registry before it (§3.3, R2).

    Raises ValueError when there is no colon form or either half is malformed.
    """
    service, colon, version = text.rpartition("/")[2].partition(":")
    if not colon:
        raise ValueError(f"“{text}” is not an artifact: write service:version such as api-service:v2.3.1 (§3.3).")
    return ArtifactReference(service, artifact_reference(service, version).partition(":")[2])
