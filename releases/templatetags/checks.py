"""`{% load checks %}`: figures and names of the checks of §4.7.

{% figure kind value %}        `0.42 %` or `312 ms`, a dash where there is no number
{% check_name kind %}          the check as a person calls it
{{ number|unlocalised }}       a coordinate of a drawing, with a point whatever the language
"""

from __future__ import annotations

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from releases.policy.verification import in_words
from releases.states import CheckKind

register = template.Library()
DIGITS = 4

NAMES: dict[str, str | Promise] = {
    CheckKind.HEALTH: _("Health"),
    CheckKind.ENDPOINT: _("Key endpoint"),
    CheckKind.ERROR_RATE: _("Error rate"),
    CheckKind.LATENCY_P99: _("p99 latency"),
}


@register.simple_tag
def figure(kind: str, value: float | None) -> str:
    """With its unit."""
    return "—" if value is None else in_words(CheckKind(kind), value, digits=DIGITS)


@register.simple_tag
def check_name(kind: str) -> str | Promise:
    """The name of a kind of check."""
    return NAMES[kind]


@register.filter
def unlocalised(number: float) -> str:
    """As SVG reads it."""
    return f"{number:.1f}"
