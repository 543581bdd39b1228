"""Carry a delivery out of the portal: a mail, or a signed POST. Knows no tables and decides nothing about trying again."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from smtplib import SMTPException, SMTPRecipientsRefused
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from cybercube_portal import outbound
from cybercube_portal.audit.signing import sign

TIMEOUT = 15.0
LARGEST_ANSWER = 64 * 1024
SMTP_NEVER = range(550, 560)
TAKEN = range(200, 300)
PAUSE = re.compile(r"[0-9]{1,6}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A claimed delivery. `attempt` is its fence; `secrets`, and a `target` that is one, are plain and only in memory."""

    id: int
    delivery_id: str
    channel: str
    target: str = field(repr=False)
    subject: str
    payload: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()
    secrets: tuple[str, ...] = field(default=(), repr=False)
    attempt: int = 1
    request_id: str = ""


class NotDelivered(Exception):
    """It did not arrive. `for_good`: it never will; `gone`: the receiver said 410; `wait`: how long the receiver asked us to."""

    def __init__(
        self, message: str, *, for_good: bool = False, gone: bool = False, wait: timedelta | None = None
    ) -> None:
        super().__init__(message)
        self.for_good = for_good
        self.gone = gone
        self.wait = wait


def send_mail(letter: Letter) -> None:
    """One mail by Django's mail backend. Raises NotDelivered."""
    host = settings.BASE_URL.partition("://")[2].partition(":")[0]
    headers = {"Message-ID": f"<{letter.delivery_id}@{host}>", "Auto-Submitted": "auto-generated", **letter.headers}
    mail = EmailMultiAlternatives(letter.subject, letter.payload["body"], to=[letter.target], headers=headers)
    if letter.payload.get("html"):
        mail.attach_alternative(letter.payload["html"], "text/html")
    try:
        mail.send()
    except SMTPRecipientsRefused as error:
        codes = [code for code, _text in error.recipients.values()]
        raise NotDelivered(f"Refused: {error}", for_good=all(code in SMTP_NEVER for code in codes)) from error
    except (SMTPException, OSError) as error:
        raise NotDelivered(f"{type(error).__name__}: {error}") from error
    except ValueError as error:
        raise NotDelivered(f"This mail cannot be written: {error}", for_good=True) from error


def send_webhook(letter: Letter, *, now: datetime) -> None:
    """One POST through the guarded client; any 2xx counts. Raises NotDelivered."""
    body = json.dumps(letter.payload, ensure_ascii=False, separators=(",", ":")).encode()
    try:
        answer = outbound.call(
            "POST",
            letter.target,
            hosts=letter.hosts,
            headers={"Content-Type": "application/json", **letter.headers, **_signature(letter, body, now=now)},
            body=body,
            timeout=TIMEOUT,
            limit=LARGEST_ANSWER,
        )
    except outbound.OutboundRefused as error:
        raise NotDelivered(str(error), for_good=True) from error
    except outbound.OutboundFailed as error:
        raise NotDelivered(str(error)) from error
    if answer.status not in TAKEN:
        gone = answer.status == HTTPStatus.GONE
        raise NotDelivered(
            f"Answered {answer.status}.", for_good=gone, gone=gone, wait=asked_pause(answer.headers.get("retry-after"))
        )


def asked_pause(retry_after: str | None) -> timedelta | None:
    """Retry-After in seconds; its date form and anything else unreadable count as not said."""
    return timedelta(seconds=int(retry_after)) if retry_after and PAUSE.fullmatch(retry_after) else None


def _signature(letter: Letter, body: bytes, *, now: datetime) -> dict[str, str]:
    identity = {"webhook-id": letter.delivery_id}
    if not letter.secrets:
        return identity
    timestamp = int(now.timestamp())
    signature = sign(message_id=letter.delivery_id, timestamp=timestamp, body=body, with_secrets=letter.secrets)
    return {**identity, "webhook-timestamp": str(timestamp), "webhook-signature": signature}
