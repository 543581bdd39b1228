"""A valid body for every route that takes one, in the company of `world`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from changes.actions import freezes, windows
from changes.actions.periods import tag_of as tag_of_period
from changes.models import ChangeRequest
from changes.selectors.freezes import get_freeze, get_window
from cybercube_portal.catalog.selectors import get_service
from cybercube_portal.catalog.service_content import tag_of
from cybercube_portal.notices.kinds import Kind
from tests.factories.catalog import artifact_body
from tests.factories.people import PASSWORD

SERVICE, VERSION = "billing-service", "v2.3.1"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SLOT = 26 * HOUR
CHAT = {"tool": "teams", "name": "Releases", "url": "https://flows.example.com/workflows/1?sig=secret"}
MIGRATION = "20260117120000_add_tax_rate_to_products.sql"
MIGRATING = {"service": SERVICE, "version": "v2.4.0", "filename": MIGRATION}
QUESTION = {"service": SERVICE, "version": VERSION, "environment": "prd"}
WORD = {"approver": "ivan", "how": "On the phone", "criteria": ["production_down"]}
TOLD = {"what_happened": "Pool exhausted", "prevention": "Limit the pool", "severity": "SEV-3"}
FLAG = "release_new_dashboard"
SOME: dict[str, Any] = {"attribute": "plan", "operator": "in", "value": ["pro", "team"]}
GROUPS = [[{"attribute": "plan", "operator": "eq", "value": "pro"}, SOME]]
STANDARD_FLAG = {
    "key": "release_old_dashboard",
    "name": "Old",
    "description": "",
    "type": "release",
    "defaultValue": False,
    "rules": [],
    "rolloutPercentage": 5,
    "owner": "payments",
    "tags": [],
}
NEW_PASSWORD = "another-horse-another-staple"


def sent_by_programs(now: datetime, *, decision: str) -> dict[str, dict[str, Any]]:
    """What programs send."""
    later = (now + 2 * SLOT).isoformat()
    change = {
        "title": "Deploy billing-service v2.3.1",
        "type": "normal",
        "services": [SERVICE],
        "environments": ["prd"],
        "scheduled_time": later,
        "estimated_duration": "30m",
    }
    recorded = {"services_affected": [SERVICE], **{name: change[name] for name in tuple(change)[3:]}}
    period = {"title": "Quiet", "starts_at": later, "ends_at": (now + 3 * SLOT).isoformat()}
    scale = {"slug": "large-scale", "kind": "scale", "title": "Scale", "bounds": {"replicas": [1, 40]}}
    verb = "api/v1/changes/<str:number>"
    meeting = "api/v1/cab-meetings/<str:reference>"
    labels = {"alertname": "HighErrorRate", "service": SERVICE}
    alert = {"status": "firing", "labels": labels, "startsAt": now.isoformat(), "fingerprint": "a1b2"}
    evidence = "api/v1/artifacts/<slug:service>:<str:version>/evidence/"
    return {
        "POST api/v1/grants/": {"username": "oscar", "role": "dba"},
        "POST api/v1/services/<slug:slug>/environments/<str:environment>/adopt/": {"version": VERSION, "reason": "Old"},
        "POST api/v1/services/": {"slug": "ledger", "name": "Ledger", "team": "payments"},
        "PATCH api/v1/services/<slug:slug>/": {"name": "Billing"},
        "PATCH api/v1/notifications/choices/": {"choices": [{"kind": "freeze_ahead", "ways": []}]},
        "POST api/v1/artifacts/": artifact_body(version="v2.3.2", build_time=(now - HOUR).isoformat()),
        f"POST {evidence}": {"stage": "build", "status": "passed"},
        "POST api/v1/services/<slug:slug>/protection/": {"platform": "github", "settings": {}, "codeowners": True},
        "POST api/v1/environments/<str:code>/isolation/": {"item": "network", "evidence": "A VPC each"},
        "POST api/v1/migrations/lint/": {"filename": "20260117120000_nothing.sql", "sql": "SELECT 1;"},
        "POST api/v1/conventions/check/": {"kind": "branch", "value": "main"},
        "POST api/v1/gate/decisions/": QUESTION,
        "POST api/v1/gate/forecast/": QUESTION,
        "POST api/v1/deployments/": {"decision": decision, "method": "rolling"},
        "POST api/v1/deployments/<str:reference>/finish/": {"status": "failed"},
        "POST api/v1/deployments/<str:reference>/fail/": {"reason": "Not trusted"},
        "POST api/v1/deployments/<str:reference>/abort/": {"reason": "Stuck"},
        "POST api/v1/deployments/<str:reference>/roll_back/": {"reason": "Errors"},
        "POST api/v1/deployments/<str:reference>/report_corruption/": {"reason": "Totals differ"},
        "POST api/v1/deployments/<str:reference>/notice/": {"impact": "None"},
        "POST api/v1/incidents/": {"service": SERVICE, "environment": "prd", "title": "Slow"},
        "POST integrations/alerts/": {"version": "4", "alerts": [alert]},
        "POST api/v1/changes/": change,
        "PATCH api/v1/changes/<str:number>/": {"title": "Another"},
        "POST api/v1/changes/import/": {
            "title": "Old",
            "type": "normal",
            "change": recorded,
            "rollback_plan": "Go back",
        },
        f"POST {verb}/comments/": {"body": "Seen"},
        f"POST {verb}/record/": TOLD,
        f"POST {verb}/refuse/": {"comment": "No tests"},
        f"POST {verb}/reschedule/": {"scheduled_time": later},
        f"POST {verb}/authorise/": {**WORD, "verbal_at": now.isoformat()},
        f"POST {verb}/close/": {"outcome": "successful"},
        f"POST {verb}/roll_back/": {"reason": "Errors"},
        "POST api/v1/releases/": {"service": SERVICE, "version": "v2.4.0"},
        "PATCH api/v1/releases/<str:reference>/": {"type": "hotfix"},
        "POST api/v1/releases/<str:reference>/checklist/": {"item": "documentation_updated", "ticked": True},
        "PUT api/v1/releases/<str:reference>/changelog/": {"markdown": "### Fixed\n- Tax (CC-5678)"},
        "PUT api/v1/releases/<str:reference>/notes/": {"markdown": "# Release Notes"},
        "POST api/v1/migrations/": {**MIGRATING, "environment": "dev"},
        "POST api/v1/migrations/<str:reference>/abort/": {"reason": "Not needed"},
        "POST api/v1/migrations/<str:reference>/roll_back/": {"reason": "Locks"},
        "POST api/v1/templates/": scale,
        "PATCH api/v1/templates/<str:slug>/": {"title": "Scale more"},
        "POST api/v1/cab-meetings/": {"title": "Extra CAB", "scheduled_at": later},
        "PATCH api/v1/cab-meetings/<str:reference>/": {"notes": "Bring numbers"},
        f"POST {meeting}/cancel/": {"reason": "Nothing to talk about"},
        "POST api/v1/freezes/": {**period, "kind": "holiday"},
        "PATCH api/v1/freezes/<str:reference>/": {"title": "Quieter"},
        "POST api/v1/freezes/<str:reference>/lift/": {"reason": "Over"},
        "POST api/v1/freezes/<str:reference>/cancel/": {"reason": "Not needed"},
        "POST api/v1/deployment-windows/": period,
        "PATCH api/v1/deployment-windows/<str:reference>/": {"title": "Weekends"},
        "POST api/v1/flags/": {"key": "ops_cache_enabled", "name": "Cache", "type": "ops", "service": SERVICE},
        "POST api/v1/flags/import/": {"environment": "dev", "flags": [STANDARD_FLAG]},
        "POST api/v1/flags/references/": {"repository": "billing", "revision": "a1b2c3d", "references": []},
        "POST api/v1/flags/usage/": {"app": "shop", "counts": [{"flag": FLAG, "variant": "on", "count": 3}]},
        "POST api/v1/flags/segments/": {"slug": "staff", "name": "Staff", "groups": GROUPS},
        "PATCH api/v1/flags/segments/<str:slug>/": {"name": "Beta testers"},
        "PATCH api/v1/flags/<str:key>/": {"name": "Dashboard"},
        "PATCH api/v1/flags/<str:key>/environments/<str:environment>/": {"enabled": True},
        "POST api/v1/flags/<str:key>/kill/": {"environment": "prd", "reason": "Errors"},
        "POST api/v1/flags/<str:key>/restore/": {"environment": "dev", "version": 1},
        "POST api/v1/flags/<str:key>/ramp/": {"environment": "dev", "version": 1},
        "POST api/v1/flags/<str:key>/approve/": {"environment": "dev"},
        "POST api/v1/flags/<str:key>/reshuffle/": {"environment": "dev", "version": 1, "reason": "Others first"},
        "POST api/v1/flags/<str:key>/withdraw/": {"environment": "dev"},
        "POST api/v1/flags/<str:key>/evaluate/": {"environment": "dev", "context": {}},
        "POST api/v1/audit/packs/": {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"},
        "POST api/v1/webhooks/": {"url": "https://hooks.example.com/other", "verbs": ["*"]},
        "PATCH api/v1/webhooks/<uuid:webhook>/": {"verbs": ["change.approved"]},
    }


def sent_by_browsers(now: datetime, things: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What browsers send; and the two bodies over REST that name another thing."""
    later, end = (f"{now + after:%Y-%m-%dT%H:%M}" for after in (2 * SLOT, 3 * SLOT))
    number = things["own_reviewed"]["number"]
    reviewed = ChangeRequest.objects.get(number=things["reviewed"]["number"]).content_hash
    change = {"title": "Deploy", "services": SERVICE, "environments": "prd", "scheduled_time": later}
    change |= {"estimated_duration": "30m"}
    period = {"title": "Quiet", "timezone": "UTC", "starts_at": later, "ends_at": end}
    way_back = {"reason": "Errors", "to_version": "v2.1.0", "trigger": "functionality", "method": "redeploy"}
    exception = {"change": number, "reason": "Needed"}
    typed = {"name": "Ledger", "team": "payments", "tier": 2, "rollback_driver": "manual"}
    scale = {"title": "Scale", "slug": "large-scale", "kind": "scale", "lowest": 1, "highest": 9}
    return {
        "POST audit/packs/": {"first_day": "2026-01-01", "last_day": "2026-01-31"},
        "POST environments/": {"environment": "prd", "item": "network", "evidence": "A VPC each"},
        "POST api/v1/freezes/<str:reference>/exceptions/": exception,
        "POST api/v1/cab-meetings/<str:reference>/vote/": {"change": number, "vote": "approve"},
        "POST api/v1/cab-meetings/<str:reference>/add/": {"change": number},
        "POST cab/new/": {"title": "Extra CAB", "scheduled_at": later},
        "POST cab/<str:reference>/edit/": {"title": "Weekly CAB", "scheduled_at": later, "version": 1},
        "POST cab/<str:reference>/items/<str:number>/": {
            "content_hash": reviewed,
            "change": things["reviewed"]["number"],
            "vote": "approve",
        },
        "POST cab/<str:reference>/add/": {"change": number},
        "POST cab/<str:reference>/cancel/": {"reason": "Nothing to talk about"},
        "POST login/": {"username": "alice", "password": PASSWORD},
        "POST profile/timezone/": {"timezone": "Europe/Berlin"},
        "POST profile/password/": {"old_password": PASSWORD, "new_password": NEW_PASSWORD, "again": NEW_PASSWORD},
        "POST keys/issue/": {"name": "For a script", "scopes": "changes"},
        "POST grants/grant/": {"username": "oscar", "role": "dba"},
        "POST preferences/": {"theme": "dark"},
        "POST profile/notifications/": {kind.value: "mail" for kind in Kind},
        "POST profile/notifications/chat/": CHAT,
        "POST channels/new/": {**CHAT, "team": "payments"},
        "POST channels/<uuid:channel_id>/": {"name": "#releases", "kinds": "freeze_ahead"},
        "POST changes/new/": change,
        "POST changes/bulk/": {"act": "comment", "number": number, "body": "Seen"},
        "POST unsent/": {"address": "/changes/new/?type=normal", "title": "Normal change", "fields": "title=Half"},
        "POST unsent/discard/": {"address": "/changes/new/?type=normal"},
        "POST views/new/": {"name": "Drafts", "query": "is:draft"},
        "POST views/<int:view_id>/edit/": {"name": "What I filed", "query": "requester:@me", "is_shared": "on"},
        "POST views/<int:view_id>/prefer/": {"usual": "yes"},
        "POST changes/new/preview/": change,
        "POST changes/<str:number>/edit/": {**change, "version": 1},
        "POST changes/<str:number>/comment/": {"body": "Seen"},
        "POST changes/<str:number>/record/": TOLD,
        "POST changes/<str:number>/approve/": {"content_hash": reviewed},
        "POST changes/<str:number>/refuse/": {"content_hash": reviewed, "comment": "No tests"},
        "POST changes/<str:number>/reschedule/": {"scheduled_time": later, "estimated_duration": "45m"},
        "POST changes/<str:number>/authorise/": {**WORD, "verbal_at": f"{now:%Y-%m-%dT%H:%M}"},
        "POST changes/<str:number>/close/": {"outcome": "successful"},
        "POST changes/<str:number>/roll_back/": {"reason": "Errors"},
        "POST deployments/<str:reference>/finish/": {"status": "succeeded"},
        "POST deployments/<str:reference>/fail/": {"reason": "Not trusted"},
        "POST deployments/<str:reference>/abort/": {"reason": "Stuck"},
        "POST deployments/<str:reference>/roll_back/": way_back,
        "POST deployments/<str:reference>/report_corruption/": {"reason": "Totals differ"},
        "POST deployments/<str:reference>/notice/": {"impact": "None"},
        "POST services/new/": {"slug": "ledger", **typed},
        "POST services/<slug:slug>/edit/": {**typed, "version": tag_of(get_service(SERVICE))},
        "POST services/<slug:slug>/environments/<str:environment>/adopt/": {"version": VERSION, "reason": "Old"},
        "POST incidents/new/": {"service": SERVICE, "environment": "prd", "title": "Slow"},
        "POST flags/new/": {
            "key": "ops_cache_enabled",
            "name": "Cache",
            "type": "ops",
            "service": SERVICE,
            "value_type": "boolean",
        },
        "POST flags/<str:key>/environments/<str:environment>/": {
            "version": 1,
            "enabled": "on",
            "bucket_by": "targetingKey",
        },
        "POST flags/<str:key>/kill/": {"environment": "dev", "reason": "Errors"},
        "POST flags/<str:key>/restore/": {"environment": "dev", "version": 1},
        "POST flags/<str:key>/ramp/": {"environment": "dev", "percentages": "1, 5", "minutes": 60},
        "POST flags/segments/new/": {"slug": "staff", "name": "Staff", "groups": "plan eq pro"},
        "POST flags/segments/<str:slug>/": {"version": 1, "name": "Beta testers", "groups": "plan eq pro"},
        "POST flags/<str:key>/environments/<str:environment>/lists/<str:digest>/": {"added": "staff"},
        "POST flags/segments/<str:slug>/lists/<str:digest>/": {"added": "staff"},
        "POST flags/<str:key>/edit/": {
            "version": 1,
            "name": "Dashboard",
            "team": "payments",
            "service": SERVICE,
            "permanent_reason": "It stays as a way back",
            "reason": "Tidied",
        },
        "POST flags/<str:key>/expose/": {"environment": "dev", "version": 1, "rollout_percentage": 5},
        "POST flags/<str:key>/approve/": {"environment": "dev"},
        "POST flags/<str:key>/reshuffle/": {"environment": "dev", "version": 1, "reason": "Others first"},
        "POST flags/<str:key>/withdraw/": {"environment": "dev"},
        "POST freezes/new/": {**period, "kind": "holiday"},
        "POST freezes/<str:reference>/edit/": {
            **period,
            "kind": "holiday",
            "version": tag_of_period(freezes.plan_of(get_freeze(things["drafted_freeze"]["reference"]))),
        },
        "POST freezes/<str:reference>/lift/": {"reason": "Over"},
        "POST freezes/<str:reference>/cancel/": {"reason": "Not needed"},
        "POST freezes/<str:reference>/exceptions/": exception,
        "POST windows/new/": period,
        "POST windows/<str:reference>/edit/": {
            **period,
            "version": tag_of_period(windows.period_of(get_window(things["window"]["reference"]))),
        },
        "POST releases/new/": {"service": SERVICE, "version": "v2.5.0"},
        "POST releases/<str:reference>/checklist/": {"item": "documentation_updated", "ticked": "on"},
        "POST releases/<str:reference>/changelog/edit/": {"text": "### Fixed", "version": 1},
        "POST releases/<str:reference>/notes/edit/": {"text": "# Notes", "version": 1},
        "POST migrations/lint/": {"filename": "20260117120000_nothing.sql", "sql": "SELECT 1;"},
        "POST migrations/new/": {**MIGRATING, "environment": "dev"},
        "POST migrations/<str:reference>/abort/": {"reason": "Not needed"},
        "POST migrations/<str:reference>/roll_back/": {"reason": "Locks"},
        "POST templates/new/": scale,
    }
