"""One number from Prometheus: the instant query of its HTTP API, and how old the sample behind it is."""

from __future__ import annotations

import re
from urllib.parse import urlencode, urlsplit

from releases.checks.asking import ask
from releases.checks.facts import CheckFacts
from releases.policy.readings import Doubt, Reply, read_age, read_sample
from releases.policy.verification import Finding, judge_metric, unmade
from releases.states import CheckKind

_SELECTOR = re.compile(r"\s*[a-zA-Z_:][a-zA-Z0-9_:]*\s*(?:\{[^{}]*\})?\s*")


def judge(kind: CheckKind, facts: CheckFacts) -> Finding:
    """The verdict on one metric of §4.7."""
    threshold = facts.thresholds.of_kind(kind) or 0.0
    if not facts.prometheus_url:
        message = "No Prometheus is set: name it in CYBERCUBE_PROMETHEUS_URL."
        return unmade(kind, "metric.not_configured", message, threshold=threshold)
    query = facts.queries.get(kind.value, "")
    return judge_metric(kind, read(facts, query), threshold=threshold, query=query)


def read(facts: CheckFacts, query: str) -> float | Doubt:
    """The number that `query` gives for the moment `facts.at`, or why there is none.

    The sample's age is asked apart where the query is a plain series; of an expression only Prometheus' own date is known.
    """
    found = read_sample(_query(facts, query), at=facts.at)
    if isinstance(found, Doubt) or not _SELECTOR.fullmatch(query):
        return found
    return read_age(_query(facts, f"timestamp({query})"), at=facts.at) or found


def _query(facts: CheckFacts, query: str) -> Reply:
    asked = urlencode({"query": query, "time": f"{facts.at.timestamp():.3f}", "timeout": f"{facts.timeout:g}s"})
    headers = {"Authorization": f"Bearer {facts.prometheus_token}"} if facts.prometheus_token else {}
    url = facts.prometheus_url.rstrip("/")
    host = urlsplit(url).hostname or ""
    return ask(f"{url}/api/v1/query?{asked}", hosts=(host,), timeout=facts.timeout, headers=headers)
