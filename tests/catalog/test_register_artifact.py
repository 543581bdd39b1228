from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from cybercube_portal.audit.models import Event
from cybercube_portal.catalog.models import Artifact, Service
from tests.factories.catalog import GIT_SHA, OTHER_DIGEST, artifact_body

URL = "/api/v1/artifacts/"
COMMIT = {"sha": "a1b2c3d", "message": "fix(billing): EU tax", "committed_at": "2026-01-17T11:00:00+01:00"}


def codes(answer: Any) -> list[tuple[str, str]]:
    return [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


def test_register_artifact__new__stored_with_its_metadata(pipeline: APIClient) -> None:
    answer = pipeline.post(URL, artifact_body(commits=[COMMIT], signature="MEUCIQ"))
    assert answer.status_code == 201
    shown = answer.json()
    assert shown["reference"] == "billing-service:v2.3.1"
    assert shown["digest"] == artifact_body()["digest"]
    assert shown["build_time"] == "2026-01-17T12:00:00Z"
    assert shown["dependencies"] == {"node": "20.10.0", "npm": "10.2.0"}
    assert shown["commits"] == [{**COMMIT, "committed_at": "2026-01-17T10:00:00+00:00"}]
    assert shown["signature"] == "MEUCIQ"
    assert shown["registered_by"] == "ci-payments"
    assert shown["retention"] == "90 days (dev), 1 year (prod)"
    assert shown["stages"] == {}
    assert pipeline.get(f"{URL}billing-service:v2.3.1").json() == shown


def test_register_artifact__same_again__is_the_first_one(pipeline: APIClient) -> None:
    first = pipeline.post(URL, artifact_body())
    again = pipeline.post(URL, artifact_body(build_time="2026-01-17T13:00:00Z", build_number="12346"))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert Event.objects.filter(verb="artifact.registered").count() == 1


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("digest", OTHER_DIGEST),
        ("git_sha", "b" * 40),
        ("git_ref", "refs/heads/main"),
        ("type", "static_assets"),
        ("signature", "MEUCIQ"),
        ("migrations", [{"filename": "20260117120000_add_tax_rate.sql", "sql": "ALTER TABLE products ADD tax int;"}]),
    ],
)
def test_register_artifact__same_version_other_content__immutable(
    pipeline: APIClient, member: str, value: object
) -> None:
    pipeline.post(URL, artifact_body())
    answer = pipeline.post(URL, artifact_body(**{member: value}))
    assert answer.status_code == 409
    assert answer.json()["code"] == "artifact.immutable"
    assert member in answer.json()["detail"]
    assert Artifact.objects.get().digest == artifact_body()["digest"]


@pytest.mark.parametrize("spelling", ["2.3.1", "v2.3.1", "v2.3.1-sha-a1b2c3d"])
def test_register_artifact__another_spelling_of_the_version__is_the_same(pipeline: APIClient, spelling: str) -> None:
    assert pipeline.post(URL, artifact_body()).status_code == 201
    assert pipeline.post(URL, artifact_body(version=spelling)).status_code == 200
    assert pipeline.get(f"{URL}billing-service:{spelling}/").json()["version"] == "v2.3.1"


@pytest.mark.parametrize(
    ("version", "numbers"),
    [
        ("v2.3.1", (2, 3, 1, "")),
        ("v2.3.0-rc.1", (2, 3, 0, "rc.1")),
        ("v2.3.1+build.12345.sha.a1b2c3d", (2, 3, 1, "")),
        ("sha-a1b2c3d4", (None, None, None, "")),
    ],
)
def test_register_artifact__version_of_the_standard__ordered_by_its_numbers(
    pipeline: APIClient, version: str, numbers: tuple[int | None, int | None, int | None, str]
) -> None:
    answer = pipeline.post(URL, artifact_body(version=version))
    assert answer.status_code == 201
    assert answer.json()["version"] == version
    assert Artifact.objects.values_list("major", "minor", "patch", "prerelease").get() == numbers


@pytest.mark.parametrize(
    "version",
    ["latest", "v2.3", "v2.3.1.0", "v02.3.1", "2.3.1-", "v1.0.0\nv2", "\uff561.0.0", "v99999999999.0.0", "v1.0.٣"],
)
def test_register_artifact__version_of_another_form__refused(pipeline: APIClient, version: str) -> None:
    answer = pipeline.post(URL, artifact_body(version=version))
    assert answer.status_code == 422
    assert codes(answer) == [("/version", "version.malformed")]


@pytest.mark.parametrize("version", ["sha-ffffffff", "v2.3.1-sha-fffffff"])
def test_register_artifact__version_names_another_commit__refused(pipeline: APIClient, version: str) -> None:
    answer = pipeline.post(URL, artifact_body(version=version))
    assert answer.status_code == 422
    assert codes(answer) == [("/version", "version.other_commit")]


def test_read_artifact__alias_of_another_commit__unknown(pipeline: APIClient) -> None:
    pipeline.post(URL, artifact_body())
    answer = pipeline.get(f"{URL}billing-service:v2.3.1-sha-fffffff/")
    assert answer.status_code == 404
    assert answer.json()["code"] == "artifact.unknown"


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("digest", "sha256:" + "A" * 64, "artifact.digest"),
        ("digest", "sha256:" + "a" * 63, "artifact.digest"),
        ("digest", "md5:" + "a" * 32, "artifact.digest"),
        ("git_sha", "HEAD", "artifact.git_sha"),
        ("git_sha", "abc", "artifact.git_sha"),
        ("git_ref", "refs/heads/../../etc", "artifact.git_ref"),
        ("git_ref", "refs/heads/a b", "artifact.git_ref"),
        ("build_time", "2199-01-01T00:00:00Z", "artifact.build_time"),
        ("dependencies", {f"package-{number}": "1" for number in range(1001)}, "artifact.dependencies"),
        ("dependencies", {"x" * 215: "1"}, "artifact.dependencies"),
    ],
)
def test_register_artifact__wrong_metadata__names_the_rule(
    pipeline: APIClient, member: str, value: object, code: str
) -> None:
    answer = pipeline.post(URL, artifact_body(**{member: value}))
    assert answer.status_code == 422
    assert codes(answer) == [(f"/{member}", code)]
    assert not Artifact.objects.exists()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (artifact_body(reviewed_by="bob"), "/reviewed_by"),
        (artifact_body(build_number=12345), "/build_number"),
        (artifact_body(build_time="2026-01-17T12:00:00"), "/build_time"),
        (artifact_body(type="rumour"), "/type"),
        (artifact_body(dependencies=["node"]), "/dependencies"),
        (artifact_body(dependencies={"node": 20}), "/dependencies/node"),
        (artifact_body(builder="x" * 121), "/builder"),
        (artifact_body(migrations=[{"filename": "a.sql"}]), "/migrations/0/sql"),
        (artifact_body(commits=[COMMIT | {"committed_at": "yesterday"}]), "/commits/0/committed_at"),
        (artifact_body(commits=[COMMIT | {"who": "me"}]), "/commits/0/who"),
        (artifact_body(commits=[COMMIT] * 2001), "/commits"),
        ({name: value for name, value in artifact_body().items() if name != "digest"}, "/digest"),
    ],
)
def test_register_artifact__not_of_the_schema__400_with_pointer(
    pipeline: APIClient, body: dict[str, Any], pointer: str
) -> None:
    answer = pipeline.post(URL, body)
    assert answer.status_code == 400
    assert pointer in [found for found, _ in codes(answer)]
    assert not Artifact.objects.exists()


def test_register_artifact__words_of_the_standard_for_the_type__read(pipeline: APIClient) -> None:
    answer = pipeline.post(URL, artifact_body(type="Container images"))
    assert answer.status_code == 201
    assert answer.json()["type"] == "container_image"


@pytest.mark.parametrize(
    ("sql", "declared", "kind"),
    [
        ("ALTER TABLE users ADD COLUMN phone VARCHAR(20);", None, "schema"),
        ("CREATE INDEX CONCURRENTLY idx_users_email ON users(email);", None, "schema"),
        ("UPDATE users SET phone = '' WHERE phone IS NULL;", None, "data"),
        ("ALTER TABLE a ADD b int;\nINSERT INTO a VALUES (1);", None, "data"),
        ("/* tidy */ DELETE FROM carts;", None, "data"),
        ("WITH old AS (SELECT 1) UPDATE users SET a = 1;", "schema", "data"),
        ("DO $$ BEGIN UPDATE users SET a = 1; END $$;", None, "data"),
        (
            "-- UPDATE users\nALTER TABLE a ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES b ON DELETE CASCADE;",
            None,
            "schema",
        ),
        ("COMMENT ON TABLE a IS 'x; DELETE FROM a;';", None, "schema"),
        ("CREATE FUNCTION f() RETURNS void AS $f$ DELETE FROM a; $f$ LANGUAGE sql;", None, "schema"),
        ("ALTER TABLE users ADD COLUMN phone VARCHAR(20);", "data", "data"),
    ],
)
def test_register_artifact__migration__data_when_it_writes_rows(
    pipeline: APIClient, sql: str, declared: str | None, kind: str
) -> None:
    row = {"filename": "20260117120000_add_tax_rate_to_products.sql", "sql": sql}
    answer = pipeline.post(URL, artifact_body(migrations=[row | ({"kind": declared} if declared else {})]))
    assert answer.status_code == 201
    (shown,) = answer.json()["migrations"]
    assert {name: shown[name] for name in ("filename", "sql", "kind")} == {**row, "kind": kind}


@pytest.mark.parametrize(
    "filename",
    ["20260117_add_tax.sql", "20261317120000_a.sql", "20260117120000_Add.sql", "20260117120000_a.txt", "a/b.sql"],
)
def test_register_artifact__misnamed_migration__refused(pipeline: APIClient, filename: str) -> None:
    answer = pipeline.post(URL, artifact_body(migrations=[{"filename": filename, "sql": "SELECT 1;"}]))
    assert answer.status_code == 422
    assert codes(answer) == [("/migrations/0/filename", "migration.filename")]


def test_register_artifact__migration_twice_or_commit_without_hash__refused(pipeline: APIClient) -> None:
    row = {"filename": "20260117120000_add_tax_rate.sql", "sql": "ALTER TABLE products ADD tax int;"}
    twice = pipeline.post(URL, artifact_body(migrations=[row, row]))
    assert codes(twice) == [("/migrations/1/filename", "migration.twice")]
    no_hash = pipeline.post(URL, artifact_body(commits=[COMMIT | {"sha": "main"}]))
    assert codes(no_hash) == [("/commits/0/sha", "artifact.git_sha")]


@pytest.mark.parametrize("opening", ["/*", "'", '"', "$a$", "$", "--", "e'\\"])
def test_register_artifact__sql_that_never_closes__read_once(pipeline: APIClient, opening: str) -> None:
    # Read again from each opening, this would take hours.
    row = {"filename": "20260117120000_hostile.sql", "sql": opening * (400_000 // len(opening))}
    assert pipeline.post(URL, artifact_body(migrations=[row])).status_code == 201


def test_register_artifact__same_commit_other_digest__recorded_as_not_reproducible(pipeline: APIClient) -> None:
    pipeline.post(URL, artifact_body(version="sha-a1b2c3d4", git_ref="refs/heads/main"))
    pipeline.post(URL, artifact_body(digest=OTHER_DIGEST))
    first, second = Event.objects.filter(verb="artifact.registered").order_by("id")
    assert first.data["reproducible"] is True
    assert second.data["reproducible"] is False
    assert second.data["same_commit_other_digest"] == ["sha-a1b2c3d4"]
    assert {"billing-service:v2.3.1", "service:billing-service"} <= set(second.subjects)


@pytest.mark.parametrize("username", ["alice", "bob", "dan", "oscar", "admin"])
def test_register_artifact__person__refused(
    billing: Service, browser_session: Callable[[str], Client], username: str
) -> None:
    answer = browser_session(username).post(URL, artifact_body(), content_type="application/json")
    assert answer.status_code == 403
    assert answer.json()["code"] == "permission.pipeline_only"
    assert not Artifact.objects.exists()


def test_register_artifact__pipeline_of_another_team__refused(billing: Service, api: Callable[..., APIClient]) -> None:
    answer = api("ci-search").post(URL, artifact_body())
    assert answer.status_code == 403
    assert answer.json()["code"] == "permission.service_account"


@pytest.mark.parametrize(
    ("key", "code"),
    [({"scopes": ["gate"]}, "key.scope_missing"), ({"services": ["ledger"]}, "key.service_not_covered")],
)
def test_register_artifact__key_for_something_else__refused(
    billing: Service, api: Callable[..., APIClient], key: dict[str, Any], code: str
) -> None:
    answer = api("ci-payments", **key).post(URL, artifact_body())
    assert answer.status_code == 403
    assert answer.json()["code"] == code


def test_register_artifact__unknown_service__404(pipeline: APIClient) -> None:
    answer = pipeline.post(URL, artifact_body(service="ledger"))
    assert answer.status_code == 404
    assert answer.json()["code"] == "service.unknown"


def test_register_artifact__idempotency_key_again__same_answer(pipeline: APIClient) -> None:
    first = pipeline.post(URL, artifact_body(), HTTP_IDEMPOTENCY_KEY="run-1")
    again = pipeline.post(URL, artifact_body(), HTTP_IDEMPOTENCY_KEY="run-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()


@pytest.mark.django_db(transaction=True)
def test_register_artifact__two_at_once__one_is_first(billing: Service, api: Callable[..., APIClient]) -> None:
    clients = [api("ci-payments"), api("ci-payments")]
    ready = Barrier(2)

    def register(client: APIClient) -> int:
        try:
            ready.wait(timeout=10)
            return client.post(URL, artifact_body()).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        found = sorted(pool.map(register, clients))
    assert found == [200, 201]
    assert Artifact.objects.count() == 1
    assert Event.objects.filter(verb="artifact.registered").count() == 1


def test_list_artifacts__filters__by_service_commit_and_digest(
    pipeline: APIClient, search_api: Service, api: Callable[..., APIClient]
) -> None:
    pipeline.post(URL, artifact_body())
    pipeline.post(URL, artifact_body(version="v2.4.0", digest=OTHER_DIGEST, git_sha="b" * 40))
    api("ci-search").post(URL, artifact_body(service="search-api"))

    def listed(query: str) -> list[str]:
        return [row["reference"] for row in pipeline.get(f"{URL}?{query}").json()["results"]]

    assert listed("") == ["search-api:v2.3.1", "billing-service:v2.4.0", "billing-service:v2.3.1"]
    assert listed("service=billing-service&page_size=1") == ["billing-service:v2.4.0"]
    assert listed(f"git_sha={GIT_SHA}") == ["search-api:v2.3.1", "billing-service:v2.3.1"]
    assert listed(f"digest={OTHER_DIGEST}") == ["billing-service:v2.4.0"]
    assert pipeline.get(f"{URL}?sevice=x").status_code == 400


def test_list_artifacts__a_full_page__few_queries(
    pipeline: APIClient, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    for patch in range(30):
        pipeline.post(URL, artifact_body(version=f"v1.0.{patch}"))
        pipeline.post(f"{URL}billing-service:v1.0.{patch}/evidence/", {"stage": "build", "status": "passed"})
    with django_assert_max_num_queries(8):
        answer = pipeline.get(URL)
    assert [row["stages"] for row in answer.json()["results"]] == [{"build": "passed"}] * 30
