"""The moves of a release: who may, whether the rules allow it now, and why not. One table for actions, pages and the API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from changes.selectors.moves import MoveOption, blockers_of
from changes.states import ChangeState
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.decisions import Decision, Reason, decide, failed
from cybercube_portal.errors import MoveRefused, NotPermitted
from cybercube_portal.moves import sources_of
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import Permission, may
from releases import permissions, states
from releases.policy import releases as policy
from releases.selectors.own_change import for_its_change
from releases.selectors.release_situation import ReleaseSituation

Judge = Callable[[ReleaseSituation, Actor], Decision]


@dataclass(frozen=True, slots=True)
class MoveRule:
    """One verb: its permission, its reason guard, and the word on its button."""

    verb: str
    permission: Permission
    judge: Judge
    label: str


def _submit(situation: ReleaseSituation, actor: Actor) -> Decision:
    change = situation.change
    decision = policy.may_submit(number=change.number, change=change.state)
    if change.state != ChangeState.DRAFT:
        return decision
    # A missing piece of the change is the refusal.
    return decision + decide(*blockers_of(situation.of_change, "submit", actor=for_its_change(actor)))


def _stage(situation: ReleaseSituation, _actor: Actor) -> Decision:
    progress = situation.progress
    return policy.may_stage(
        number=situation.change.number, is_approved=progress.is_approved, has_failed=progress.has_staging_failed
    )


def _deploy(situation: ReleaseSituation, _actor: Actor) -> Decision:
    return policy.may_deploy(
        number=situation.change.number,
        is_approved=situation.progress.is_approved,
        open_items=situation.open_items,
    )


def _publish(situation: ReleaseSituation, _actor: Actor) -> Decision:
    release = situation.release
    return policy.may_publish(
        watch_until=release.watch_until,
        is_watched=situation.is_watched,
        are_notes_published=release.notes_published_at is not None,
    )


def _free(_situation: ReleaseSituation, _actor: Actor) -> Decision:
    return decide()


RULES: tuple[MoveRule, ...] = (
    MoveRule("submit", permissions.SUBMIT_RELEASE, _submit, "Submit for approval"),
    MoveRule("stage", permissions.STAGE_RELEASE, _stage, "Begin staging"),
    MoveRule("deploy", permissions.DEPLOY_RELEASE, _deploy, "Begin production"),
    MoveRule("publish", permissions.PUBLISH_RELEASE, _publish, "Publish the release"),
    MoveRule("cancel", permissions.CANCEL_RELEASE, _free, "Cancel"),
)
BY_VERB: dict[str, MoveRule] = {rule.verb: rule for rule in RULES}


def permit(situation: ReleaseSituation, verb: str, *, actor: Actor) -> None:
    """The three guards of a verb in their order: person, shape, reason.

    Raises NotPermitted, or MoveRefused with every reason that stands in the way.
    """
    rule = BY_VERB[verb]
    person = judge_person(situation, rule.permission, actor=actor).blockers
    if person:
        raise NotPermitted(person[0])
    shape = _shape(situation, verb)
    if shape is not None:
        raise MoveRefused(decide(shape))
    decision = rule.judge(situation, actor)
    if not decision.allowed:
        raise MoveRefused(decision)


def moves_for(situation: ReleaseSituation, *, actor: Actor) -> tuple[MoveOption, ...]:
    """Every verb that a release knows in its state, with what stands in the way for `actor`."""
    options = []
    for rule in RULES:
        if _shape(situation, rule.verb) is not None:
            continue
        person = judge_person(situation, rule.permission, actor=actor).blockers
        blockers = person or rule.judge(situation, actor).blockers
        options.append(MoveOption(rule.verb, rule.label, not blockers, blockers))
    return tuple(options)


def judge_person(situation: ReleaseSituation, permission: Permission, *, actor: Actor) -> Decision:
    """Whether `actor` may do it to this release."""
    release = situation.release
    services = [release.service.slug, *(entry["service"] for entry in release.artifacts)]
    return may(
        actor,
        permission,
        now=situation.now,
        teams=catalog.teams_of(services) if len(set(services)) > 1 else [release.service.team.slug],
        services=services,
        owner=release.created_by.username,
    )


def _shape(situation: ReleaseSituation, verb: str) -> Reason | None:
    release = situation.release
    possible = sources_of(states.RELEASE_MOVES, verb=verb)
    if release.state in possible:
        return None
    words = sorted(state.replace("_", " ") for state in possible)
    return failed(
        "state.move_not_possible",
        "§5.2",
        f"{release.reference} is {situation.state.replace('_', ' ')}: {verb} is not possible.",
        f"It is possible from {' or '.join(words)}.",
    )
