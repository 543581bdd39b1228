"""What pages of releases and migrations ask."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from changes.policy.approvals import ReleaseType
from changes.proposals import ArtifactName, parse_artifact
from cybercube_portal.catalog.environments import STANDARD as ENVIRONMENTS
from cybercube_portal.catalog.states import MigrationKind, MigrationPhase
from cybercube_portal.catalog.versions import MAX_LENGTH
from cybercube_portal.stateful import choices_of
from cybercube_portal.web import PageForm
from cybercube_portal.web.sentences import worded
from releases.actions.migrations import MigrationPlan
from releases.actions.release_content import ReleasePlan
from releases.actions.release_documents import LONGEST

TYPES = [("", _("By the step of the version")), *worded(choices_of(ReleaseType))]
TEXT = 10_000


def typed(example: str = "", suggestions: str = "") -> forms.TextInput:
    """A text for machines: nothing is corrected or capitalised while typing. `suggestions` is a datalist's id."""
    attrs = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "placeholder": example}
    return forms.TextInput(attrs={**attrs, **({"list": suggestions} if suggestions else {})})


def lines(rows: int, example: str = "") -> forms.Textarea:
    """One thing on each line."""
    return forms.Textarea(attrs={"rows": rows, "spellcheck": "false", "placeholder": example})


class OpenReleaseForm(PageForm):
    """A release as it is opened."""

    service = forms.ChoiceField(label=_("Service"))
    version = forms.CharField(label=_("Version"), max_length=MAX_LENGTH, widget=typed("v2.3.1"))
    type = forms.ChoiceField(
        label=_("Type"),
        choices=TYPES,
        required=False,
        help_text=_("A hotfix says so; the others follow from what is in production."),
    )
    artifacts = forms.CharField(
        label=_("Artifacts of other services"),
        required=False,
        widget=lines(2, "web-app:v2.3.1"),
        help_text=_("service:version, one on each line, when more than the service's own goes out."),
    )
    changes = forms.CharField(
        label=_("Changes that inform"),
        required=False,
        widget=lines(2, "CR-2026-0117-001"),
        help_text=_("Numbers, one on each line. Only the change opened with the release authorises it."),
    )
    migrations = forms.CharField(
        label=_("Migrations"),
        required=False,
        widget=lines(2, "20260117120000_add_tax_rate_to_products.sql"),
        help_text=_("File names that no registered artifact carries yet, one on each line."),
    )

    def __init__(self, *args: Any, services: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["service"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the type
        field.choices = [("", _("Choose …")), *services]

    def clean_artifacts(self) -> tuple[ArtifactName, ...]:
        """Raises ValidationError for what is no service:version."""
        try:
            return tuple(parse_artifact(line) for line in _lines(self.cleaned_data["artifacts"]))
        except ValueError as error:
            raise forms.ValidationError(str(error), code="artifact.form") from error

    def plan(self) -> ReleasePlan:
        """What was written. Needs a valid form."""
        given = self.cleaned_data
        return ReleasePlan(
            service=given["service"],
            version=given["version"],
            type=given["type"],
            artifacts=given["artifacts"],
            changes=_lines(given["changes"]),
            migrations=_lines(given["migrations"]),
        )


class CancelReleaseForm(PageForm):
    """Why it will not happen."""

    reason = forms.CharField(label=_("Why"), max_length=TEXT, required=False)


class NothingForm(PageForm):
    """Asks nothing."""


class TickForm(PageForm):
    """One's word for an item."""

    item = forms.CharField(max_length=64)
    ticked = forms.BooleanField(required=False)
    note = forms.CharField(max_length=500, required=False)


class TextForm(PageForm):
    """Markdown."""

    pointers = {"markdown": "text"}
    text = forms.CharField(
        label=_("Markdown"),
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 28, "class": "mono"}),
        help_text=_("Empty: back to what the commits give."),
    )


class PlanMigrationForm(PageForm):
    """A migration as it is announced."""

    service = forms.ChoiceField(label=_("Service"))
    version = forms.CharField(label=_("Version"), max_length=MAX_LENGTH, widget=typed("v2.3.1"))
    environment = forms.ChoiceField(
        label=_("Environment"), choices=worded((row["code"], row["name"]) for row in ENVIRONMENTS), initial="stg"
    )
    filename = forms.CharField(
        label=_("File"), max_length=200, widget=typed("20260117120000_add_tax_rate_to_products.sql")
    )
    phase = forms.ChoiceField(
        label=_("Phase"),
        required=False,
        choices=[
            ("", _("As the artifact says")),
            *worded(choices_of(MigrationPhase)),
        ],
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        required=False,
        choices=[("", _("As the artifact says")), *worded(choices_of(MigrationKind))],
    )
    note = forms.CharField(
        label=_("Note"),
        help_text=_("Markdown works."),
        required=False,
        max_length=TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, services: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["service"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the type
        field.choices = [("", _("Choose …")), *services]

    def plan(self) -> MigrationPlan:
        """What was written. Needs a valid form."""
        return MigrationPlan(**self.cleaned_data)


class TrialForm(PageForm):
    """What running it on production-like data showed (§9.4)."""

    estimated_seconds = forms.IntegerField(
        label=_("It takes"), min_value=0, max_value=2**31 - 1, required=False, help_text=_("Seconds.")
    )
    lock_impact = forms.CharField(label=_("What it locks"), max_length=200, required=False)
    backup = forms.CharField(label=_("Backup that was verified"), max_length=300, required=False)
    rollback_tested = forms.BooleanField(label=_("The way back was tested"), required=False)
    note = forms.CharField(label=_("Note"), required=False, max_length=TEXT)


class RunForm(PageForm):
    """In production: the gate's decision."""

    decision = forms.CharField(
        label=_("Decision of the gate"),
        required=False,
        max_length=20_000,
        help_text=_("Needed in production: its id, for the action migrate."),
        widget=typed(),
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=TEXT)


class NoteForm(PageForm):
    """What is worth knowing afterwards."""

    note = forms.CharField(label=_("Note"), required=False, max_length=TEXT)


class ReasonForm(PageForm):
    """Why."""

    reason = forms.CharField(label=_("Why"), max_length=TEXT)


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())
