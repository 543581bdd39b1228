"""Nobody approves their own work, by any door that exists; one person counts once; a role that is gone counts no more (reliability.md section 4)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.http import HttpResponse
from django.test import Client
from rest_framework.test import APIClient

from changes.actions.approvals import approve_change
from changes.actions.content import edit_change
from changes.models import ChangeRequest, Signature
from changes.proposals import ArtifactName
from cybercube_portal.people.models import ApiKey, Grant, User
from cybercube_portal.people.scopes import Scope
from tests.factories import changes as story
from tests.factories import releases as lives
from tests.factories.people import Cast
from tests.releases.asking import DIGEST, SERVICE, URL, VERSION, blocking, prove

Api = Callable[..., APIClient]
Session = Callable[[str], Client]
JSON = "application/json"
INSERT = """
    INSERT INTO changes_signature
        (change_id, signer_id, state, content_hash, seat, comment, via, signed_at, ended_because)
    VALUES (%s, %s, 'given', %s, '', '', 'page', now(), '')
"""
WORD = {"how": "On the phone", "criteria": ["production_down"]}


@pytest.fixture
def held(cast: Cast, now: datetime, clock_at: Callable[[datetime], datetime]) -> datetime:
    """The clock, held at `now`, over the services of two teams."""
    story.service(SERVICE)
    story.service("search-api", team="search")
    return clock_at(now)


class Doors:
    """Every way a person can try to sign a change, and what each answers: the code of the refusal."""

    def __init__(self, cast: Cast, api: Api, browser_session: Session) -> None:
        self.cast, self.api, self.browser_session = cast, api, browser_session

    def rest_by_key(self, change: ChangeRequest, username: str) -> str:
        client = self.api(username, scopes=[Scope.CHANGES, Scope.APPROVALS])
        return str(client.post(f"/api/v1/changes/{change.number}/approve/").json()["code"])

    def rest_by_session(self, change: ChangeRequest, username: str) -> str:
        address = f"/api/v1/changes/{change.number}/approve/"
        return str(self.browser_session(username).post(address, {}, JSON).json()["code"])

    def page(self, change: ChangeRequest, username: str) -> str:
        """A page shows the words of its refusal."""
        sent = {"content_hash": change.content_hash}
        answer = self.browser_session(username).post(f"/changes/{change.number}/approve/", sent)
        assert answer.status_code == 409
        told = answer.context["refusal"].reasons
        return str(told[0].code)

    def sql(self, change: ChangeRequest, username: str) -> str:
        values: list[Any] = [change.pk, self.cast[username].pk, change.content_hash]
        with (
            pytest.raises(DatabaseError, match="four eyes") as refused,
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(INSERT, values)
        return "approval.author_is_approver" if "may not sign" in str(refused.value) else str(refused.value)


@pytest.fixture
def doors(cast: Cast, api: Api, browser_session: Session) -> Doors:
    return Doors(cast, api, browser_session)


@pytest.mark.parametrize("door", ["rest_by_key", "rest_by_session", "page", "sql"])
@pytest.mark.parametrize(("username", "by"), [("bob", "bob"), ("bob", "alice")], ids=["requester", "editor"])
def test_approve__own_work_by_any_door__refused_and_nothing_written(
    doors: Doors, held: datetime, door: str, username: str, by: str
) -> None:
    change = story.in_review(now=held, by=by)
    if by != username:
        change = edit_change(
            number=change.number,
            version=change.version,
            changes={"description": "In other words"},
            actor=story.actor(username),
            now=held,
        )

    assert getattr(doors, door)(change, username) == "approval.author_is_approver"
    assert not Signature.objects.exists()
    assert ChangeRequest.objects.get().state == "in_review"


@pytest.mark.parametrize("username", ["bob", "admin"])
def test_approve__through_the_admin__no_table_can_be_written(
    browser_session: Session, cast: Cast, held: datetime, username: str
) -> None:
    change = story.in_review(now=held, by="bob")
    User.objects.filter(username=username).update(is_staff=True, is_superuser=True)
    client = browser_session(username)
    signature = {"change": change.pk, "signer": cast[username].pk, "state": "given", "content_hash": "0" * 64}

    assert written(client, "/admin/changes/signature/add/", signature).status_code == 403
    assert (
        written(client, f"/admin/changes/changerequest/{change.pk}/change/", {"state": "approved"}).status_code == 403
    )
    assert not Signature.objects.exists()
    assert ChangeRequest.objects.get().state == "in_review"


def written(client: Client, address: str, body: dict[str, Any]) -> HttpResponse:
    """The last answer of a POST, the admin's own redirects followed."""
    answer: Any = client.post(address, body, follow=True)
    return answer  # type: ignore[no-any-return]


def test_approve__service_account_whose_key_was_given_the_scope__refused(api: Api, held: datetime) -> None:
    change = story.in_review(now=held)
    pipeline = api("ci-payments", scopes=[Scope.CHANGES])
    ApiKey.objects.update(scopes=[Scope.CHANGES, Scope.APPROVALS])

    answer = pipeline.post(f"/api/v1/changes/{change.number}/approve/")

    assert (answer.status_code, answer.json()["code"]) == (403, "permission.service_account")
    with pytest.raises(DatabaseError, match="four eyes"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(INSERT, [change.pk, User.objects.get(username="ci-payments").pk, change.content_hash])


def test_issue_key__that_signs_for_somebody_else__refused_even_for_an_admin(
    browser_session: Session, held: datetime
) -> None:
    admin = browser_session("admin")
    wanted = {"username": "bob", "scopes": [Scope.CHANGES, Scope.APPROVALS]}

    answer = admin.post("/api/v1/keys/", wanted, JSON)

    assert (answer.status_code, answer.json()["code"]) == (409, "api_key.signs_for_another")
    assert not ApiKey.objects.exists()
    assert admin.post("/api/v1/keys/", {**wanted, "scopes": [Scope.CHANGES]}, JSON).status_code == 201
    own = browser_session("bob").post("/api/v1/keys/", {"scopes": [Scope.APPROVALS]}, JSON)
    assert own.status_code == 201


def test_grant__to_oneself__refused(browser_session: Session, held: datetime) -> None:
    admin = browser_session("admin")
    answer = admin.post("/api/v1/grants/", {"username": "admin", "role": "tech_lead"}, JSON)
    assert (answer.status_code, answer.json()["code"]) == (409, "grant.own")
    assert admin.post("/grants/grant/", {"username": "admin", "role": "tech_lead"}).status_code == 422


@pytest.mark.parametrize(
    ("approver", "called_by", "refused"),
    [
        ("alice", "grace", True),
        ("bob", "grace", True),
        ("ci-payments", "grace", True),
        ("heidi", "alice", True),
        ("heidi", "grace", False),
    ],
    ids=["requester", "editor", "pipeline", "noted by the requester", "another"],
)
def test_authorise__in_sql__never_by_requester_editor_or_pipeline(
    cast: Cast, held: datetime, approver: str, called_by: str, *, refused: bool
) -> None:
    change = story.emergency(now=held, by="alice")
    edited = {"description": "In other words"}
    edit_change(number=change.number, version=change.version, changes=edited, actor=story.actor("bob"), now=held)

    with pytest.raises(DatabaseError, match="four eyes") if refused else nullcontext(), transaction.atomic():
        ChangeRequest.objects.update(authorised_by=cast[approver], authorisation={"called_by": called_by})

    assert ChangeRequest.objects.filter(authorised_by__isnull=False).exists() is not refused


@pytest.mark.parametrize("by", ["heidi", "alice"], ids=["requester", "editor"])
def test_authorise__emergency_of_ones_own__refused(browser_session: Session, held: datetime, by: str) -> None:
    change = story.emergency(now=held, by=by)
    if by != "heidi":
        edited = {"description": "In other words"}
        edit_change(number=change.number, version=change.version, changes=edited, actor=story.actor("heidi"), now=held)
    heidi = browser_session("heidi")
    said = {**WORD, "approver": "heidi", "verbal_at": held.isoformat()}

    refused = heidi.post(f"/api/v1/changes/{change.number}/authorise/", said, JSON)

    assert (refused.status_code, refused.json()["code"]) == (409, "emergency.author_is_approver")
    page = heidi.post(f"/changes/{change.number}/authorise/", {**said, "verbal_at": f"{held:%Y-%m-%dT%H:%M}"})
    assert page.status_code in {409, 422}
    assert ChangeRequest.objects.get().state == "draft"


def test_confirm__by_who_noted_the_word__refused(browser_session: Session, held: datetime) -> None:
    change = story.authorised(now=held, approver="heidi", caller="grace")
    heidi, ivan = browser_session("heidi"), browser_session("ivan")
    address = f"/api/v1/changes/{change.number}/confirm/"
    assert browser_session("grace").post(address, {}, JSON).status_code == 403
    assert ivan.post(address, {}, JSON).json()["code"] == "emergency.not_the_approver"
    assert heidi.post(address, {}, JSON).status_code == 200


def test_report_evidence__by_people__refused_whatever_their_role(browser_session: Session, held: datetime) -> None:
    story.artifact(story.service(SERVICE), VERSION, at=held)
    address = f"/api/v1/artifacts/{SERVICE}:{VERSION}/evidence/"
    for username in ("alice", "bob", "ivan", "admin"):
        answer = browser_session(username).post(address, {"stage": "test", "status": "passed"}, JSON)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission.pipeline_only")


def test_approve__one_person_twice_with_two_roles__counts_once(
    doors: Doors, browser_session: Session, held: datetime
) -> None:
    Grant.objects.create(user=doors.cast.bob, role="product", starts_at=held - timedelta(days=1))
    change = story.half_signed(now=held)

    assert doors.rest_by_key(change, "bob") == "approval.already_signed"
    assert doors.page(change, "bob") == "approval.already_signed"
    once = pytest.raises(DatabaseError, match="signature_one_live_per_person")
    with once, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(INSERT, [change.pk, doors.cast.bob.pk, change.content_hash])
    shown = browser_session("bob").get(f"/api/v1/changes/{change.number}/").json()
    assert [seat["by"] for seat in shown["approvals"]["seats"]].count("bob") == 1
    assert shown["approvals"]["complete"] is False


def test_gate__signers_role_is_revoked__allows_no_more(
    api: Api, browser_session: Session, held: datetime, clock_at: Callable[[datetime], datetime]
) -> None:
    row = story.artifact(story.service(SERVICE), VERSION, at=held, digest=DIGEST)
    for stage, summary in (("build", {}), ("test", {"coverage": 91.5}), ("scan", {"critical": 0, "high": 0})):
        prove(row, stage, at=held, summary=summary)
    lives.staged(at=held)
    named = (ArtifactName(service=SERVICE, version=VERSION),)
    change = story.in_review(now=held, artifacts=named)
    approve_change(number=change.number, actor=story.actor("bob"), now=held)
    clock_at(held + timedelta(hours=26))
    pipeline, question = api("ci-payments", scopes=[Scope.GATE]), {"service": SERVICE, "version": VERSION}
    asked = {**question, "environment": "prd"}
    assert pipeline.post(URL, asked).json()["decision"] == "allow"

    grant = Grant.objects.get(user__username="bob")
    revoked = browser_session("admin").post(f"/api/v1/grants/{grant.pk}/revoke/", {"reason": "Left"}, JSON)
    assert revoked.status_code == 200

    answer = pipeline.post(URL, asked).json()
    assert answer["decision"] != "allow"
    assert "token" not in answer
    assert "approval.seat_open" in blocking(answer)
