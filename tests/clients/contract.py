"""The gate's contract as tests lay it down, and how one run of the command ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

CLIENTS = Path(__file__).resolve().parents[2] / "clients"
KEY = "cck_9f3kd02nvbq71_made_for_a_test"
GATE = "/api/v1/gate/decisions/"
ID = "018f3c1e-7d5e-7a52-9f7a-2b1f8e3c9d10"
TOKEN = "eyJhbGciOiJFZERTQSJ9.eyJqdGkiOiIwMThmIn0.c2lnbmF0dXJl"
DEPLOYMENTS = "/api/v1/deployments/"
FINISH = f"{DEPLOYMENTS}DEP-017/finish/"
DIGEST = "sha256:" + "0123456789abcdef" * 4


@dataclass(frozen=True)
class Ran:
    """How one run of the command ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err


Command = Callable[..., Ran]


def reason(code: str, outcome: str, **changes: object) -> dict[str, object]:
    return {
        "code": code,
        "outcome": outcome,
        "section": "§6.5",
        "message": f"The rule {code} says {outcome}.",
        "remedy": "",
        "who": [],
        "details": {},
        **changes,
    }


def decision(outcome: str, **changes: object) -> dict[str, Any]:
    """The body of a decision as the contract has it; `changes` replace members."""
    now = datetime.now(UTC)
    body: dict[str, Any] = {
        "id": ID,
        "decision": outcome,
        "decided_at": now.isoformat().replace("+00:00", "Z"),
        "valid_until": (now + timedelta(minutes=15)).isoformat().replace("+00:00", "Z"),
        "change": "CR-2026-0117-001",
        "reasons": [reason("artifact.registered", "pass")],
        "summary": f"**{outcome}** payments-api v1.4.2",
        **({"token": TOKEN} if outcome == "allow" else {}),
    }
    return {**body, **changes}


def deployment(state: str, **changes: Any) -> dict[str, Any]:
    """The body of a deployment as the command reads it."""
    return {
        "id": "DEP-017",
        "state": state,
        "service": "payments-api",
        "version": "v1.4.2",
        "environment": "prd",
        "method": "canary",
        "verification": None,
        **changes,
    }


def problem(status: int, **changes: object) -> dict[str, Any]:
    """The body of an error by RFC 9457."""
    return {
        "type": "about:blank",
        "title": "Refused",
        "status": status,
        "detail": "The rule that was broken.",
        "code": "request.refused",
        "request_id": "req-1",
        "errors": [],
        **changes,
    }
