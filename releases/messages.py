"""What people are told of deployments, rollbacks and incidents: the words of each notice (`notices.kinds`), in the reader's zone."""

from __future__ import annotations

from django.utils.translation import gettext as _

from cybercube_portal.notices.message import Message
from cybercube_portal.web.times import exact_with_zone
from releases.models import Deployment, Incident, Rollback
from releases.selectors.rollbacks import Plan


def path_of(reference: str, tail: str = "") -> str:
    """The deployment's page, or one below it."""
    return f"/deployments/{reference}/{tail}"


def thing_of(deployment: Deployment) -> str:
    """How a mail about several news calls it."""
    words = {"service": deployment.service.slug, "version": deployment.version, "environment": deployment.environment}
    return f"{deployment.reference} " + _("%(service)s %(version)s in %(environment)s") % words


def deployment_uncertain(deployment: Deployment, *, message: str) -> Message:
    """§4.7: nothing failed, and not everything could be read."""
    return Message(
        subject=_("%(reference)s could not be verified: %(service)s %(version)s in %(environment)s")
        % _words(deployment),
        thing=thing_of(deployment),
        text=(
            _("Nothing failed, and not everything could be read (STD-ENG-006 §4.7):"),
            message,
            _("Verify it again, or fail it. Without either it counts as failed."),
        ),
        facts=((_("Counts as failed"), exact_with_zone(deployment.deadline_at)),),
        path=path_of(deployment.reference),
        button=_("Verify it or fail it"),
    )


def deployment_alerted(deployment: Deployment, *, message: str) -> Message:
    """§8.5: the watch found something a person has to judge."""
    return Message(
        subject=_("%(service)s %(version)s in %(environment)s needs you: %(reference)s") % _words(deployment),
        thing=thing_of(deployment),
        text=(
            _("While it is being watched (STD-ENG-006 §8.5):"),
            message,
            _("Whether it is rolled back is your decision."),
        ),
        path=path_of(deployment.reference),
        button=_("Look at it and decide"),
    )


def rollback_prepared(deployment: Deployment, *, plan: Plan) -> Message:
    """R18: it failed in production, and the way back is one click away."""
    facts: tuple[tuple[str, str], ...] = ()
    if plan.target is None:
        last = _("No other version was healthy there: fix forward.")
    else:
        last = _("A rollback is prepared. Nothing happens until somebody on call says so (STD-ENG-006 §8.5).")
        facts = (
            (_("Goes back to"), plan.target.version),
            (_("Method"), plan.method.value.replace("_", " ")),
            (_("Carried out by"), plan.driver.value),
        )
    return Message(
        subject=_("%(service)s %(version)s failed in %(environment)s: roll back? (%(reference)s)") % _words(deployment),
        thing=thing_of(deployment),
        text=tuple(filter(None, (deployment.note, last))),
        facts=facts,
        path=path_of(deployment.reference, "roll_back/"),
        button=_("See the rollback and decide"),
    )


def rollback_failed(deployment: Deployment, *, rollback: Deployment) -> Message:
    """§8.3: "CRITICAL: Rollback failed"."""
    words = {
        "service": deployment.service.slug,
        "environment": deployment.environment,
        "reference": rollback.reference,
        "bad": deployment.version,
        "good": rollback.version,
    }
    return Message(
        subject=_("CRITICAL: Rollback failed: %(service)s in %(environment)s (%(reference)s)") % words,
        thing=thing_of(rollback),
        text=tuple(
            filter(
                None,
                (
                    _("%(service)s should have gone back from %(bad)s to %(good)s, and did not.") % words,
                    rollback.note,
                    _("Neither version is known to be well. Look at it now, then try again or fix forward."),
                ),
            )
        ),
        path=path_of(rollback.reference),
        button=_("Look at it now"),
    )


def rollback_by_hand(rollback: Deployment, *, row: Rollback) -> Message:
    """Somebody has to carry it out."""
    return Message(
        subject=_("Roll back %(service)s to %(version)s in %(environment)s (%(reference)s)") % _words(rollback),
        thing=thing_of(rollback),
        text=tuple(filter(None, (row.reason, row.driver_said, _("Finish it when it is done; it is verified then.")))),
        path=path_of(rollback.reference),
        button=_("Carry it out and finish it"),
    )


def rollback_notice(rollback: Deployment, *, row: Rollback) -> Message:
    """§8.6, as it is kept."""
    return Message(
        subject=_("Rollback Notification: %(service)s to %(version)s in %(environment)s") % _words(rollback),
        thing=thing_of(rollback),
        prose=row.notice,
        path=path_of(rollback.reference),
        button=_("Open the rollback"),
    )


def data_corruption(deployment: Deployment, *, incident: Incident, reporter: str, reason: str) -> Message:
    """§8.5, last row."""
    words = {**_words(deployment), "incident": incident.reference, "name": reporter}
    return Message(
        subject=_("SEV-1: data corruption reported: %(service)s in %(environment)s (%(incident)s)") % words,
        thing=f"{incident.reference} {incident.title}",
        text=(
            _("%(name)s reports corrupted data since %(version)s (%(reference)s):") % words,
            reason,
        ),
        points=(
            _("Stop the traffic of %(service)s in %(environment)s now, so that no more data are damaged.") % words,
            _(
                "The restore of a backup is prepared. Nothing happens until the incident commander says so "
                "(STD-ENG-006 §8.5)."
            ),
        ),
        path=path_of(deployment.reference, "roll_back/?trigger=data_corruption"),
        button=_("See the restore and decide"),
    )


def bypass_found(*, service: str, version: str, expected: str, number: str) -> Message:
    """§6.1: production runs what nobody let through the gate."""
    words = {"service": service, "version": version, "expected": expected}
    before = (
        _("The last healthy deployment there is %(expected)s.")
        if expected
        else _("Nothing was ever deployed there through the portal.")
    )
    return Message(
        subject=_("Without the gate: %(service)s %(version)s in production") % words,
        thing=f"{number} {service}",
        text=(
            _("Production of %(service)s answers %(version)s, and no deployment let that version through the gate.")
            % words,
            before % words,
            _("A draft emergency was opened for it."),
        ),
        points=(
            _("If this was an emergency, say why, have it authorised and record it (STD-ENG-006 §6.4)."),
            _("If not, deploy what shall run there and cancel the draft."),
        ),
        path=f"/changes/{number}/",
        button=_("Open the draft"),
        more=((_("What runs where"), f"/services/{service}/"),),
    )


def _words(deployment: Deployment) -> dict[str, str]:
    return {
        "reference": deployment.reference,
        "service": deployment.service.slug,
        "version": deployment.version,
        "environment": deployment.environment,
    }
