"""A kind of standard change as somebody proposes it (§6.2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from changes.actions.templates import BOUNDS
from changes.forms.fields import text_area
from changes.policy.standard import TemplateKind
from cybercube_portal.stateful import choices_of
from cybercube_portal.web import PageForm
from cybercube_portal.web.sentences import worded


class TemplateForm(PageForm):
    """Bounds are asked for where the kind has any; empty scope means everybody."""

    pointers = {"bounds": "lowest"}

    title = forms.CharField(label=_("Title"), max_length=160)
    slug = forms.SlugField(
        label=_("Short name"), help_text=_("Pipelines name it so, such as search-scale."), max_length=80
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        help_text=_("Its conditions come from the kind; a machine checks them."),
        choices=worded(choices_of(TemplateKind)),
    )
    description = forms.CharField(label=_("What it is for"), required=False, max_length=10_000, widget=text_area(2))
    rollback_plan = forms.CharField(
        label=_("Rollback plan"),
        help_text=_("Markdown works."),
        required=False,
        max_length=10_000,
        widget=text_area(2),
    )
    lowest = forms.IntegerField(
        label=_("Lowest"),
        help_text=_("Replicas when scaling, hours of a log level. Empty for the other kinds."),
        min_value=0,
        required=False,
        widget=forms.NumberInput(attrs={"class": "short"}),
    )
    highest = forms.IntegerField(
        label=_("Highest"), min_value=0, required=False, widget=forms.NumberInput(attrs={"class": "short"})
    )
    services = forms.MultipleChoiceField(
        label=_("Only for these services"), required=False, widget=forms.CheckboxSelectMultiple
    )
    teams = forms.MultipleChoiceField(
        label=_("Only for these teams"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, services: Iterable[str], teams: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (("services", services), ("teams", teams)):
            cast("forms.MultipleChoiceField", self.fields[name]).choices = [(slug, slug) for slug in sorted(choices)]

    def fields_of(self) -> dict[str, Any]:
        """What a TemplatePlan takes."""
        given = dict(self.cleaned_data)
        ends = [given.pop("lowest"), given.pop("highest")]
        bounds = {name: ends for name in BOUNDS.get(given["kind"], ("bounds",)) if ends != [None, None]}
        return {**given, "bounds": bounds, "services": tuple(given["services"]), "teams": tuple(given["teams"])}
