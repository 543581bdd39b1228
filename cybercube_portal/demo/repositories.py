"""How branches are protected, as three pipelines report it (§2.5): one that was mended, one that slipped, one that always held."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from cybercube_portal.catalog.actions import report_protection
from cybercube_portal.catalog.protection import MAIN, RELEASE, Platform
from cybercube_portal.demo.diary import Entry
from cybercube_portal.demo.lives import Company

# As §2.5 prints it, in the words of GitHub's answer.
PRINTED: Mapping[str, Any] = {
    "required_pull_request_reviews": {
        "required_approving_review_count": 1,
        "dismiss_stale_reviews": True,
        "require_code_owner_reviews": True,
    },
    "required_status_checks": {"strict": True, "contexts": ["ci/test", "ci/lint", "ci/security"]},
    "enforce_admins": {"enabled": True},
    "allow_force_pushes": {"enabled": False},
}
REVIEWED: Mapping[str, Any] = {
    "required_pull_request_reviews": {"required_approving_review_count": 1},
    "allow_force_pushes": {"enabled": False},
}
NOBODY = [{"access_level": 0, "access_level_description": "No one"}]
GITLAB: Mapping[str, Any] = {
    "protected_branches": [
        {
            "name": name,
            "push_access_levels": NOBODY,
            "merge_access_levels": [{"access_level": 40, "access_level_description": "Maintainers"}],
            "allow_force_push": False,
            "code_owner_approval_required": True,
        }
        for name in (MAIN, RELEASE)
    ],
    "project": {"only_allow_merge_if_pipeline_succeeds": True, "merge_method": "ff"},
    "approvals": {"reset_approvals_on_push": True},
    "approval_rules": [{"name": "Payments", "approvals_required": 1}],
}


def reports(company: Company, *, now: datetime) -> Iterator[Entry]:
    """Each as often as something changed, by the pipeline of the night."""
    good = {MAIN: PRINTED, RELEASE: REVIEWED}
    told: tuple[tuple[str, int, Mapping[str, Any]], ...] = (
        ("billing-service", 90, {"settings": {MAIN: _loose(), RELEASE: None}, "codeowners": False}),
        ("billing-service", 61, {"settings": {MAIN: PRINTED, RELEASE: None}}),
        ("billing-service", 12, {"settings": good}),
        ("search-api", 75, {"settings": good}),
        ("search-api", 4, {"settings": {MAIN: _loose(), RELEASE: REVIEWED}}),
        ("checkout-api", 30, {"settings": GITLAB, "platform": Platform.GITLAB}),
    )
    for service, days, said in told:
        at = (now - timedelta(days=days)).replace(hour=2, minute=40, second=0, microsecond=0)
        yield Entry(at, partial(_tell, company, service, at=at, **said))


def _loose() -> dict[str, Any]:
    """Admins pass it by, and an approval outlives what is pushed after it."""
    settings = deepcopy(dict(PRINTED))
    settings["enforce_admins"] = {"enabled": False}
    settings["required_pull_request_reviews"]["dismiss_stale_reviews"] = False
    return settings


def _tell(
    company: Company,
    service: str,
    *,
    settings: Mapping[str, Any],
    at: datetime,
    codeowners: bool = True,
    platform: Platform = Platform.GITHUB,
) -> None:
    report_protection(
        service=service, platform=platform, settings=settings, codeowners=codeowners, actor=company.ci(service), now=at
    )
