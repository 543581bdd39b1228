"""A notice as a mail: plain text, and HTML of plain tables that no reader has to load anything for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from cybercube_portal.notices.rendering.news import News, heading_of, subject_of
from cybercube_portal.web import times
from cybercube_portal.web.markdown import render_markdown

# What mail readers take for the end of what was written.
SIGNATURE = "-- "
CHOICES = "/profile/notifications/"


@dataclass(frozen=True, slots=True)
class Mail:
    """What `queue_mail` takes."""

    subject: str
    body: str
    html: str
    headers: dict[str, str]


def render_mail(news: Sequence[News], *, about: str) -> Mail:
    """All of `news` are about one thing. Times are written in the current zone."""
    last = news[-1].message
    context: dict[str, Any] = {
        "subject": subject_of(news),
        "heading": heading_of(news),
        "news": [_shown(one) for one in news],
        "is_bundle": len(news) > 1,
        "tone": news[0].kind.row.tone,
        "url": f"{settings.BASE_URL}{last.path}",
        "button": last.button,
        "more": [(label, f"{settings.BASE_URL}{path}") for label, path in last.more],
        "because": _("; ").join(dict.fromkeys(str(one.kind.row.because) for one in news)),
        "choices_url": f"{settings.BASE_URL}{CHOICES}",
        "base_url": settings.BASE_URL,
    }
    return Mail(
        subject=context["subject"],
        body=_tidy(render_to_string("emails/notice.txt", context)),
        html=render_to_string("emails/notice.html", context),
        headers={
            # Mail readers keep what is about one thing together.
            "References": f"<{quote(about, safe='')}@{settings.BASE_URL.partition('://')[2].partition(':')[0]}>",
            "List-Unsubscribe": f"<{settings.BASE_URL}{CHOICES}>",
        },
    )


def _shown(one: News) -> dict[str, Any]:
    message = one.message
    width = max((len(label) for label, _value in message.facts), default=0) + 2
    return {
        "message": message,
        "row": one.kind.row,
        "at": times.exact_with_zone(one.at),
        "facts": [(label, value, f"{label}:".ljust(width)) for label, value in message.facts],
        "prose": render_markdown(message.prose) if message.prose else "",
    }


def _tidy(text: str) -> str:
    """One empty line between paragraphs, however the template's conditions fell."""
    lines = [line if line == SIGNATURE else line.rstrip() for line in text.strip().splitlines()]
    kept = [line for number, line in enumerate(lines) if line or lines[number - 1]]
    return "\n".join(kept) + "\n"
