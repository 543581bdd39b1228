"""A change request as a form: the full one of normal and emergency changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from changes.forms.fields import LONGEST_TEXT, ArtifactsField, DurationField, WallField, WallTimes, text_area
from changes.forms.folds import BACK_GROUP, IMPACT_GROUP, PLACE_GROUP, RAISE_GROUP, Fold, folds_of
from changes.policy.approvals import ReleaseType
from changes.policy.follows import WEIGHTS, Weight
from changes.policy.lifecycle import IMPACT
from changes.policy.risk import QUESTIONS
from changes.proposals import Proposal
from changes.states import ChangeType, Risk
from cybercube_portal.catalog.environments import STANDARD as ENVIRONMENTS
from cybercube_portal.stateful import choices_of
from cybercube_portal.web import PageForm
from cybercube_portal.web.sentences import in_words_lazy, worded

DURATION = timedelta(minutes=30)
YES_NO = [("yes", _("Yes")), ("no", _("No"))]
IMPACT_LABELS = {"customers": _("Impact on customers"), "downtime": _("Downtime"), "data": _("Impact on data")}
ENVIRONMENT_CHOICES = worded((row["code"], row["name"]) for row in ENVIRONMENTS)
Services = Iterable[tuple[str, str]]


def _yes(value: str) -> bool:
    return value == "yes"


class ScopeForm(PageForm):
    """Which services, in which environments. `services` are (slug, label) pairs of all there are."""

    services = forms.MultipleChoiceField(
        label=_("Services"), widget=forms.CheckboxSelectMultiple, error_messages={"required": _("Choose a service.")}
    )
    environments = forms.MultipleChoiceField(
        label=_("Environments"),
        choices=ENVIRONMENT_CHOICES,
        initial=["prd"],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose an environment.")},
    )

    def __init__(self, *args: Any, services: Services, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "services" in self.fields:
            cast("forms.MultipleChoiceField", self.fields["services"]).choices = list(services)


class ChangeForm(WallTimes, ScopeForm):
    """Everything §6.6 asks for. A draft may leave open what submitting asks for."""

    pointers = {
        "risk_assessment/level": "raised_to",
        "risk_assessment/answers": "raised_to",
        "impact": "impact_customers",
    }

    title = forms.CharField(label=_("Title"), max_length=200)
    description = forms.CharField(
        label=_("What changes, and why"),
        help_text=_("Markdown works."),
        required=False,
        max_length=LONGEST_TEXT,
        widget=text_area(4),
    )
    artifacts = ArtifactsField(
        label=_("Artifacts"),
        help_text=_("What is rolled out, as service:version."),
        required=False,
    )
    scheduled_time = WallField(label=_("Starts"))
    estimated_duration = DurationField(label=_("Takes"), help_text=_("Such as 30m or 1h30m."), initial=DURATION)
    rollback_plan = forms.CharField(
        label=_("Rollback plan"),
        help_text=_("How to go back, step by step. Markdown works."),
        required=False,
        max_length=LONGEST_TEXT,
        widget=text_area(3),
    )
    rollback_version = forms.CharField(
        label=_("Version to go back to"),
        required=False,
        max_length=80,
        widget=forms.TextInput(attrs={"class": "short"}),
    )
    rollback_flag = forms.SlugField(
        label=_("Flag to go back by"),
        help_text=_("The key of a feature flag that switches it off, if there is one. It is killed first (§8.2)."),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"invalid": _("A flag's key looks like release_new_dashboard (§7.2).")},
    )
    release_type = forms.ChoiceField(
        label=_("Release type"),
        help_text=_("When this rolls out a release (§5.1)."),
        choices=[("", _("None")), *worded(choices_of(ReleaseType))],
        required=False,
    )
    raised_to = forms.ChoiceField(
        label=_("Raise the risk to"),
        help_text=_("You may raise what the answers give, never lower it."),
        choices=[("", _("As computed")), *worded(choices_of(Risk)[1:])],
        required=False,
    )

    def __init__(self, *args: Any, change_type: ChangeType, **kwargs: Any) -> None:
        self.change_type = change_type
        # Names of fields that submitting asked for and that are empty.
        self.wanted: frozenset[str] = frozenset()
        super().__init__(*args, **kwargs)
        self.fields["artifacts"].widget.attrs |= {
            "list": "registered-artifacts",
            "placeholder": "billing-service:v2.3.1",
        }
        for key, question in QUESTIONS.items():
            self.fields[f"risk_{key}"] = forms.TypedChoiceField(
                label=in_words_lazy(question),
                choices=YES_NO,
                coerce=_yes,
                empty_value=None,
                required=False,
                widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
            )
        for part in IMPACT:
            self.fields[f"impact_{part}"] = forms.CharField(
                label=IMPACT_LABELS[part],
                required=False,
                max_length=LONGEST_TEXT,
                widget=forms.TextInput(attrs={"class": "form-control", "placeholder": _("none")}),
            )

    def questions(self) -> list[tuple[forms.BoundField, Weight]]:
        """The seven of §5.6, each with what a yes to it adds."""
        return [(self[f"risk_{key}"], WEIGHTS[key]) for key in QUESTIONS]

    def raising(self) -> list[Fold]:
        """What is folded below the questions."""
        return folds_of(self, [RAISE_GROUP])

    def folds(self) -> list[Fold]:
        """What is folded below everything; open where submitting was refused for the lack of it. An emergency is not submitted."""
        groups = [IMPACT_GROUP, BACK_GROUP]
        if self.change_type is ChangeType.EMERGENCY:
            groups = [replace(group, empty=_("may follow later")) for group in groups]
        return folds_of(self, [*groups, PLACE_GROUP], wanted=self.wanted)

    def proposal(self, *, now: datetime) -> Proposal:
        """What is filled in so far; `now` stands in for a time that is still missing, so that it can be looked at."""
        given = getattr(self, "cleaned_data", {})
        words = (
            "title",
            "description",
            "rollback_plan",
            "rollback_version",
            "rollback_flag",
            "release_type",
            "raised_to",
        )
        return Proposal(
            type=self.change_type,
            services=tuple(given.get("services", ())),
            environments=tuple(given.get("environments", ())),
            artifacts=tuple(given.get("artifacts", ())),
            scheduled_time=_moment(given.get("scheduled_time")) or now,
            estimated_duration=given.get("estimated_duration") or DURATION,
            answers={key: given.get(f"risk_{key}") for key in QUESTIONS},
            impact={part: given[f"impact_{part}"] for part in IMPACT if given.get(f"impact_{part}")},
            **{name: given.get(name, "") for name in words},
        )

    def edits(self, *, now: datetime) -> dict[str, Any]:
        """What an edit replaces: every field that stands on the form."""
        proposal = self.proposal(now=now)
        kept = {"type", "template", "parameters", "release", "notes"}
        return {name: value for name, value in values_of(proposal).items() if name not in kept}


def initial_of(proposal: Proposal) -> dict[str, Any]:
    """A proposal as the form shows it first."""
    said = {True: "yes", False: "no", None: None}
    return {
        **values_of(proposal),
        **{f"risk_{key}": said[proposal.answers.get(key)] for key in QUESTIONS},
        **{f"impact_{part}": proposal.impact.get(part, "") for part in IMPACT},
    }


def values_of(proposal: Proposal) -> dict[str, Any]:
    """Its fields by name, as they are."""
    return {item.name: getattr(proposal, item.name) for item in fields(proposal)}


def _moment(value: datetime | None) -> datetime | None:
    return value if value is not None and value.tzinfo is not None else None
