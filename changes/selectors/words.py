"""The words of the list of changes (ui.md section 2 "Lists")."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from changes.models import Signature, Template
from changes.selectors.changes import holds_text
from changes.states import OPEN_STATES, ChangeOutcome, ChangeState, ChangeType, Risk, SignatureState
from cybercube_portal.catalog.registers import Owned
from cybercube_portal.catalog.words import environment_word, service_word, team_word
from cybercube_portal.people.words import person_word
from cybercube_portal.query import Asker, Language, Named, Names, OneOf, Text, Time, Word

S = ChangeState
# Every state is in exactly one of the last five; `open` gathers what is not over.
GROUPS: dict[str, frozenset[ChangeState]] = {
    "open": OPEN_STATES,
    "draft": frozenset({S.DRAFT}),
    "in_review": frozenset({S.IN_REVIEW}),
    "approved": frozenset({S.APPROVED}),
    "under_way": frozenset({S.IMPLEMENTING, S.VERIFYING, S.ROLLED_BACK, S.DOCUMENTING}),
    "over": frozenset({S.CLOSED, S.CANCELLED, S.REJECTED, S.EXPIRED}),
}
TEMPLATES = Names(
    find=lambda slugs: dict(Template.objects.filter(slug__in=slugs).values_list("slug", "pk")),
    every=lambda: Template.objects.values_list("slug", flat=True),
)


def _overdue(asker: Asker) -> Q:
    return Q(type=ChangeType.EMERGENCY, recorded_at__isnull=True, record_due_at__lt=asker.now)


def _unconfirmed(asker: Asker) -> Q:
    return Q(type=ChangeType.EMERGENCY, confirmed_at__isnull=True, confirm_by__lt=asker.now)


def _by_services(owned: Owned) -> Q:
    return Q(services__overlap=list(owned.slugs))


def _signed_by(person: int) -> Q:
    signatures = Signature.objects.filter(
        change=OuterRef("pk"), signer=person, state__in=[SignatureState.GIVEN, SignatureState.REFUSED]
    )
    return Q(Exists(signatures))


WORDS = (
    Word(
        name="is",
        means=_("Where it stands, several states under one word; overdue: its record is due (§6.4)"),
        values=OneOf(
            {
                **{word: Q(state__in=sorted(states)) for word, states in GROUPS.items()},
                "overdue": _overdue,
                "unconfirmed": _unconfirmed,
            }
        ),
        example="open",
    ),
    Word(
        name="state",
        means=_("Its state exactly"),
        values=OneOf({state.value: Q(state=state) for state in ChangeState}),
        example="verifying",
    ),
    Word(
        name="type",
        means=_("Standard, normal or emergency (§6.1)"),
        values=OneOf({kind.value: Q(type=kind) for kind in ChangeType}),
        example="normal",
    ),
    Word(
        name="risk",
        means=_("Its risk (§5.6)"),
        values=OneOf({risk.value: Q(risk_level=risk) for risk in Risk}),
        example="high,critical",
    ),
    service_word(_by_services),
    team_word(_by_services),
    environment_word(lambda code: Q(environments__contains=[code])),
    person_word("requester", _("Who filed it"), lambda person: Q(requester=person)),
    person_word("approver", _("Who approved or refused it"), _signed_by),
    person_word("implementer", _("Who started it"), lambda person: Q(implementer=person)),
    Word(
        name="template",
        means=_("The template of a standard change (§6.2)"),
        values=Named(TEMPLATES, lambda template: Q(template=template)),
        example="routine-deployment",
    ),
    Word(
        name="release",
        means=_("The release it is for"),
        values=Text(lambda reference: Q(release=reference)),
        example="REL-001",
    ),
    Word(
        name="outcome",
        means=_("How it ended"),
        values=OneOf({outcome.value: Q(outcome=outcome) for outcome in ChangeOutcome}),
        example="rolled_back",
    ),
    Word(
        name="scheduled",
        means=_("When it is planned to start"),
        values=Time("scheduled_time", ahead=True),
        example="7d",
    ),
    Word(name="created", means=_("When it was filed"), values=Time("created_at"), example=">=2026-01-01"),
    Word(name="updated", means=_("When anything of it changed last"), values=Time("updated_at"), example="today"),
    Word(name="closed", means=_("When it was over"), values=Time("closed_at"), example="2026-01"),
)

LANGUAGE = Language(
    words=WORDS,
    text=holds_text,
    text_means=_("part of the number or the title"),
    orders={
        "-created": ("-created_at", "-id"),
        "created": ("created_at", "id"),
        "scheduled": ("scheduled_time", "id"),
        "-scheduled": ("-scheduled_time", "-id"),
        "-updated": ("-updated_at", "-id"),
        "updated": ("updated_at", "id"),
    },
    usual="is:open",
)
