"""A notice as Slack's Block Kit, by Slack's own models: they refuse what Slack would.

Only the models are used. Their web and webhook clients open connections themselves, past the one place that judges
addresses (`outbound`). Links are text, not buttons: a button of an app without a server shows a warning when it is pressed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from slack_sdk.models.blocks import (
    Block,
    ContextBlock,
    DividerBlock,
    HeaderBlock,
    MarkdownBlock,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
)

from cybercube_portal.notices.rendering.news import News, heading_of, subject_of
from cybercube_portal.web import times

LONGEST_FIELD = 2000
# Slack takes 50 blocks; a bundle shows its newest.
MOST_NEWS = 10
LONGEST_PROSE = 8000


def render(news: Sequence[News]) -> dict[str, Any]:
    """The body of a POST to an incoming webhook; `text` is what notifications and screen readers say."""
    last = news[-1].message
    blocks: list[Block] = [HeaderBlock(text=PlainTextObject(text=_cut(heading_of(news), 150), emoji=False))]
    for number, one in enumerate(news[-MOST_NEWS:]):
        blocks += [DividerBlock()] if number else []
        blocks += _blocks(one, is_bundle=len(news) > 1)
    links = [(last.button, last.path), *last.more]
    blocks.append(SectionBlock(text=MarkdownTextObject(text="  ·  ".join(_link(*link) for link in links))))
    row = news[-1].kind.row
    blocks.append(_small(f"{row.group.label} · {row.section} · CYBERCUBE"))
    return {
        "text": _escaped(subject_of(news)),
        "blocks": [block.to_dict() for block in blocks],
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _blocks(one: News, *, is_bundle: bool) -> Iterator[Block]:
    message = one.message
    if is_bundle:
        yield SectionBlock(
            text=MarkdownTextObject(text=f"*{_escaped(_cut(message.line or message.subject, LONGEST_FIELD))}*")
        )
        yield _small(times.exact_with_zone(one.at))
    for paragraph in message.text:
        yield SectionBlock(text=PlainTextObject(text=_cut(paragraph, 3000), emoji=False))
    facts = [
        MarkdownTextObject(text=f"*{_escaped(label)}*\n{_escaped(_cut(value or '—', LONGEST_FIELD - 200))}")
        for label, value in message.facts[: SectionBlock.fields_max_length]
    ]
    if facts:
        yield SectionBlock(fields=facts)
    if message.points:
        text = "\n".join(f"• {point}" for point in message.points)
        yield SectionBlock(text=PlainTextObject(text=_cut(text, 3000), emoji=False))
    if message.prose:
        yield MarkdownBlock(text=_cut(message.prose, LONGEST_PROSE))


def _small(text: str) -> ContextBlock:
    return ContextBlock(elements=[PlainTextObject(text=text, emoji=False)])


def _link(label: str, path: str) -> str:
    # In a link the bar parts the address from its label.
    return f"<{_escaped(settings.BASE_URL + path)}|{_escaped(label).replace('|', '/')}>"


def _escaped(text: str) -> str:
    """What Slack would take for its own marks: nobody is called out by a title, and no link is forged."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else _("%(start)s…") % {"start": text[: longest - 1]}
