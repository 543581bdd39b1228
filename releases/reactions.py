"""What follows from what happened: event -> work. One table; the work itself is in `tasks`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from changes.events import ChangeEvent
from cybercube_portal.audit.registry import Task, register_intent, register_reactions
from cybercube_portal.catalog.events import CatalogEvent
from releases import tasks
from releases.actions.canary import JUDGE_STEP
from releases.actions.deadlines import TIME_OUT, WATCH
from releases.actions.migrations import REMIND
from releases.actions.rollback import DRIVE
from releases.actions.verification import VERIFY
from releases.events import DeploymentEvent, IncidentEvent, ObservationEvent
from releases.news import DEPLOYMENT_NEWS, RELEASE_NEWS

# 5, 10 and 20 seconds apart: whoever waits for a rollback wants to know soon that it does not come.
DRIVER_TRIES = 4

READ_BASELINE = "releases.read_baseline"
FOLLOW_CHANGE = "releases.follow_change"
FOLLOW_ARTIFACT = "releases.follow_artifact"
TELL_OF_BYPASS = "releases.tell_of_bypass"
OFFER_ROLLBACK = "releases.offer_rollback"
PAGE_ON_CALL = "releases.page_on_call"
TELL_ON_CALL = "releases.tell_on_call"
SEND_NOTICE = "releases.send_notice"
ASK_ON_CALL = "releases.ask_on_call"
KILL_FLAG = "releases.kill_flag"
FOLLOW_FLAG = "releases.follow_flag"
FALL_BACK = "releases.fall_back"
KEEP_FIGURES = "releases.keep_figures"
TELL_RELEASE_WATCHERS = "releases.tell_release_watchers"
TELL_SERVICE_WATCHERS = "releases.tell_service_watchers"

REACTIONS: dict[str, tuple[str, ...]] = {
    DeploymentEvent.STARTED: (READ_BASELINE,),
    DeploymentEvent.UNCERTAIN: (ASK_ON_CALL,),
    DeploymentEvent.ALERTED: (ASK_ON_CALL,),
    DeploymentEvent.VERIFIED: (KEEP_FIGURES,),
    DeploymentEvent.FAILED: (FALL_BACK, OFFER_ROLLBACK, KEEP_FIGURES),
    DeploymentEvent.TIMED_OUT: (FALL_BACK, OFFER_ROLLBACK, KEEP_FIGURES),
    DeploymentEvent.HANDED_OVER: (TELL_ON_CALL,),
    DeploymentEvent.ROLLBACK_STARTED: (KILL_FLAG, FOLLOW_FLAG, KEEP_FIGURES),
    DeploymentEvent.ROLLED_BACK: (SEND_NOTICE, KEEP_FIGURES),
    DeploymentEvent.ROLLBACK_FAILED: (PAGE_ON_CALL, SEND_NOTICE, KEEP_FIGURES),
    IncidentEvent.DETECTED: (KEEP_FIGURES,),
    IncidentEvent.RESOLVED: (KEEP_FIGURES,),
    ChangeEvent.EDITED: (FOLLOW_CHANGE,),
    ChangeEvent.SUBMITTED: (FOLLOW_CHANGE,),
    ChangeEvent.AUTHORISED: (FOLLOW_CHANGE,),
    ChangeEvent.APPROVED: (FOLLOW_CHANGE,),
    ChangeEvent.REVISED: (FOLLOW_CHANGE,),
    ChangeEvent.CANCELLED: (FOLLOW_CHANGE,),
    CatalogEvent.EVIDENCE_REPORTED: (FOLLOW_ARTIFACT,),
    ObservationEvent.BYPASS_FOUND: (TELL_OF_BYPASS,),
}
HANDLERS: dict[str, Callable[[Task, datetime], None]] = {
    TIME_OUT: tasks.time_out_deployment,
    FOLLOW_CHANGE: tasks.follow_change,
    REMIND: tasks.remind_of_migration,
    FOLLOW_ARTIFACT: tasks.follow_artifact,
    TELL_OF_BYPASS: tasks.tell_of_bypass,
    OFFER_ROLLBACK: tasks.offer_rollback,
    PAGE_ON_CALL: tasks.page_on_call,
    TELL_ON_CALL: tasks.tell_on_call,
    SEND_NOTICE: tasks.send_notice,
    ASK_ON_CALL: tasks.ask_on_call,
    KILL_FLAG: tasks.kill_rollback_flag,
    FOLLOW_FLAG: tasks.follow_flag,
    FALL_BACK: tasks.fall_back,
    KEEP_FIGURES: tasks.keep_figures,
    TELL_RELEASE_WATCHERS: tasks.tell_release_watchers,
    TELL_SERVICE_WATCHERS: tasks.tell_service_watchers,
}
# After the reactions above: whoever is paged needs no second notice of the same event.
WATCHED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(RELEASE_NEWS, (TELL_RELEASE_WATCHERS,)),
    **dict.fromkeys(DEPLOYMENT_NEWS, (TELL_SERVICE_WATCHERS,)),
}


def register() -> None:
    """Hang both tables on the record, and what talks to the outside. Once in every process."""
    for kind, handle in HANDLERS.items():
        register_intent(kind, handle)
    register_intent(
        DRIVE, tasks.drive_rollback, gather=tasks.ask_driver, give_up=tasks.give_driver_up, tries=DRIVER_TRIES
    )
    register_intent(VERIFY, tasks.verify_deployment, gather=tasks.make_checks, give_up=tasks.give_up_verification)
    register_intent(WATCH, tasks.watch_deployment, gather=tasks.look_at_watched, give_up=tasks.give_up_watch)
    register_intent(JUDGE_STEP, tasks.judge_step, gather=tasks.look_at_step)
    register_intent(READ_BASELINE, tasks.keep_baseline, gather=tasks.read_baseline, tries=3)
    register_reactions(REACTIONS)
    register_reactions(WATCHED)
