"""The standard's own pre-approved changes (§6.2), as templates. Pure; a data migration seeds them.

The bounds are where a team starts: what is "approved" and "temporary" is the organisation's to narrow.
"""

from __future__ import annotations

from typing import Any

from changes.policy.standard import TemplateKind

STANDARD: tuple[dict[str, Any], ...] = (
    {
        "slug": "routine-deployment",
        "kind": TemplateKind.ROUTINE_DEPLOYMENT.value,
        "title": "Routine deployment",
        "description": "All tests pass, no database changes, and a patch or an already approved release.",
        "rollback_plan": "Redeploy the version that ran before, verify the health checks, watch the error rate.",
        "bounds": {},
    },
    {
        "slug": "config-update",
        "kind": TemplateKind.CONFIG_UPDATE.value,
        "title": "Configuration update",
        "description": "Configuration or feature flags only, nothing security-related.",
        "rollback_plan": "Put the configuration back that was there before.",
        "bounds": {},
    },
    {
        "slug": "scale",
        "kind": TemplateKind.SCALE.value,
        "title": "Scale up or down",
        "description": "Replicas within the approved bounds.",
        "rollback_plan": "Put the number of replicas back that was there before.",
        "bounds": {"replicas": [1, 20]},
    },
    {
        "slug": "certificate-renewal",
        "kind": TemplateKind.CERTIFICATE_RENEWAL.value,
        "title": "Certificate renewal",
        "description": "The standard process, for a named certificate.",
        "rollback_plan": "Install the certificate that was there before; it is kept until it expires.",
        "bounds": {},
    },
    {
        "slug": "log-level",
        "kind": TemplateKind.LOG_LEVEL.value,
        "title": "Log level change",
        "description": "Temporary, with a reason and an end.",
        "rollback_plan": "Set the level back that was there before.",
        "bounds": {"hours": [0, 72]},
    },
)
