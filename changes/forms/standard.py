"""A standard change as a form (§6.2): what its template cannot know, at most eight fields."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from changes.forms.change import ScopeForm
from changes.forms.fields import LONGEST_TEXT, ArtifactsField, WallField, WallTimes, text_area
from changes.models import Template
from changes.policy.lifecycle import IMPACT
from changes.policy.risk import QUESTIONS
from changes.policy.standard import LOG_LEVELS, TemplateKind, moment_of
from changes.proposals import Proposal
from changes.states import ChangeType
from cybercube_portal.web.sentences import in_words_lazy

SHORT, LONG = timedelta(minutes=10), timedelta(minutes=30)


class StandardForm(WallTimes, ScopeForm):
    """What every template asks: where, when, why, and that nothing risky hides in it."""

    duration: ClassVar[timedelta] = LONG
    parameters: ClassVar[tuple[str, ...]] = ()
    pointers = {"risk_assessment": "no_risk", "parameters": "description"}

    scheduled_time = WallField(label=_("Starts"))
    description = forms.CharField(
        label=_("What and why"),
        help_text=_("Markdown works."),
        required=False,
        max_length=LONGEST_TEXT,
        widget=text_area(2),
    )
    no_risk = forms.BooleanField(
        label=_("None of the seven risk questions applies"),
        help_text=format_lazy(" ".join(["{}"] * len(QUESTIONS)), *map(in_words_lazy, QUESTIONS.values())),
        error_messages={"required": _("If one applies, file a normal change.")},
    )

    def __init__(self, *args: Any, template: Template, **kwargs: Any) -> None:
        self.template = template
        super().__init__(*args, **kwargs)
        self.order_fields([*self.Order.first, "services", "environments", *self.Order.last, "scheduled_time"])

    class Order:
        """What stands above and below the scope."""

        first: tuple[str, ...] = ()
        last: tuple[str, ...] = ()

    def first(self) -> list[forms.BoundField]:
        """What stands above the time."""
        return [field for field in self._asked() if field.name in self._names[: self._names.index("scheduled_time")]]

    def rest(self) -> list[forms.BoundField]:
        """What stands below it."""
        told = {"until", *self._names[: self._names.index("scheduled_time") + 1]}
        return [field for field in self._asked() if field.name not in told]

    def _asked(self) -> list[forms.BoundField]:
        return [field for field in self if not field.name.endswith("_fold")]

    @property
    def _names(self) -> list[str]:
        return list(self.fields)

    def title(self, proposal: Proposal) -> str:
        """What the list will say."""
        return f"{self.template.title}: {', '.join(proposal.services) or '…'}"

    def proposal(self, *, now: datetime) -> Proposal:
        """What is filled in so far, with everything its template says; `now` stands in for a missing time."""
        given = getattr(self, "cleaned_data", {})
        start = given.get("scheduled_time")
        artifacts = tuple(given.get("artifacts", ()))
        proposal = Proposal(
            title="",
            type=ChangeType.STANDARD,
            template=self.template.slug,
            description=given.get("description") or self.template.description or self.template.title,
            services=tuple(given.get("services", ())) or tuple(dict.fromkeys(entry.service for entry in artifacts)),
            environments=tuple(given.get("environments", ())),
            artifacts=artifacts,
            scheduled_time=start if start is not None and start.tzinfo is not None else now,
            estimated_duration=self.duration,
            parameters={name: self.written(given[name]) for name in self.parameters if name in given},
            answers=dict.fromkeys(QUESTIONS, False if given.get("no_risk") else None),
            impact=dict.fromkeys(IMPACT, "none"),
            rollback_plan=self.template.rollback_plan,
        )
        return replace(proposal, title=self.title(proposal)[:200])

    def edits(self, *, now: datetime) -> dict[str, Any]:
        """What an edit replaces."""
        proposal = self.proposal(now=now)
        names = ("title", "services", "environments", "artifacts", "scheduled_time", "parameters", "description")
        return {name: getattr(proposal, name) for name in names}

    @staticmethod
    def written(value: Any) -> Any:  # noqa: ANN401 - any form value
        """A parameter as JSON keeps it."""
        return value.isoformat() if isinstance(value, datetime) else value


class RoutineDeploymentForm(StandardForm):
    """Its services are those of its artifacts."""

    services = None  # type: ignore[assignment]  # Django's way to leave a field out
    artifacts = ArtifactsField(
        label=_("Artifacts"),
        help_text=_("What is rolled out, as service:version. The pipeline has registered it."),
        error_messages={"required": _("Name what is rolled out, such as billing-service:v2.3.1.")},
    )

    class Order(StandardForm.Order):
        first = ("artifacts",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["artifacts"].widget.attrs |= {
            "list": "registered-artifacts",
            "placeholder": "billing-service:v2.3.1",
        }

    def title(self, proposal: Proposal) -> str:
        """Named by what goes out."""
        shown = ", ".join(f"{entry.service} {entry.version}" for entry in proposal.artifacts)
        return f"Routine deployment of {shown or '…'}"


class ConfigUpdateForm(StandardForm):
    """Configuration or flags, nothing else."""

    parameters = ("configuration_only",)
    duration = SHORT

    configuration_only = forms.BooleanField(
        label=_("Only configuration or feature flags change"),
        error_messages={"required": _("Else file a normal change.")},
    )


class ScaleForm(StandardForm):
    """Replicas within the template's bounds."""

    parameters = ("replicas",)
    duration = SHORT

    replicas = forms.IntegerField(
        label=_("Replicas"), min_value=0, max_value=100_000, widget=forms.NumberInput(attrs={"class": "short"})
    )

    class Order(StandardForm.Order):
        last = ("replicas",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        least, most = self.template.bounds.get("replicas", (0, 0))
        self.fields["replicas"].help_text = _("From %(least)s to %(most)s.") % {"least": least, "most": most}

    def title(self, proposal: Proposal) -> str:
        """Named by how many."""
        return f"Scale {', '.join(proposal.services) or '…'} to {proposal.parameters.get('replicas', '…')} replicas"


class CertificateRenewalForm(StandardForm):
    """By the standard process, for a named certificate."""

    parameters = ("certificate", "process_attested")

    certificate = forms.CharField(
        label=_("Certificate"), help_text=_("Its name, such as api.example.com."), max_length=200
    )
    process_attested = forms.BooleanField(
        label=_("The standard renewal process is followed"),
        error_messages={"required": _("Else file a normal change.")},
    )

    class Order(StandardForm.Order):
        first = ("certificate",)

    def title(self, proposal: Proposal) -> str:
        """Named by the certificate."""
        return f"Renew the certificate {proposal.parameters.get('certificate', '…')}"


class LogLevelForm(StandardForm):
    """Temporary, with a reason and an end."""

    parameters = ("level", "until", "reason")
    duration = SHORT
    description = None  # type: ignore[assignment]  # Django's way to leave a field out: the reason says it

    level = forms.ChoiceField(
        label=_("Level"), choices=[(level, level) for level in sorted(LOG_LEVELS)], initial="debug"
    )
    until = WallField(label=_("Until"), help_text=_("It is set back then."))
    reason = forms.CharField(label=_("Why"), max_length=300)

    class Order(StandardForm.Order):
        last = ("level", "reason", "scheduled_time", "until")

    def proposal(self, *, now: datetime) -> Proposal:
        """The reason is the description."""
        proposal = super().proposal(now=now)
        return replace(proposal, description=str(proposal.parameters.get("reason") or proposal.description))

    def title(self, proposal: Proposal) -> str:
        """Named by the level."""
        return f"Log level {proposal.parameters.get('level', '…')} on {', '.join(proposal.services) or '…'}"


FORMS: dict[str, type[StandardForm]] = {
    TemplateKind.ROUTINE_DEPLOYMENT: RoutineDeploymentForm,
    TemplateKind.CONFIG_UPDATE: ConfigUpdateForm,
    TemplateKind.SCALE: ScaleForm,
    TemplateKind.CERTIFICATE_RENEWAL: CertificateRenewalForm,
    TemplateKind.LOG_LEVEL: LogLevelForm,
}


def initial_of_standard(proposal: Proposal) -> dict[str, Any]:
    """A proposal as its template's form shows it first."""
    return {
        "services": proposal.services,
        "environments": proposal.environments,
        "artifacts": proposal.artifacts,
        "scheduled_time": proposal.scheduled_time,
        "description": proposal.description,
        "no_risk": all(answer is False for answer in proposal.answers.values()),
        **proposal.parameters,
        "until": moment_of(proposal.parameters.get("until")),
    }
