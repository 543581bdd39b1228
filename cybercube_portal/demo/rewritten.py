"""A change that is written at length and was edited after somebody signed it: what changed is read line by line."""

from __future__ import annotations

from datetime import datetime, timedelta

from changes.actions import approvals, content
from changes.models import ChangeRequest
from cybercube_portal.demo import lives
from cybercube_portal.demo.lives import Company

HOUR = timedelta(hours=1)
DESCRIPTION = """\
The worker reads from `invoices-v2`, a queue of its own, so that a long run of reminders no longer holds back invoices.

- Both queues are read for **one hour**; then the old one is drained and left empty.
- Nothing changes for whoever writes: the gateway has written to both since last week.

Background: https://wiki.cybercube.example/queues
"""
PLAN = """\
1. Stop the worker:
   ```sh
   kubectl scale deployment/invoice-worker --replicas=0
   ```
2. Point it back to the old queue:
   ```sh
   kubectl set env deployment/invoice-worker QUEUE=invoices
   ```
3. Start it again:
   ```sh
   kubectl scale deployment/invoice-worker --replicas=2
   ```
4. Watch the length of `invoices` for ten minutes.
"""
EDITS = (
    ("--replicas=2", "--replicas=4"),
    ("for ten minutes.\n", "for half an hour.\n5. Tell #payments that invoices of the last hour may come twice.\n"),
)
ANSWER = """\
Tried in staging: going back took **4 minutes**. Two things I would like to see in the plan:

1. four replicas, as today, not two
2. a word to #payments
"""


def moved_queue(company: Company, *, now: datetime, slot: datetime) -> ChangeRequest:
    """Signed by bob, answered by quentin, edited by its author an hour ago."""
    service = "invoice-worker"
    change = lives.file(
        company,
        service,
        "",
        at=now - 7 * HOUR,
        slot=slot,
        title="Move invoice-worker to a queue of its own",
        description=DESCRIPTION,
        answers={**lives.NO_RISK, "infrastructure": True},
        raised_to="high",
        impact={"customers": "invoices may be an hour late", "downtime": "none", "data": "none"},
        rollback_plan=PLAN,
    )
    lives.submit(company, change, at=now - 6 * HOUR)
    change = approvals.approve_change(number=change.number, actor=company.actor("bob"), now=now - 4 * HOUR)
    content.comment_change(number=change.number, body=ANSWER, actor=company.actor("quentin"), now=now - 2 * HOUR)
    plan = PLAN
    for before, after in EDITS:
        plan = plan.replace(before, after)
    return content.edit_change(
        number=change.number,
        version=change.version,
        changes={"rollback_plan": plan},
        actor=company.author(service),
        now=now - HOUR,
    )
