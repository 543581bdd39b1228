"""What a signature covers (domain.md section 4): a hash of the material content, and the difference when it changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changes.policy.content import FieldChange, difference, material, material_hash
from changes.states import Risk

SIGNED = {
    "type",
    "release_type",
    "release",
    "description",
    "services",
    "environments",
    "artifacts",
    "risk_assessment",
    "impact",
    "rollback_plan",
    "rollback_version",
    "rollback_flag",
    "migrations",
    "parameters",
}
SCHEDULE = {"scheduled_time", "estimated_duration"}
EVERYTHING = dict.fromkeys([*SIGNED, *SCHEDULE, "title", "state", "number"], "x")


@pytest.mark.parametrize(
    ("risk", "signed"),
    [
        (Risk.LOW, SIGNED),
        (Risk.MEDIUM, SIGNED),
        (Risk.HIGH, SIGNED | SCHEDULE),
        (Risk.CRITICAL, SIGNED | SCHEDULE),
    ],
)
def test_material__by_risk__the_schedule_is_signed_for_high_and_critical(risk: Risk, signed: set[str]) -> None:
    assert set(material(EVERYTHING, risk=risk)) == signed


def test_material__a_field_is_missing__is_refused() -> None:
    without = {name: value for name, value in EVERYTHING.items() if name != "rollback_plan"}

    with pytest.raises(KeyError, match="rollback_plan"):
        material(without, risk=Risk.LOW)


BILLING = {
    "type": "normal",
    "description": "Deploy billing-service v2.3.1 · Größe",
    "services": ["billing-service"],
    "artifacts": [{"service": "billing-service", "digest": "sha256:" + "a" * 64}],
    "impact": {"customers": "none", "downtime": "none", "data": "none"},
    "scheduled_time": datetime(2026, 1, 17, 14, tzinfo=UTC),
    "estimated_duration": timedelta(minutes=30),
}


def test_material_hash__plain_content__is_the_sha256_of_its_canonical_json() -> None:
    content = {"b": [1, None, True], "a": "é"}

    assert material_hash(content) == hashlib.sha256('{"a":"é","b":[1,null,true]}'.encode()).hexdigest()


@pytest.mark.parametrize(
    ("field", "same"),
    [
        ("scheduled_time", datetime(2026, 1, 17, 15, tzinfo=timezone(timedelta(hours=1)))),
        ("estimated_duration", timedelta(seconds=1800)),
        ("impact", MappingProxyType({"data": "none", "downtime": "none", "customers": "none"})),
        ("services", ("billing-service",)),
    ],
)
def test_material_hash__the_same_said_otherwise__is_the_same(field: str, same: object) -> None:
    assert material_hash(BILLING | {field: same}) == material_hash(BILLING)


def test_material_hash__sets__do_not_depend_on_their_order() -> None:
    assert material_hash({"services": {"b", "a"}}) == material_hash({"services": frozenset(["a", "b"])})


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("type", "emergency"),
        ("description", "Deploy billing-service v2.3.1"),
        ("services", ["billing-service", "api-service"]),
        ("artifacts", [{"service": "billing-service", "digest": "sha256:" + "b" * 64}]),
        ("impact", {"customers": "none", "downtime": "5m", "data": "none"}),
        ("scheduled_time", datetime(2026, 1, 17, 14, 0, 1, tzinfo=UTC)),
        ("estimated_duration", timedelta(minutes=31)),
    ],
)
def test_material_hash__any_field_changes__is_another(field: str, other: object) -> None:
    assert material_hash(BILLING | {field: other}) != material_hash(BILLING)


@pytest.mark.parametrize("value", [Decimal("1.0"), object(), b"bytes"])
def test_material_hash__a_value_without_canonical_form__is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="has no canonical form"):
        material_hash({"parameters": value})


def test_material_hash__a_time_without_a_zone__is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        material_hash({"scheduled_time": datetime(2026, 1, 17, 14)})  # noqa: DTZ001 -- what is refused


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_material_hash__no_number__is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        material_hash({"parameters": {"replicas": value}})


def test_difference__nothing_changed__is_empty() -> None:
    assert difference(BILLING, dict(reversed(BILLING.items()))) == ()


def test_difference__fields_changed_added_and_removed__shows_each_as_json() -> None:
    after = BILLING | {
        "impact": {"customers": "none", "downtime": "5m", "data": "none"},
        "scheduled_time": datetime(2026, 1, 18, 14, tzinfo=UTC),
        "rollback_version": "v2.3.0",
    }
    del after["estimated_duration"]

    assert difference(BILLING, after) == (
        FieldChange("impact.downtime", "none", "5m"),
        FieldChange("scheduled_time", "2026-01-17T14:00:00+00:00", "2026-01-18T14:00:00+00:00"),
        FieldChange("estimated_duration", "1800000000 µs", None),
        FieldChange("rollback_version", None, "v2.3.0"),
    )


def test_difference__true_instead_of_one__is_a_change() -> None:
    assert difference({"replicas": 1}, {"replicas": True}) == (FieldChange("replicas", 1, True),)


def test_difference__a_field_appears_empty__is_a_change() -> None:
    assert difference({}, {"release": None}) == (FieldChange("release", None, None),)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=2),
    max_leaves=4,
)
CONTENT = st.dictionaries(st.sampled_from(["a", "b", "x", "a.x"]), VALUES, max_size=3)


@given(CONTENT, CONTENT)
def test_difference__is_empty__exactly_when_the_hashes_are_equal(
    before: Mapping[str, object], after: Mapping[str, object]
) -> None:
    assert (difference(before, after) == ()) == (material_hash(before) == material_hash(after))


@given(CONTENT, CONTENT)
def test_difference__any_two__can_be_stored_as_json(before: Mapping[str, object], after: Mapping[str, object]) -> None:
    for change in difference(before, after):
        assert json.loads(json.dumps([change.before, change.after])) == [change.before, change.after]
