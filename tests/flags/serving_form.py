"""What the tests of the form of what a flag serves send and look for."""

from __future__ import annotations

KEY = "release_new_dashboard"
PAGE = f"/flags/{KEY}/"
PRO = {"id": "r1", "conditions": [{"attribute": "plan", "operator": "eq", "value": "pro"}], "variant": "on"}


def typed(**more: str) -> dict[str, str]:
    """The fields that every sending has, and more."""
    return {"bucket_by": "targetingKey", "rollout_variant": "on", "default_variant": "off", **more}
