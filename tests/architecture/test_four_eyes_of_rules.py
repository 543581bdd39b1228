"""Nobody words a template or a freeze's end and agrees to it too (reliability.md section 4)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from changes.actions.content import edit_change
from changes.actions.templates import TemplatePlan, propose_template
from changes.models import FreezeException, TemplateSignature
from cybercube_portal.people.models import Grant
from tests.factories import changes as story
from tests.factories.people import Cast
from tests.releases.asking import SERVICE

Session = Callable[[str], Client]
JSON = "application/json"


@pytest.fixture
def held(cast: Cast, now: datetime, clock_at: Callable[[datetime], datetime]) -> datetime:
    """The clock, held at `now`, over the services of two teams."""
    story.service(SERVICE)
    story.service("search-api", team="search")
    return clock_at(now)


def test_activate_template__by_who_worded_it__refused(browser_session: Session, held: datetime) -> None:
    proposal = {"slug": "small-scale", "kind": "scale", "title": "Scale", "bounds": {"replicas": [1, 4]}}
    bob, sybil = browser_session("bob"), browser_session("sybil")
    assert bob.post("/api/v1/templates/", proposal, JSON).status_code == 201
    address = "/api/v1/templates/small-scale/"
    edit = {"bounds": {"replicas": [1, 4000]}}
    headers = {"If-Match": sybil.get(address).headers["ETag"]}

    assert sybil.patch(address, edit, JSON, headers=headers).status_code == 403
    assert bob.patch(address, edit, JSON, headers=headers).status_code == 200
    refused = bob.post(f"{address}activate/", {}, JSON)
    assert (refused.status_code, refused.json()["code"]) == (409, "approval.author_is_approver")
    assert bob.post("/templates/small-scale/activate/").status_code == 409
    assert not TemplateSignature.objects.exists()


@pytest.mark.parametrize(
    ("signer", "verb", "refused"),
    [("bob", "activate", True), ("ci-payments", "retire", True), ("ivan", "activate", False), ("bob", "retire", False)],
)
def test_sign_template__in_sql__only_by_a_person_who_did_not_word_it(
    cast: Cast, held: datetime, signer: str, verb: str, *, refused: bool
) -> None:
    plan = TemplatePlan(slug="small-scale", kind="scale", title="Scale", bounds={"replicas": [1, 4]})
    template = propose_template(plan=plan, actor=story.actor("bob"), now=held)
    signature = TemplateSignature(
        template=template, signer=cast[signer], verb=verb, signer_roles=["tech_lead"], content_hash="0", signed_at=held
    )

    with pytest.raises(DatabaseError, match="four eyes") if refused else nullcontext(), transaction.atomic():
        signature.save()

    assert TemplateSignature.objects.exists() is not refused


def test_sign_template__role_revoked_since__counts_no_more(browser_session: Session, held: datetime) -> None:
    proposal = {"slug": "small-scale", "kind": "scale", "title": "Scale", "bounds": {"replicas": [1, 4]}}
    assert browser_session("alice").post("/api/v1/templates/", proposal, JSON).status_code == 201
    address = "/api/v1/templates/small-scale/"
    for username in ("ivan", "carol"):
        browser_session(username).post(f"{address}activate/", {}, JSON)
    grant = Grant.objects.get(user__username="ivan")
    revoked = browser_session("admin").post(f"/api/v1/grants/{grant.pk}/revoke/", {"reason": "Never was one"}, JSON)
    assert revoked.status_code == 200

    last = browser_session("dan").post(f"{address}activate/", {}, JSON).json()

    assert last["state"] == "proposed"
    assert {seat["label"]: seat["by"] for seat in last["seats"]} == {
        "Engineering lead": None,
        "Product": "carol",
        "Ops": "dan",
    }
    assert browser_session("bob").post(f"{address}activate/", {}, JSON).json()["state"] == "active"


def test_except__ones_own_change_from_a_freeze__refused(browser_session: Session, held: datetime) -> None:
    change = story.in_review(now=held, by="ivan")
    freeze = story.freeze(now=held, starts_at=held, ends_at=held + timedelta(days=9))
    ivan, wanted = browser_session("ivan"), {"change": change.number, "reason": "Mine"}

    refused = ivan.post(f"/api/v1/freezes/{freeze.reference}/exceptions/", wanted, JSON)

    assert (refused.status_code, refused.json()["code"]) == (409, "freeze.author_grants_exception")
    assert ivan.post(f"/freezes/{freeze.reference}/exceptions/", wanted).status_code == 409
    assert not FreezeException.objects.exists()


@pytest.mark.parametrize("verb", ["lift", "cancel"])
@pytest.mark.parametrize("by", ["ivan", "alice"], ids=["requester", "editor"])
def test_end_freeze__that_holds_back_ones_own_change__needs_another_manager(
    browser_session: Session, held: datetime, verb: str, by: str
) -> None:
    change = story.in_review(now=held, by=by)
    if by != "ivan":
        edited = {"description": "In other words"}
        edit_change(number=change.number, version=change.version, changes=edited, actor=story.actor("ivan"), now=held)
    freeze = story.freeze(now=held, by="dan", starts_at=held + timedelta(days=1), ends_at=held + timedelta(days=9))
    ivan, judy, why = browser_session("ivan"), browser_session("judy"), {"reason": "No longer needed"}

    refused = ivan.post(f"/api/v1/freezes/{freeze.reference}/{verb}/", why, JSON)

    assert (refused.status_code, refused.json()["code"]) == (409, "freeze.author_ends_it")
    assert change.number in refused.json()["detail"]
    assert ivan.post(f"/freezes/{freeze.reference}/{verb}/", why).status_code == 409
    assert judy.post(f"/api/v1/freezes/{freeze.reference}/{verb}/", why, JSON).status_code == 200


def test_end_freeze__ones_own_changes_pass_it_or_lie_elsewhere__allowed(
    browser_session: Session, held: datetime
) -> None:
    story.in_review(now=held, by="ivan", scheduled_time=held + timedelta(days=10))
    story.in_review(now=held, by="ivan", services=("search-api",), artifacts=())
    story.emergency(now=held, by="ivan")
    freeze = story.freeze(now=held, by="dan", services=(SERVICE,), starts_at=held, ends_at=held + timedelta(days=9))

    ended = browser_session("ivan").post(f"/api/v1/freezes/{freeze.reference}/lift/", {"reason": "Over"}, JSON)

    assert ended.status_code == 200, ended.content
