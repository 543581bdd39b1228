"""When a release may make its moves, and what it is called (§5.2, R15, R16). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from changes.policy.approvals import ReleaseType
from changes.states import ChangeState
from cybercube_portal.catalog.versions import bump, parse_version
from cybercube_portal.decisions import Decision, Reason, decide, failed, passed, pending, utc_text
from releases.states import ReleaseState

# What an `in_review` release is called, by its change (R16).
CALLED: dict[str, str] = {
    ChangeState.APPROVED: "approved",
    ChangeState.IMPLEMENTING: "approved",
    ChangeState.VERIFYING: "approved",
    ChangeState.REJECTED: "rejected",
    ChangeState.EXPIRED: "expired",
}
SHOWN_STATES: tuple[str, ...] = (*(state.value for state in ReleaseState), "approved", "rejected", "expired")
# The five phases of §5.2, and which of them a release in a state is in.
PHASES: tuple[str, ...] = ("prepare", "approve", "deploy", "verify", "communicate")
PHASE_OF: dict[str, str] = {
    ReleaseState.PREPARING: "prepare",
    ReleaseState.IN_REVIEW: "approve",
    ReleaseState.STAGING: "deploy",
    ReleaseState.STAGED: "deploy",
    ReleaseState.DEPLOYING: "deploy",
    ReleaseState.MONITORING: "verify",
    ReleaseState.RELEASED: "communicate",
}
# What its change has to be brought to before the release can be asked for again.
WAYS: dict[str, str] = {
    ChangeState.REJECTED: "Revise the change, then submit again.",
    ChangeState.EXPIRED: "Reschedule the change.",
    ChangeState.CANCELLED: "Open another release.",
    ChangeState.ROLLED_BACK: "Open another release.",
    ChangeState.CLOSED: "Open another release.",
}


# People read it and go on from there; the whole stands in the changelog.
LONGEST_DRAFT = 8_000


def phase_of(state: str, *, is_watched: bool) -> str | None:
    """Which of the five a release is in: once its 30 minutes are over it is told of (§5.2). None for one that ended elsewhere."""
    return "communicate" if state == ReleaseState.MONITORING and is_watched else PHASE_OF.get(state)


def shown_state(state: str, *, change: str) -> str:
    """What a release is called: `in_review` is read from the state of its change."""
    return CALLED.get(change, state) if state == ReleaseState.IN_REVIEW else state


def release_type_of(version: str, *, before: str | None) -> ReleaseType:
    """Major, minor or patch, by the step from what was released `before`, else by its shape (§5.1). Raises ValueError."""
    number = parse_version(version)
    step = bump(parse_version(before) if before else None, number)
    return ReleaseType(step or "patch")


def is_releasable(version: str) -> Decision:
    """§3.2, R12, R17: a release is of a version that may go to production."""
    number = parse_version(version)
    if number.is_sha_build or number.prerelease:
        what = "a build of main" if number.is_sha_build else "a pre-release"
        message = f"{version} is {what}; only versions that may go to production are released."
        return decide(failed("release.version_form", "§3.2", message, "Name a version such as v2.3.1."))
    return decide(passed("release.version", "§3.2", f"{version} may be released."))


def may_submit(*, number: str, change: str) -> Decision:
    """Its change is a draft, which is submitted with it, or with its approvers already."""
    way = WAYS.get(change)
    if way is not None:
        return decide(failed("release.change_is_over", "§5.2", f"{number} is {_word(change)}.", way, ("Engineer",)))
    return decide(passed("release.change_can_be_asked", "§5.2", f"{number} is {_word(change)}."))


def may_stage(*, number: str, is_approved: bool, has_failed: bool) -> Decision:
    """§5.2: deploying follows approval."""
    retry: Reason | None = None
    if has_failed:
        message = "Its last deployment to staging failed."
        retry = failed("release.staging_failed", "§4.2", message, "Deploy to staging again: the release follows.")
    return decide(_approved(number, is_approved=is_approved), retry)


def may_deploy(*, number: str, is_approved: bool, open_items: Iterable[str]) -> Decision:
    """Approved, and the first two parts of the checklist are done (R15)."""
    items = (
        pending("release.checklist", "§5.3", f"Open: {item}.", "See the checklist.", ("Engineer",))
        for item in open_items
    )
    return decide(_approved(number, is_approved=is_approved), *items)


def may_publish(*, watch_until: datetime | None, is_watched: bool, are_notes_published: bool) -> Decision:
    """The 30 minutes are over and the notes are published (§5.3)."""
    watched = passed("release.watched", "§5.3", "It was watched for its 30 minutes.")
    if not is_watched:
        until = f" until {utc_text(watch_until)}" if watch_until else ""
        watched = pending("release.being_watched", "§5.3", f"It is being watched{until}.", "Wait until then.")
    notes = passed("release.notes_published", "§5.5", "Its notes are published.")
    if not are_notes_published:
        message = "Its release notes are not published."
        notes = pending("release.notes_missing", "§5.5", message, "Write and publish them.", ("Engineer", "Product"))
    return decide(watched, notes)


def _approved(number: str, *, is_approved: bool) -> Reason:
    if is_approved:
        return passed("release.approved", "§5.2", f"{number} is approved.")
    message = f"{number}, its change, is not approved."
    return pending("release.not_approved", "§5.2", message, "Have it approved.", ("Approvers",), change=number)


def _word(state: str) -> str:
    return state.replace("_", " ")


def description_of(service: str, version: str, *, type: str, changelog: str) -> str:  # noqa: A002 - the contract's word
    """What its change says of it: its changelog, as far as it is known when it is opened."""
    what = f"Release {service} {version}, a {type} release."
    return f"{what}\n\n{changelog[:LONGEST_DRAFT]}" if changelog else what


def known_answers(
    *, are_registered: bool, has_migrations: bool, is_breaking: bool, is_security: bool
) -> dict[str, bool | None]:
    """What of the seven questions of §5.6 the artifacts answer by themselves; the rest is asked of people."""
    return {
        "database_schema": True if has_migrations else (False if are_registered else None),
        "breaking_api": is_breaking or None,
        "security": is_security or None,
    }
