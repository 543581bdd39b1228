"""§3.2 version numbers, §3.3 artifact names, §3.4 builds of main; rulings R2, R12, R17."""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybercube_portal.catalog.versions import (
    ArtifactReference,
    Version,
    artifact_reference,
    bump,
    parse_artifact_reference,
    parse_version,
    version_form,
)
from cybercube_portal.decisions import Outcome

ROWS = list(csv.DictReader((Path(__file__).parent / "versions.csv").read_text(encoding="utf-8").splitlines()))


@pytest.mark.parametrize("environment", ["dev", "stg", "prd"])
@pytest.mark.parametrize("row", ROWS, ids=[f"{row['section']}: {row['version']}" for row in ROWS])
def test_version_form__every_row_of_the_table__comes_out_as_written(row: dict[str, str], environment: str) -> None:
    reason = version_form(row["version"], environment)

    came_out = "pass" if reason.outcome is Outcome.PASS else reason.code
    assert came_out == row[environment]
    assert (reason.remedy != "") == (reason.outcome is Outcome.FAIL)


def test_version_form__unknown_environment__is_judged_as_production() -> None:
    assert version_form("sha-1a2b3c4d", "elsewhere").outcome is Outcome.FAIL


def test_parse_version__the_standards_build_metadata__gives_every_field() -> None:
    version = parse_version("v2.3.1+build.12345.sha.a1b2c3d")

    assert (version.major, version.minor, version.patch) == (2, 3, 1)
    assert (version.prerelease, version.build, version.sha) == ("", "build.12345.sha.a1b2c3d", "")
    assert version.text == "v2.3.1+build.12345.sha.a1b2c3d"


def test_parse_version__r17_alias_with_a_commit__is_the_version_itself() -> None:
    alias = parse_version("v2.3.1-sha-a1b2c3d")

    assert alias == parse_version("v2.3.1")
    assert (alias.text, alias.sha, alias.prerelease, alias.is_sha_build) == ("v2.3.1", "a1b2c3d", "", False)


def test_parse_version__alias_with_build_metadata__keeps_the_metadata() -> None:
    assert parse_version("v2.3.1-sha-a1b2c3d+build.7").text == "v2.3.1+build.7"


def test_parse_version__without_the_leading_v__is_known_by_the_same_name() -> None:
    assert parse_version("2.3.1").text == "v2.3.1"


def test_parse_version__no_version__says_what_to_write() -> None:
    with pytest.raises(ValueError, match=r"“two” is not a version: write vMAJOR\.MINOR\.PATCH such as v2\.3\.1"):
        parse_version("two")


@pytest.mark.parametrize("text", ["v1." + "9" * 200 + ".0", "v1.2.3-" + "a" * 200])
def test_parse_version__longer_than_a_tag__is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="at most 128 characters"):
        parse_version(text)


@pytest.mark.parametrize("text", ["v1.2.3\n", " v1.2.3", "v1.2.3-", "v1.2.3+", "v1.2.3-a..b", "v-1.2.3", "vv1.2.3"])
def test_parse_version__stray_characters__is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a version"):
        parse_version(text)


ASCENDING = [
    "sha-1a2b3c4d",
    "v1.0.0-alpha",
    "v1.0.0-alpha.1",
    "v1.0.0-alpha.beta",
    "v1.0.0-beta",
    "v1.0.0-beta.2",
    "v1.0.0-beta.11",
    "v1.0.0-rc.1",
    "v1.0.0",
    "v1.0.1",
    "v1.1.0",
    "v1.10.0",
    "v2.0.0",
]


@pytest.mark.parametrize(("lower", "higher"), list(pairwise(ASCENDING)))
def test_compare__semver_precedence__each_is_below_the_next(lower: str, higher: str) -> None:
    assert parse_version(lower) < parse_version(higher)
    assert not parse_version(higher) < parse_version(lower)


def test_compare__build_metadata__is_ignored() -> None:
    assert parse_version("v1.0.0+a") == parse_version("v1.0.0+b")


def test_compare__two_builds_of_main__are_different() -> None:
    assert parse_version("sha-0000001") != parse_version("sha-00000001")


NUMBERS = st.integers(min_value=0, max_value=10**6)
VERSIONS = st.builds(
    lambda numbers, tail: "v{}.{}.{}{}".format(*numbers, tail),
    st.tuples(NUMBERS, NUMBERS, NUMBERS),
    st.sampled_from(["", "-alpha.1", "-rc.2", "-rc.10", "+build.5", "-beta+x"]),
)


@given(VERSIONS)
def test_parse_version__any_version__its_text_reads_as_itself(text: str) -> None:
    version = parse_version(text)

    assert version.text == text
    assert parse_version(str(version)) == version


@given(st.text(max_size=140))
def test_parse_version__any_text__is_a_version_or_a_clear_refusal(text: str) -> None:
    try:
        understood: Version | str = parse_version(text)
    except ValueError as error:
        understood = str(error)
    assert isinstance(understood, Version) or "§3.2" in understood


@pytest.mark.parametrize(
    ("previous", "version", "moved"),
    [
        ("v1.9.9", "v2.0.0", "major"),
        ("v1.2.9", "v1.3.0", "minor"),
        ("v1.2.2", "v1.2.3", "patch"),
        ("v1.2.3", "v1.2.4", "patch"),
        ("v2.0.0", "v1.9.9", "major"),  # back again is as large a step
        ("v1.2.3", "v1.2.3", None),
        ("v1.2.3+build.1", "v1.2.3+build.2", None),
        ("v2.0.0-rc.1", "v2.0.0", "major"),  # the pre-release was never in production
        ("v1.3.0-rc.1", "v1.3.0", "minor"),
        ("v1.2.3-rc.1", "v1.2.3", "patch"),
        (None, "v2.0.0", "major"),  # §5.1, column "Examples"
        (None, "v1.3.0", "minor"),
        (None, "v1.2.3", "patch"),
        ("sha-1a2b3c4d", "v1.3.0", "minor"),
        ("v1.2.3", "sha-1a2b3c4d", None),
    ],
)
def test_bump__from_one_to_the_next__names_what_moved(previous: str | None, version: str, moved: str | None) -> None:
    before = None if previous is None else parse_version(previous)

    assert bump(before, parse_version(version)) == moved


@pytest.mark.parametrize(
    ("text", "service", "version"),
    [
        ("api-service:v2.3.1", "api-service", "v2.3.1"),
        ("web-app:v2.3.1", "web-app", "v2.3.1"),
        ("billing-worker:v2.3.1", "billing-worker", "v2.3.1"),
        ("registry.cybercube.software/api-service:v2.3.1", "api-service", "v2.3.1"),
        ("registry.cybercube.software/api-service:v2.3.1-sha-a1b2c3d", "api-service", "v2.3.1"),
        ("registry.cybercube.software/api-service:latest", "api-service", "latest"),
        ("registry.example:5000/team/api-service:sha-1a2b3c4d", "api-service", "sha-1a2b3c4d"),
    ],
)
def test_parse_artifact_reference__examples_of_3_3__are_read(text: str, service: str, version: str) -> None:
    assert parse_artifact_reference(text) == ArtifactReference(service, version)


def test_parse_artifact_reference__r2_dash_form__is_refused_with_the_colon_form() -> None:
    with pytest.raises(ValueError, match=r"write service:version such as api-service:v2\.3\.1"):
        parse_artifact_reference("api-service-v2.3.1")


@pytest.mark.parametrize("text", ["", ":", "api:", ":v1.0.0", "Api:v1.0.0", "api_x:v1.0.0", "api:v1", "api:v1.0.0:x"])
def test_parse_artifact_reference__malformed__is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="§3"):
        parse_artifact_reference(text)


def test_artifact_reference__r2_any_spelling_of_a_version__gives_the_one_colon_form() -> None:
    assert artifact_reference("api-service", "2.3.1") == "api-service:v2.3.1"
    assert artifact_reference("api-service", parse_version("v2.3.1-sha-a1b2c3d")) == "api-service:v2.3.1"
    assert str(parse_artifact_reference("api-service:v2.3.1")) == "api-service:v2.3.1"
