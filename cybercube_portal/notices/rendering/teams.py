"""A notice as an Adaptive Card for a Teams workflow ("When a Teams webhook request is received"), by Microsoft's own models.

Only the models are used; the card is sent by `outbound` like everything else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from django.conf import settings
from microsoft_teams.cards import (
    Action,
    AdaptiveCard,
    CardElement,
    Fact,
    FactSet,
    OpenUrlAction,
    RichTextBlock,
    TextBlock,
    TextRun,
)

from cybercube_portal.notices.rendering.news import News, heading_of, subject_of
from cybercube_portal.web import times

CONTENT_TYPE = "application/vnd.microsoft.card.adaptive"
# Teams shows cards up to this version everywhere, on phones too.
VERSION: Literal["1.4"] = "1.4"
# Teams takes 28 KB: a bundle shows its newest, a list its first, and texts are cut until the card fits.
LARGEST = 25_000
MOST_NEWS = MOST_LINES = 10
LONGEST_TEXTS = (1000, 300, 80)
PROSE = 6
Colour = Literal["Default", "Accent", "Warning", "Attention"]
COLOURS: dict[str, Colour] = {"bad": "Attention", "wait": "Warning", "accent": "Accent"}
# What a fact or a text block would take for Markdown.
MARKS = re.compile(r"([\\`*_\[\]])")


def render(news: Sequence[News]) -> dict[str, Any]:
    """The body of the POST."""
    cards = (_card(news, longest=longest) for longest in LONGEST_TEXTS)
    content = next((card for card in cards if len(json.dumps(card, ensure_ascii=False).encode()) < LARGEST), None)
    content = content or _card(news[-1:], longest=LONGEST_TEXTS[-1])
    return {"type": "message", "attachments": [{"contentType": CONTENT_TYPE, "contentUrl": None, "content": content}]}


def _card(news: Sequence[News], *, longest: int) -> dict[str, Any]:
    last, row = news[-1].message, news[0].kind.row
    place = f"{row.group.label} · {row.section}"
    body: list[CardElement] = [
        _rich(TextRun(text=place, size="Small", weight="Bolder", color=COLOURS.get(row.tone, "Default"))),
        _rich(TextRun(text=_cut(heading_of(news), longest), size="Large", weight="Bolder"), spacing="None"),
    ]
    for one in news[-MOST_NEWS:]:
        body += _elements(one, is_bundle=len(news) > 1, longest=longest)
    actions: list[Action] = [
        OpenUrlAction(title=label, url=settings.BASE_URL + path)
        for label, path in ((last.button, last.path), *last.more)
    ]
    card = AdaptiveCard(version=VERSION, body=body, actions=actions, fallback_text=_cut(subject_of(news), longest))
    return {**card.model_dump(by_alias=True, exclude_none=True), "msteams": {"width": "Full"}}


def _elements(one: News, *, is_bundle: bool, longest: int) -> Iterator[CardElement]:
    message = one.message
    if is_bundle:
        yield _rich(TextRun(text=_cut(message.line or message.subject, longest), weight="Bolder"), separator=True)
        yield _rich(TextRun(text=times.exact_with_zone(one.at), size="Small", is_subtle=True), spacing="None")
    for paragraph in message.text[:MOST_LINES]:
        yield _rich(TextRun(text=_cut(paragraph, longest)))
    if message.facts:
        facts = message.facts[:MOST_LINES]
        yield FactSet(facts=[Fact(title=label, value=_escaped(_cut(value or "—", longest))) for label, value in facts])
    for point in message.points[:MOST_LINES]:
        yield _rich(TextRun(text=_cut(f"• {point}", longest)), spacing="Small")
    if message.prose:
        yield TextBlock(text=_prose(_cut(message.prose, PROSE * longest)), wrap=True)


def _rich(
    run: TextRun, *, spacing: Literal["None", "Small", "Default"] = "Default", separator: bool = False
) -> RichTextBlock:
    """Text as it was written: in a run nothing is Markdown, so no title forges a link."""
    inlines: list[CardElement] = [run]
    return RichTextBlock(inlines=inlines, spacing=spacing, separator=separator or None)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _escaped(text: str) -> str:
    return MARKS.sub(r"\\\1", text)


def _prose(markdown: str) -> str:
    """Markdown as far as a card knows it: headings become bold, links that people wrote are shown, not followed."""
    lines = []
    for line in markdown.splitlines():
        heading = re.fullmatch(r"#{1,6}\s+(.*)", line)
        lines.append(f"**{_escaped(heading[1])}**" if heading else re.sub(r"([\[\]])", r"\\\1", line))
    return "\n\n".join(line for line in lines if line)
