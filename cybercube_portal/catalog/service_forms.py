"""A service as people type it: one field for each thing that REST's PATCH takes (§1, §4.7, §8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cybercube_portal.catalog.rollback_config import LONGEST_STEPS, MEMBERS, SEALED
from cybercube_portal.catalog.service_fields import METRICS, ServiceFields
from cybercube_portal.catalog.states import EnvironmentCode, RollbackDriver
from cybercube_portal.web import PageForm

if TYPE_CHECKING:
    from cybercube_portal.catalog.models import Service

TIERS = [(tier, str(tier)) for tier in range(1, 5)]
DRIVERS = [
    (RollbackDriver.MANUAL.value, _("By hand: on-call is told what to type")),
    (RollbackDriver.WEBHOOK.value, _("A signed webhook")),
    (RollbackDriver.KUBERNETES.value, _("Kubernetes")),
]
CONFIG = tuple(dict.fromkeys(name for members in MEMBERS.values() for name in (*members.needed, *members.allowed)))


def _machine(**attrs: str) -> forms.TextInput:
    return forms.TextInput(
        attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "class": "mono", **attrs}
    )


class ServiceForm(PageForm):
    """Everything of a service but its slug. `teams`: the slugs there are."""

    pointers = {
        **{f"urls/{code.value}": f"urls_{code.value}" for code in EnvironmentCode},
        **{f"{group}/{name}": f"{group}_{name}" for group in ("metrics", "thresholds") for name in METRICS},
        **{f"rollback_config/{name}": f"rollback_config_{name}" for name in CONFIG},
    }

    name = forms.CharField(label=_("Name"), max_length=120)
    team = forms.ChoiceField(label=_("Team that owns it"))
    tier = forms.TypedChoiceField(label=_("Tier"), choices=TIERS, coerce=int, initial=3)
    description = forms.CharField(
        label=_("Description"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    repository = forms.CharField(
        label=_("Repository"), max_length=300, required=False, widget=_machine(placeholder="https://")
    )
    depends_on = forms.CharField(
        label=_("Depends on"),
        required=False,
        max_length=6500,
        help_text=_("Slugs of other services, with blanks between."),
        widget=_machine(),
    )
    urls_dev = forms.CharField(label=_("Address in dev"), required=False, max_length=500, widget=_machine())
    urls_stg = forms.CharField(label=_("Address in stg"), required=False, max_length=500, widget=_machine())
    urls_prd = forms.CharField(
        label=_("Address in prd"),
        required=False,
        max_length=500,
        help_text=_("Where /health answers. Its host is registered by it."),
        widget=_machine(),
    )
    allowed_hosts = forms.CharField(
        label=_("Hosts the portal may call for it"),
        required=False,
        max_length=13_000,
        help_text=_("One a line. Those of the addresses above and of the webhook are added."),
        widget=forms.Textarea(attrs={"rows": 4, "class": "mono", "spellcheck": "false"}),
    )
    metrics_error_rate = forms.CharField(
        label=_("Query of the error rate"), required=False, max_length=2000, widget=_machine()
    )
    metrics_latency_p99 = forms.CharField(
        label=_("Query of the p99 latency"), required=False, max_length=2000, widget=_machine()
    )
    thresholds_error_rate = forms.FloatField(
        label=_("Threshold of the error rate"), required=False, help_text=_("A fraction: 0.01 is 1 %.")
    )
    thresholds_latency_p99 = forms.FloatField(
        label=_("Threshold of the p99 latency"), required=False, help_text=_("Milliseconds.")
    )
    minimum_coverage = forms.DecimalField(
        label=_("Least test coverage"),
        required=False,
        min_value=0,
        max_value=100,
        max_digits=5,
        decimal_places=2,
        help_text=_("Percent; left empty, none is asked for."),
    )
    rollback_driver = forms.ChoiceField(label=_("Rolled back by"), choices=DRIVERS)
    rollback_config_url = forms.CharField(
        label=_("Webhook: address"), required=False, max_length=1000, widget=_machine()
    )
    rollback_config_secret = forms.CharField(
        label=_("Webhook: new secret"),
        required=False,
        max_length=200,
        help_text=_("whsec_…; left empty, the one that is kept stays."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "mono"}),
    )
    rollback_config_namespace = forms.CharField(
        label=_("Kubernetes: namespace"),
        required=False,
        max_length=200,
        help_text=_("{environment} stands for dev, stg or prd, in the next two as well."),
        widget=_machine(),
    )
    rollback_config_deployment = forms.CharField(
        label=_("Kubernetes: Deployment"), required=False, max_length=200, widget=_machine()
    )
    rollback_config_container = forms.CharField(
        label=_("Kubernetes: container"), required=False, max_length=200, widget=_machine()
    )
    rollback_config_image = forms.CharField(
        label=_("Image, without tag"), required=False, max_length=500, widget=_machine()
    )
    rollback_config_steps = forms.CharField(
        label=_("By hand: steps"),
        required=False,
        max_length=LONGEST_STEPS,
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono"}),
    )

    def __init__(self, *args: Any, teams: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].choices = [(slug, slug) for slug in sorted(teams)]  # type: ignore[attr-defined]

    def service_fields(self) -> ServiceFields:
        """As the actions take it. Of the rollback only what its driver knows. Needs a valid form."""
        sent = self.cleaned_data
        driver = RollbackDriver(sent["rollback_driver"])
        known = (*MEMBERS[driver].needed, *MEMBERS[driver].allowed)
        return {
            "name": sent["name"],
            "team": sent["team"],
            "tier": sent["tier"],
            "description": sent["description"],
            "repository": sent["repository"],
            "urls": _group(sent, "urls", [code.value for code in EnvironmentCode]),
            "metrics": _group(sent, "metrics", METRICS),
            "thresholds": _group(sent, "thresholds", METRICS),
            "allowed_hosts": sent["allowed_hosts"].lower().split(),
            "minimum_coverage": sent["minimum_coverage"],
            "depends_on": sent["depends_on"].replace(",", " ").split(),
            "rollback_driver": driver,
            "rollback_config": _group(sent, "rollback_config", known),
        }


class NewServiceForm(ServiceForm):
    """A service that is not there yet."""

    slug = forms.CharField(
        label=_("Slug"),
        max_length=64,
        help_text=_("As its artifacts are called; it never changes."),
        widget=_machine(placeholder="billing-service"),
    )
    field_order = ["slug"]


def typed(service: Service) -> dict[str, Any]:
    """The service as its form would have been filled in; its secret is not shown."""
    groups: Mapping[str, Mapping[str, Any]] = {
        "urls": service.urls,
        "metrics": service.metrics,
        "thresholds": service.thresholds,
        "rollback_config": {name: value for name, value in service.rollback_config.items() if name != SEALED},
    }
    plain = ("name", "tier", "description", "repository", "minimum_coverage", "rollback_driver")
    return {
        **{name: getattr(service, name) for name in plain},
        **{f"{group}_{name}": value for group, members in groups.items() for name, value in members.items()},
        "team": service.team.slug,
        "allowed_hosts": "\n".join(service.allowed_hosts),
        "depends_on": " ".join(needed.slug for needed in service.depends_on.all()),
    }


def _group(sent: Mapping[str, Any], group: str, names: Iterable[str]) -> dict[str, Any]:
    return {name: sent[f"{group}_{name}"] for name in names if sent[f"{group}_{name}"] not in {"", None}}
