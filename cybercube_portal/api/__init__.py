"""REST defaults: one exception handler (problem+json), strict input, paging, idempotency, throttling, schema; closed by default."""

from __future__ import annotations

from cybercube_portal.api.callers import address_of, credential_of
from cybercube_portal.api.idempotency import answer_once, idempotent, idempotent_hiding
from cybercube_portal.api.paging import CursorPagination, Page, cut_page
from cybercube_portal.api.preconditions import etag_of, is_named, names_tag, require_if_match
from cybercube_portal.api.problems import Problem, answer, exception_handler, problem_of
from cybercube_portal.api.reading import StrictJSONParser, read_body, read_json
from cybercube_portal.api.refusals import Malformed
from cybercube_portal.api.routes import path_both
from cybercube_portal.api.strict import (
    MomentField,
    StrictSerializer,
    nearest,
    read_members,
    read_parameters,
    refuse_unknown_parameters,
)
from cybercube_portal.api.throttling import CredentialThrottle, Rate, take

__all__ = [
    "CredentialThrottle",
    "CursorPagination",
    "Malformed",
    "MomentField",
    "Page",
    "Problem",
    "Rate",
    "StrictJSONParser",
    "StrictSerializer",
    "address_of",
    "answer",
    "answer_once",
    "credential_of",
    "cut_page",
    "etag_of",
    "exception_handler",
    "idempotent",
    "idempotent_hiding",
    "is_named",
    "names_tag",
    "nearest",
    "path_both",
    "problem_of",
    "read_body",
    "read_json",
    "read_members",
    "read_parameters",
    "refuse_unknown_parameters",
    "require_if_match",
    "take",
]
