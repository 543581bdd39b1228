"""How a deployment reads on its page: where it stands in one sentence, and the look and question of each verb."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from changes.forms.moves import NothingForm
from releases.forms import AbortForm, FailForm, FinishForm
from releases.models import Deployment
from releases.states import DeploymentState, Verdict

D = DeploymentState
HEADLINES: dict[str, tuple[str, str | Promise]] = {
    D.PENDING: ("neutral", _("About to start.")),
    D.RUNNING: ("accent", _("It is being rolled out.")),
    D.VERIFYING: ("accent", _("Rolled out, now verified.")),
    D.HEALTHY: ("ok", _("Verified: it is healthy.")),
    D.FAILED: ("bad", _("It failed.")),
    D.ROLLING_BACK: ("wait", _("It is being taken back.")),
    D.ROLLED_BACK: ("neutral", _("It was taken back.")),
    D.ROLLBACK_FAILED: ("bad", _("It could not be taken back: on-call has it.")),
    D.ABORTED: ("neutral", _("It was given up.")),
}


@dataclass(frozen=True, slots=True)
class Look:
    """How a verb's button looks."""

    icon: str
    tone: str = ""


BUTTONS: dict[str, Look] = {
    "advance": Look("step-forward", "primary"),
    "finish": Look("flag", "primary"),
    "verify": Look("list-checks", "primary"),
    "fail": Look("circle-x", "danger"),
    "abort": Look("ban", "danger"),
}
# What each verb asks for before it is done.
FORMS: dict[str, type[forms.BaseForm]] = {
    "advance": NothingForm,
    "finish": FinishForm,
    "verify": NothingForm,
    "fail": FailForm,
    "abort": AbortForm,
}


def headline_of(row: Deployment, *, verdict: Verdict | None) -> tuple[str, str | Promise]:
    """Its tone and its sentence; `verdict` is its last verification's."""
    if row.state == D.VERIFYING and verdict == Verdict.INCONCLUSIVE:
        return "wait", _("It could not be verified. Verify it again, or fail it.")
    if row.state == D.HEALTHY and row.watch_until is not None and row.watched_at is None:
        return "ok", _("Verified: it is healthy, and watched now.")
    return HEADLINES[row.state]
