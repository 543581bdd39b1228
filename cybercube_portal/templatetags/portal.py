"""`{% load portal %}`: the components that need more than an include; the larger ones draw `templates/components/`.

{% icon "name" %}                          an icon of Lucide's, for the eye only: a word always stands beside it
{% badge "change_state" value %}           state as icon, word and tone (kinds: `web.badges.BADGES`)
{% moment value %} {% moment value show="exact" %}   <time>, relative or exact, the other form in its tooltip
{{ text|in_words }}                        words of a policy or a table: in the reader's language, moments by the reader's clock
{{ texts|listed_in_words }}              several of them, with commas
{{ text|prose }}                           what people wrote at length: Markdown, in an element of class "prose"
{{ texts|lines_between }}                  two texts, the older first, line by line (`web.differences`)
{{ text|with_times }}                      the moments alone, in what somebody may have typed
{% length timedelta %}                     a span in its largest unit
{% path_to "deployments" reference as href %}   an address, empty where no page answers
{% reference "change" row.change %}        a reference as a link to its page, a dash for none
{% person user %}                          a name, the user name in its tooltip
{% reason_row reason %} {% reasons list %} Reason values or their public dicts; a list shows what blocks first
{% form_errors form %}                     the summary on top of a form, each line linking to its field
{% panel title=… icon=… count=… %}…{% endpanel %}                a titled section
{% data_table caption=… %}<thead>…{% enddata_table %}  a table that becomes cards on a phone (cells carry data-label)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Protocol

import lucide
from django import forms, template
from django.template.context import Context
from django.template.loader import render_to_string
from django.urls import is_valid_path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from lucide.templatetags.lucide import lucide as draw

from cybercube_portal.decisions import Outcome, Reason
from cybercube_portal.web import differences, sentences, times
from cybercube_portal.web.badges import UNKNOWN, badge_of
from cybercube_portal.web.forms import summary_of
from cybercube_portal.web.prose import render_prose

register = template.Library()


class Named(Protocol):
    """A User or an Actor."""

    username: str
    name: str


BLOCKING_FIRST = (Outcome.FAIL, Outcome.PENDING, Outcome.PASS, Outcome.SKIPPED)


@register.simple_tag
@lru_cache(maxsize=1024)
def icon(name: str, size: int = 16, css: str = "") -> str:
    """The icon as inline SVG, hidden from screen readers. Drawn once: a page holds a hundred, and each is a tree of XML."""
    options = {"class": f"icon {css}".strip(), "aria-hidden": "true", "focusable": "false"}
    try:
        return draw(name, size=size, **options)
    except lucide.IconDoesNotExist:
        return draw(UNKNOWN, size=size, **options)


@register.simple_tag
def badge(kind: str, value: str, word: str = "") -> str:
    """`word` replaces the table's when the place needs another."""
    found = badge_of(kind, str(value))
    return format_html(
        '<span class="state state-{}">{}{}</span>',
        found.tone,
        icon(found.icon, size=14),
        sentences.in_words(word) if word else found.word,
    )


@register.simple_tag(takes_context=True)
def moment(context: Context, value: datetime | None, show: str = "relative", empty: str = "—") -> str:
    """Relative to the request's `now`; `show="exact"` puts the exact time in the text; None shows `empty`."""
    if value is None:
        return format_html("{}", empty)
    request = context.get("request")
    now = getattr(request, "now", None)
    near, exact = (times.relative(value, now=now) if now else ""), times.exact_with_zone(value)
    in_text = show == "relative" and near
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(),
        exact if in_text or not near else f"{near} · {exact}",
        near if in_text else times.exact(value),
    )


@register.simple_tag
def path_to(*parts: str) -> str:
    """`{% path_to "deployments" reference as href %}`: the address, empty where no page answers."""
    path = f"/{'/'.join(map(str, parts))}/"
    return path if all(parts) and is_valid_path(path) else ""


@register.simple_tag
def reference(route: str, name: str) -> str:
    """`{% reference "change" row.change %}`: the name as a link to its page; a dash for none."""
    if not name:
        return mark_safe('<span class="soft">—</span>')
    return format_html('<a class="mono" href="{}">{}</a>', reverse(route, args=[name]), name)


@register.simple_tag
def length(value: timedelta) -> str:
    """`3 hours`."""
    return times.length(value)


@register.filter
def in_words(text: object) -> SafeString:
    """What the portal itself says, in the reader's language, the moments in it by the reader's clock; nothing for None."""
    if text is None:
        return mark_safe("")
    return times.with_times(text if isinstance(text, SafeString) else sentences.in_words(text))


@register.filter
def listed_in_words(texts: Iterable[object]) -> SafeString:
    """Several of them, with commas."""
    return format_html_join(", ", "{}", ((in_words(text),) for text in texts))


@register.filter
def with_times(text: object) -> SafeString:
    """A text as it is, the moments in it by the reader's clock."""
    return times.with_times(text if isinstance(text, SafeString) else str(text))


@register.filter
def prose(text: object) -> SafeString:
    """Markdown that people wrote; empty where they wrote nothing."""
    return render_prose(str(text or ""))


@register.filter
def lines_between(texts: tuple[str, str] | None) -> tuple[differences.Line, ...]:
    """For `components/lines.html`; empty where there are no texts, or two whole ones say it better."""
    return differences.lines_between(*texts) if texts else ()


@register.filter
def as_day(value: datetime | date) -> str:
    """`14 Jan 2026`."""
    return times.day(value)


@register.simple_tag
def person(user: Named | None) -> str:
    """A name, the user name in its tooltip; None shows a dash."""
    if user is None:
        return "—"
    return format_html('<span class="person" title="{}">{}</span>', user.username, user.name or user.username)


@register.inclusion_tag("components/reason_row.html")
def reason_row(reason: Reason | Mapping[str, Any]) -> dict[str, Any]:
    """One rule's answer."""
    return {"reason": _public(reason)}


@register.inclusion_tag("components/reasons.html")
def reasons(rows: Iterable[Reason | Mapping[str, Any]], show: str = "all", label: str = "") -> dict[str, Any]:
    """Every reason, failures first, then what waits. `show="blocking"` leaves out what holds or does not apply."""
    public = sorted(map(_public, rows), key=lambda row: BLOCKING_FIRST.index(Outcome(row["outcome"])))
    blocking = {Outcome.FAIL, Outcome.PENDING}
    return {"rows": [row for row in public if show == "all" or row["outcome"] in blocking], "label": label}


@register.inclusion_tag("components/error_summary.html", takes_context=True)
def form_errors(context: Context, form: forms.BaseForm | None = None) -> dict[str, Any]:
    """Errors of `form`, and the page's `refusal` when a POST was refused."""
    bound = form is not None and form.is_bound
    return {"rows": summary_of(form) if form is not None and bound else [], "refusal": context.get("refusal")}


@register.simple_block_tag
def panel(content: SafeString, title: str, icon: str = "", count: int | None = None, name: str = "") -> str:
    """A section with a heading; `name` is its id, so that links can lead there."""
    facts = {"content": content, "title": title, "icon_name": icon, "count": count, "name": name}
    return render_to_string("components/panel.html", facts)


@register.simple_block_tag
def fold(content: SafeString, title: str, icon: str = "", hint: str = "", is_open: bool = False) -> str:  # noqa: FBT001, FBT002 - a tag's argument
    """A panel that stays shut until somebody wants what is in it; `hint` stands beside its title."""
    facts = {"content": content, "title": title, "icon_name": icon, "hint": hint, "is_open": is_open}
    return render_to_string("components/fold.html", facts)


@register.simple_block_tag
def data_table(content: SafeString, caption: str) -> str:
    """`caption` is read by screen readers; the panel's heading says it to the eye."""
    return render_to_string("components/table.html", {"content": content, "caption": caption})


def _public(reason: Reason | Mapping[str, Any]) -> Mapping[str, Any]:
    return reason.as_dict() if isinstance(reason, Reason) else reason
