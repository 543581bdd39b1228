"""What people typed and did not send yet, kept for them alone. No event tells of it: it is nobody's business, and nothing happened."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import TooManyFieldsSent
from django.db import transaction
from django.http import QueryDict

from cybercube_portal.errors import Invalid
from cybercube_portal.people import permissions
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import require
from cybercube_portal.people.models import UnsentForm

KEPT = timedelta(days=30)
# The oldest make room: whoever leaves that many forms unsent will not miss it.
MOST = 30
LONGEST_ADDRESS, LONGEST_TITLE = 500, 160
LARGEST = 100_000
# Never kept, whatever a page sends: what proves who somebody is.
SECRET = re.compile(r"csrf|password|passphrase|secret|token|credential|private_key", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Opened:
    """A page as it was opened: its own name, and when what it was filled in with had been kept (ISO 8601; "" when it began empty)."""

    page: str = ""
    known: str = ""

    def own(self, rows: Iterable[UnsentForm]) -> UnsentForm | None:
        """Its own row; else the one it was filled in with, unless another tab has kept something in that one since."""
        rows = list(rows)
        return next((row for row in rows if row.page == self.page), None) or next(
            (row for row in rows if row.kept_at.isoformat() == self.known), None
        )


@transaction.atomic
def keep_form(*, address: str, title: str, fields: str, opened: Opened, actor: Actor, now: datetime) -> UnsentForm:
    """Keep what stands in the form at `address` (a path of the portal with its query) until it is sent, discarded, or 30 days old.

    `fields`: the form as a browser encodes it, 100 KB at most. What another tab kept since stays beside it. Raises NotPermitted, Invalid.
    """
    require(actor, permissions.KEEP_FORM, now=now, owner=actor.username)
    if len(address) > LONGEST_ADDRESS:
        raise Invalid.field("/address", "unsent.address", f"An address has at most {LONGEST_ADDRESS} characters.")
    kept = {"page": opened.page, "title": title[:LONGEST_TITLE], "fields": _without_secrets(fields), "kept_at": now}
    known = opened.own(
        UnsentForm.objects.select_for_update().filter(owner_id=actor.id, address=address).defer("fields")
    )
    where = {"pk": known.pk} if known else {"owner_id": actor.id, "address": address, "page": opened.page}
    form, _ = UnsentForm.objects.update_or_create(**where, defaults=kept)
    beyond = UnsentForm.objects.filter(owner_id=actor.id)[MOST:].values_list("pk", flat=True)
    UnsentForm.objects.filter(pk__in=list(beyond)).delete()
    return form


@transaction.atomic
def discard_form(*, address: str, opened: Opened, actor: Actor, now: datetime) -> None:
    """Forget what a page kept there: the person does not want it any more, or has just sent it. Raises NotPermitted."""
    require(actor, permissions.DISCARD_FORM, now=now, owner=actor.username)
    known = opened.own(
        UnsentForm.objects.select_for_update().filter(owner_id=actor.id, address=address).defer("fields")
    )
    if known:
        known.delete()


@transaction.atomic
def forget_old_forms(*, now: datetime) -> int:
    """Delete what nobody touched for 30 days; gives how many."""
    return UnsentForm.objects.filter(kept_at__lt=now - KEPT).delete()[0]


def _without_secrets(fields: str) -> str:
    if len(fields.encode(errors="replace")) > LARGEST:
        raise Invalid.field("/fields", "unsent.too_large", f"More than {LARGEST // 1000} KB are not kept.")
    try:
        given = QueryDict(fields)
    except TooManyFieldsSent as error:
        raise Invalid.field("/fields", "unsent.too_many", "A form of so many fields is not kept.") from error
    kept = QueryDict(mutable=True)
    for name, values in given.lists():
        if not SECRET.search(name):
            kept.setlist(name, values)
    return kept.urlencode()
