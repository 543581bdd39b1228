"""The words of the record's own notices."""

from __future__ import annotations

from django.utils.translation import gettext as _

from cybercube_portal.notices.message import Message


def chain_broken(*, sequence: int, finding: str) -> Message:
    """§6.6: what was recorded does not fit together any more."""
    words = {"sequence": f"{sequence:,}"}
    return Message(
        subject=_("The audit trail was tampered with at event %(sequence)s") % words,
        thing=_("Audit chain"),
        text=(
            _("The portal walks its own audit chain, and event %(sequence)s does not fit: ") % words + f"{finding}.",
            _("Only somebody with the database's own password can do that."),
        ),
        points=(
            _("Keep the exports and checkpoints you have: they prove what stood there before."),
            _("Compare with a backup, and find out who had access."),
        ),
        path=f"/audit/chain/?first={sequence}",
        button=_("Open the chain"),
    )
