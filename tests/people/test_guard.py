"""The person guard as a table: who asks, with what, for what (house.md section 3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cybercube_portal.errors import NotPermitted
from cybercube_portal.people.actors import Actor, GrantFact, KeyFact, Kind
from cybercube_portal.people.guard import Permission, may, require
from cybercube_portal.people.roles import IMPLIES_ENGINEER, Role

NOW = datetime(2026, 1, 14, 10, tzinfo=UTC)
YEAR = timedelta(days=365)

LEADS = Permission(name="things.sign_thing", roles=frozenset({Role.TECH_LEAD}), scope="changes", section="§5.6")
ENGINEERS = Permission(name="things.file_thing", roles=frozenset({Role.ENGINEER}), scope="changes", section="§6.1")
OWN = Permission(name="things.read_thing", roles=frozenset({Role.ADMIN}), scope="changes", section="§6.1", own=True)
EVERYWHERE = Permission(
    name="things.rule_things", roles=frozenset({Role.TECH_LEAD}), scope="changes", section="§6.1", everywhere=True
)
PIPELINES = Permission(
    name="things.report_thing", roles=frozenset(), scope="artifacts", section="§3.6", service_accounts=True
)
ANYBODY = replace(ENGINEERS, everywhere=True, service_accounts=True)
NOBODY = Permission(name="things.forbidden", roles=frozenset(), scope="changes", section="§6.1")


def grant(role: Role, team: str | None = "payments", **changed: datetime) -> GrantFact:
    return GrantFact(**{"role": role, "team": team, "starts_at": NOW - YEAR, **changed})  # type: ignore[arg-type]


def person(*grants: GrantFact, key: KeyFact | None = None) -> Actor:
    return Actor(id=1, username="pat", name="Pat", kind=Kind.PERSON, team="payments", grants=grants, key=key)


def pipeline(team: str, key: KeyFact | None = None) -> Actor:
    return Actor(id=2, username="ci", name="ci", kind=Kind.SERVICE, team=team, key=key)


def key(*scopes: str, services: frozenset[str] = frozenset()) -> KeyFact:
    return KeyFact(prefix="abcdefgh", scopes=frozenset(scopes), services=services)


LEAD = grant(Role.TECH_LEAD)


@pytest.mark.parametrize(
    ("actor", "permission", "teams", "blocker"),
    [
        (person(LEAD), LEADS, ["payments"], None),
        (person(LEAD), LEADS, ["search"], "permission.role_missing"),
        (person(LEAD), LEADS, ["search", "payments"], None),
        (person(grant(Role.TECH_LEAD, None)), LEADS, ["search"], None),
        (person(LEAD), EVERYWHERE, ["search"], None),
        (person(grant(Role.ENGINEER)), LEADS, ["payments"], "permission.role_missing"),
        (person(grant(Role.ENGINEER)), ENGINEERS, ["payments"], None),
        (person(grant(Role.PRODUCT)), ENGINEERS, ["payments"], "permission.role_missing"),
        (person(grant(Role.TECH_LEAD, starts_at=NOW)), LEADS, ["payments"], None),
        (person(grant(Role.TECH_LEAD, starts_at=NOW + timedelta(seconds=1))), LEADS, [], "permission.role_missing"),
        (person(grant(Role.TECH_LEAD, ends_at=NOW)), LEADS, ["payments"], "permission.role_missing"),
        (person(grant(Role.TECH_LEAD, ends_at=NOW + timedelta(seconds=1))), LEADS, ["payments"], None),
        (person(grant(Role.TECH_LEAD, revoked_at=NOW)), LEADS, ["payments"], "permission.role_missing"),
        (person(grant(Role.ADMIN, None)), LEADS, ["payments"], "permission.role_missing"),
        (person(LEAD, key=key("changes")), LEADS, ["payments"], None),
        (person(LEAD, key=key("gate")), LEADS, ["payments"], "key.scope_missing"),
        (person(LEAD, key=key()), LEADS, ["payments"], "key.scope_missing"),
        (person(LEAD), NOBODY, [], "permission.role_missing"),
        (person(), LEADS, [], "permission.role_missing"),
        (pipeline("payments", key("artifacts")), PIPELINES, ["payments"], None),
        (pipeline("search", key("artifacts")), PIPELINES, ["payments"], "permission.service_account"),
        (pipeline("payments", key("artifacts")), PIPELINES, ["payments", "search"], "permission.service_account"),
        (pipeline("payments", key("artifacts")), PIPELINES, [], None),
        (pipeline("payments", key("changes")), ANYBODY, ["payments"], None),
        (pipeline("search", key("changes")), ANYBODY, ["payments"], "permission.service_account"),
        (person(grant(Role.ENGINEER)), ANYBODY, ["search"], None),
        (pipeline("payments", key("gate")), PIPELINES, ["payments"], "key.scope_missing"),
        (pipeline("payments", key("changes")), LEADS, ["payments"], "permission.service_account"),
        (person(LEAD, key=key("artifacts")), PIPELINES, ["payments"], "permission.role_missing"),
    ],
)
def test_may__actor_and_thing__decides(
    actor: Actor, permission: Permission, teams: list[str], blocker: str | None
) -> None:
    decision = may(actor, permission, now=NOW, teams=teams)
    assert [reason.code for reason in decision.blockers] == ([blocker] if blocker else [])


@pytest.mark.parametrize("role", sorted(IMPLIES_ENGINEER))
def test_may__role_that_implies_engineer__counts_as_one(role: Role) -> None:
    assert may(person(grant(role)), ENGINEERS, now=NOW, teams=["payments"]).allowed


@pytest.mark.parametrize(("owner", "allowed"), [("pat", True), ("alex", False), (None, False)])
def test_may__own_thing__needs_no_role(owner: str | None, allowed: bool) -> None:
    assert may(person(), OWN, now=NOW, owner=owner).allowed is allowed


@pytest.mark.parametrize(
    ("covered", "asked", "allowed"),
    [
        (frozenset(), ["billing"], True),
        (frozenset({"billing"}), ["billing"], True),
        (frozenset({"billing"}), ["billing", "ledger"], False),
        (frozenset({"billing"}), ["ledger"], False),
    ],
)
def test_may__key_names_services__covers_only_these(covered: frozenset[str], asked: list[str], allowed: bool) -> None:
    actor = person(LEAD, key=key("changes", services=covered))
    assert may(actor, LEADS, now=NOW, teams=["payments"], services=asked).allowed is allowed


def test_require__refused__raises_the_reason_with_who_can_help() -> None:
    with pytest.raises(NotPermitted) as refused:
        require(person(), LEADS, now=NOW, teams=["payments"])
    assert refused.value.code == "permission.role_missing"
    assert refused.value.reason.who == ("Tech lead",)


def test_may__key_names_services__opens_nothing_about_all_of_them() -> None:
    narrow = person(LEAD, key=key("changes", services=frozenset({"billing"})))

    assert [reason.code for reason in may(narrow, EVERYWHERE, now=NOW).blockers] == ["key.service_not_covered"]
    assert may(person(LEAD, key=key("changes")), EVERYWHERE, now=NOW).allowed
    assert may(narrow, replace(EVERYWHERE, services_judged_elsewhere=True), now=NOW).allowed
