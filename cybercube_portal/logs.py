"""How the portal logs: one line per event with the request's id, as JSON or for people, and never a secret."""

from __future__ import annotations

import re
from typing import Any

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, Processor, WrappedLogger

SECRET = re.compile(r"authorization|cookie|password|passwd|secret|token|api_?key|private", re.IGNORECASE)
BEARER = re.compile(r"(?i)\b(bearer\s+)[^\s\"',;]+")
MASK = "[hidden]"


def hide_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask values whose name says secret, at any depth, and bearer credentials inside texts."""
    return {name: _hidden(name, value) for name, value in event.items()}


def _hidden(name: str, value: Any) -> Any:  # noqa: ANN401 - a log event holds anything
    if SECRET.search(name):
        return MASK
    if isinstance(value, dict):
        return {key: _hidden(str(key), inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_hidden("", inner) for inner in value]
    if isinstance(value, str):
        return BEARER.sub(rf"\1{MASK}", value)
    return value


def configure(*, json: bool, level: str) -> dict[str, Any]:
    """Set up structlog and return Django's LOGGING, so that both kinds of loggers write the same lines.

    json: one JSON object a line (production) or aligned text (a person at a terminal). level: a logging level's name.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    # Tracebacks without the values of variables: one of them may be a password.
    traceback = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
    console = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    last: list[Processor] = (
        [traceback, hide_secrets, structlog.processors.JSONRenderer()] if json else [hide_secrets, console]
    )
    structlog.configure(
        # What is not to be logged is not written first.
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
                "foreign_pre_chain": shared,
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": ["stderr"], "level": level, "propagate": False},
            # Names every log-in attempt with its address; failures alone are worth a line.
            "axes": {"level": "WARNING"},
            # Beat rings every other second: only what goes wrong is worth a line.
            **{key: {"level": "WARNING"} for key in ("celery.beat", "celery.worker.strategy", "celery.app.trace")},
        },
    }
