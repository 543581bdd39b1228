"""The list of changes: a query in the address, chips, saved views, a file; and what can be done with several at once."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from django.views.decorators.http import require_safe

from changes.models import ChangeRequest
from changes.selectors.changes import changes_listed
from changes.selectors.words import LANGUAGE
from changes.states import ChangeType, Risk
from changes.views.bulk import ACTS
from cybercube_portal.people.views.lists import show_list
from cybercube_portal.query.words import ME
from cybercube_portal.web import ChipGroup, Column, Listing, PageRequest
from cybercube_portal.web.badges import words_of

TEMPLATE = "changes/changes.html"


LISTING: Listing[ChangeRequest] = Listing(
    name="changes",
    api="api-changes",
    language=LANGUAGE,
    rows=changes_listed,
    chips=(
        ChipGroup(
            label=_("State"),
            word="is",
            values={
                "open": _("Open"),
                "draft": _("Drafts"),
                "in_review": _("In review"),
                "approved": _("Approved"),
                "under_way": _("Under way"),
                "over": _("Over"),
            },
            one=True,
            every=_("All"),
        ),
        ChipGroup(label=_("Who filed it"), word="requester", values={ME: _("Mine")}),
        ChipGroup(label=_("Type"), word="type", values=words_of("change_type", ChangeType)),
        ChipGroup(label=_("Risk"), word="risk", values=words_of("risk", Risk)),
    ),
    columns=(
        Column(_("Number"), lambda row: row.number),
        Column(_("Title"), lambda row: row.title),
        Column(_("State"), lambda row: row.state),
        Column(_("Type"), lambda row: row.type),
        Column(_("Risk"), lambda row: row.risk_level),
        Column(_("Services"), lambda row: row.services),
        Column(_("Environments"), lambda row: row.environments),
        Column(_("Slot"), lambda row: row.scheduled_time),
        Column(_("Takes (minutes)"), lambda row: int(row.estimated_duration.total_seconds() // 60)),
        Column(_("Requester"), lambda row: row.requester.username),
        Column(_("Filed"), lambda row: row.created_at),
        Column(_("Outcome"), lambda row: row.outcome),
    ),
    counted=ngettext_lazy("%(count)s change", "%(count)s changes", "number"),
)


@require_safe
def changes(request: PageRequest) -> HttpResponseBase:
    """Changes, the newest first. Whoever asks nothing sees what is open."""
    return show_list(request, LISTING, TEMPLATE, lambda _shown: {"acts": ACTS})
