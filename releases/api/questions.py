"""What a pipeline sent, as a question to the gate. Shapes are the serializers', meanings are checked here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson

from changes.policy.scope import Action
from cybercube_portal.catalog.states import ENVIRONMENT_NAMES
from cybercube_portal.catalog.versions import LATEST, parse_version
from cybercube_portal.errors import FieldError, Invalid
from releases.actions.gate import Asked
from releases.api.serializers import AskSerializer, ForecastRequestSerializer
from releases.policy.gate import Question

LONGEST_FORECAST = timedelta(days=366)
FORECAST = timedelta(days=30)
WITHOUT_VERSION = frozenset({Action.CONFIGURE.value, Action.SCALE.value})

# A serializer copies all its fields when it is made, which costs more than the validation; these keep nothing of a request.
_ASK, _FORECAST = AskSerializer(), ForecastRequestSerializer()


def read_question(body: Any, *, idempotency_key: str, vouched_run: Mapping[str, Any]) -> Asked:  # noqa: ANN401 - any JSON
    """The body of POST gate/decisions/. `vouched_run` is what the CI platform's own token says of the run, which counts.

    Raises rest_framework's ValidationError for another shape, Invalid with every error for what means nothing.
    """
    sent: dict[str, Any] = _ASK.run_validation(body)
    errors = [*_about_version(sent), *_about_moment(sent)]
    if "template" in sent and "change" in sent:
        message = "Name a change, or a template to file one from, not both."
        errors.append(FieldError("/template", "gate.change_and_template", message))
    _refuse(errors)
    return Asked(
        question=question_of(sent),
        version=sent.get("version", ""),
        run=vouched_run or sent.get("run", {}),
        actor=sent.get("actor", ""),
        files_change="template" in sent,
        idempotency_key="" if sent["dry_run"] else idempotency_key,
        question_hash=hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest(),
        dry_run=sent["dry_run"],
        at=sent.get("at"),
    )


def read_forecast(body: Any, *, now: datetime) -> tuple[Question, datetime, datetime]:  # noqa: ANN401 - any JSON
    """The body of POST gate/forecast/: the question, and from when to when. Raises as read_question."""
    sent: dict[str, Any] = _FORECAST.run_validation(body)
    start = max(now, sent.get("from", now))
    end = sent.get("to", start + FORECAST)
    errors = list(_about_version(sent))
    if not start < end <= start + LONGEST_FORECAST:
        message = (
            f"A forecast ends after it starts and after now, and looks at most {LONGEST_FORECAST.days} days ahead."
        )
        errors.append(FieldError("/to", "gate.forecast_range", message))
    _refuse(errors)
    return question_of(sent), start, end


def question_of(sent: Mapping[str, Any]) -> Question:
    """The validated members as a question; an unknown environment stays as it was written, for the gate to refuse."""
    environment = sent["environment"]
    return Question.named(
        service=sent["service"],
        version=sent.get("version", ""),
        environment=str(ENVIRONMENT_NAMES.get(environment.lower(), environment)),
        action=Action(sent["action"]),
        digest=sent.get("digest", ""),
        change=sent.get("change", ""),
    )


def _about_version(sent: Mapping[str, Any]) -> Iterator[FieldError]:
    version = sent.get("version")
    if version is None:
        if sent["action"] not in WITHOUT_VERSION:
            yield FieldError(
                "/version", "version.missing", f"To {sent['action']}, name a version such as v2.3.1 (§3.2)."
            )
    elif version != LATEST:
        try:
            parse_version(version)
        except ValueError as error:
            yield FieldError("/version", "version.malformed", str(error))


def _about_moment(sent: Mapping[str, Any]) -> Iterator[FieldError]:
    if "at" in sent and not sent["dry_run"]:
        yield FieldError("/at", "gate.at_without_dry_run", "Another moment is judged in a dry run only.")


def _refuse(errors: list[FieldError]) -> None:
    if errors:
        raise Invalid(errors, message=" ".join(error.message for error in errors))
