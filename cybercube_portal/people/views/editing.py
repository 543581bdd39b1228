"""Edit forms: nobody saves over what somebody else saved in between without having seen it, and what is typed is kept until it is sent.

    editing = Editing(request, form, version=row.version)          # or a tag of its words
    return editing.answer(TEMPLATE, context, save=lambda: edit_thing(version=editing.number, ...), then=address)

The domain call raises Stale for another version than is stored. The template includes `components/unsent.html` above its form and
`components/unsent_line.html` in it, which carries the version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from cybercube_portal.errors import Stale
from cybercube_portal.people.views.unsent import recall, sending
from cybercube_portal.web import SHOWN_AGAIN, PageRequest, saved_otherwise, show, show_again

LONGEST_NUMBER = 9


class Editing:
    """One edit: `version` is what its editor read, as the form says, as a kept form says, else as it stands.

    `form` is bound, or begins with what is saved.
    """

    def __init__(self, request: PageRequest, form: BaseForm, *, version: int | str) -> None:
        saved = dict(form.initial)
        recalled = recall(request, form)
        self._request, self._form, self._stored = request, form, str(version)
        said = request.POST if form.is_bound else recalled["unsent_fields"]
        self.version: str = said.get("version", "") if said else self._stored
        is_overtaken = self.version != self._stored
        self.context: dict[str, Any] = {
            **recalled,
            "version_read": self.version,
            "saved_meanwhile": saved_otherwise(form, saved) if is_overtaken else [],
        }

    @property
    def number(self) -> int:
        """The version as a number; 0, which none has, for nonsense."""
        is_number = self.version.isascii() and self.version.isdecimal() and len(self.version) <= LONGEST_NUMBER
        return int(self.version) if is_number else 0

    def answer(
        self, template: str, context: Mapping[str, Any], *, save: Callable[[], object], then: str, said: str = ""
    ) -> HttpResponse:
        """The form, to be filled in or corrected; once it is right and `save` succeeded, the way to `then`, where `said` stands.

        Whoever was told what is saved now, and sends it again, has read that.
        """
        context = {**context, **self.context}
        if not self._form.is_valid():
            return show(self._request, template, context, form=self._form)
        try:
            with sending(self._request):
                save()
        except SHOWN_AGAIN as error:
            told = {"version_read": self._stored} if isinstance(error, Stale) else {}
            return show_again(self._request, template, context | told, form=self._form, error=error)
        messages.success(self._request, said or _("Saved."))
        return redirect(then)
