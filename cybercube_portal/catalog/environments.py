"""The three environments as §1.2, §1.3 and §1.4 print them. Pure; the data migration seeds them."""

from __future__ import annotations

from typing import Any

ISOLATION: tuple[dict[str, str], ...] = (
    {"isolation": "Network", "requirement": "Separate VPCs/networks"},
    {"isolation": "Database", "requirement": "Separate instances"},
    {"isolation": "Secrets", "requirement": "Separate key stores"},
    {"isolation": "IAM", "requirement": "Separate roles/permissions"},
    {"isolation": "Monitoring", "requirement": "Separate dashboards"},
    {"isolation": "Logs", "requirement": "Environment-tagged"},
)

STANDARD: tuple[dict[str, Any], ...] = (
    {
        "code": "dev",
        "name": "Development",
        "purpose": "Feature development",
        "data": "Synthetic/seeded",
        "scale": "Minimal",
        "uptime_slo": "Best effort",
        "access": "All engineers",
        "deployment": "On commit",
        "monitoring": "Basic",
        "url_pattern": "*.dev.cybercube.software",
        "order": 1,
    },
    {
        "code": "stg",
        "name": "Staging",
        "purpose": "Pre-prod testing",
        "data": "Anonymized copy",
        "scale": "Production-like",
        "uptime_slo": "99%",
        "access": "All engineers",
        "deployment": "On PR merge",
        "monitoring": "Full",
        "url_pattern": "*.staging.cybercube.software",
        "order": 2,
    },
    {
        "code": "prd",
        "name": "Production",
        "purpose": "Customer traffic",
        "data": "Real customer data",
        "scale": "Full scale",
        "uptime_slo": "99.9%+",
        "access": "Restricted",
        "deployment": "Approved releases",
        "monitoring": "Full + alerting",
        "url_pattern": "*.cybercube.software",
        "order": 3,
    },
)
