"""What every page stands on, as `cybercube_portal.api` is what every endpoint stands on.

Knows no app: an app's `views.py` and `forms.py` import from here, templates by `{% load portal %}`.
"""

from __future__ import annotations

from cybercube_portal.web.edge import (
    SHOWN_AGAIN,
    PageRequest,
    Refusal,
    asked_by_itself,
    back_to,
    sent_text,
    show,
    show_again,
)
from cybercube_portal.web.forms import PageForm, WhenField, fill_in, keep_errors, saved_otherwise
from cybercube_portal.web.lists import ChipGroup, Column, Listing, ListPage, SavedQuery, list_page
from cybercube_portal.web.paging import PageOfRows, page_of_rows
from cybercube_portal.web.parts import Chip, Entry, Look, Tab, with_chosen

__all__ = [
    "SHOWN_AGAIN",
    "Chip",
    "ChipGroup",
    "Column",
    "Entry",
    "ListPage",
    "Listing",
    "Look",
    "PageForm",
    "PageOfRows",
    "PageRequest",
    "Refusal",
    "SavedQuery",
    "Tab",
    "WhenField",
    "asked_by_itself",
    "back_to",
    "fill_in",
    "keep_errors",
    "list_page",
    "page_of_rows",
    "saved_otherwise",
    "sent_text",
    "show",
    "show_again",
    "with_chosen",
]
