"""What every page stands on, as `cybercube_portal.api` is what every endpoint stands on.

Knows no app: an app's `views.py` and `forms.py` import from here, templates by `{% load portal %}`.
"""

from __future__ import annotations

from cybercube_portal.web.edge import SHOWN_AGAIN, PageRequest, Refusal, asked_by_itself, back_to, show, show_again
from cybercube_portal.web.forms import PageForm, WhenField, keep_errors
from cybercube_portal.web.paging import PageOfRows, page_of_rows
from cybercube_portal.web.parts import Chip, Entry, Look, Tab

__all__ = [
    "SHOWN_AGAIN",
    "Chip",
    "Entry",
    "Look",
    "PageForm",
    "PageOfRows",
    "PageRequest",
    "Refusal",
    "Tab",
    "WhenField",
    "asked_by_itself",
    "back_to",
    "keep_errors",
    "page_of_rows",
    "show",
    "show_again",
]
