"""The one reader of `CYBERCUBE_*` variables (STD-ENG-006 section 1.3: `CYBERCUBE_{CATEGORY}_{NAME}`).

Standard library only: the supervisor reads the same table before Django is there. A value comes from the variable itself, from the file
named by `<NAME>_FILE` (secrets only), from the addresses a running `./portal up` left in the data folder, or from the default, in that order.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Generic, TypeVar

from cybercube_portal.settings.forms import (
    boolean,
    count,
    database_url,
    duration,
    folder,
    networks,
    one_of,
    port,
    redis_url,
    web_url,
    web_url_or_nothing,
    words,
)

T = TypeVar("T")

PREFIX = "CYBERCUBE_"
ADDRESSES = "addresses.json"


class VariableError(ValueError):
    """A variable whose value cannot be read; the message names the variable and what it should look like."""


@dataclass(frozen=True, slots=True)
class Variable(Generic[T]):
    """One row of the table. `default` is text, parsed like a set value, so that a default can never have another type."""

    name: str
    parse: Callable[[str], T]
    default: str
    help: str
    secret: bool = False

    def find(self, environ: Mapping[str, str]) -> tuple[str, str]:
        """The text of the value and where it came from. Raises VariableError for a secret's file that cannot be read."""
        if environ.get(self.name):
            return environ[self.name], "environment"
        path = environ.get(f"{self.name}_FILE")
        if self.secret and path:
            try:
                return Path(path).read_text(encoding="utf-8").strip(), f"file {path}"
            except OSError as error:
                raise VariableError(f"{self.name}_FILE={path}: {error.strerror}") from error
        if self.name in RUNNING:
            running = addresses(environ)
            if self.name in running:
                return running[self.name], "running stack"
        return self.default, "default"

    def read(self, environ: Mapping[str, str] | None = None) -> T:
        """The typed value. Raises VariableError, never showing a secret's value."""
        text, source = self.find(os.environ if environ is None else environ)
        try:
            return self.parse(text)
        except ValueError as error:
            shown = "its value" if self.secret else repr(text)
            raise VariableError(f"{self.name} ({source}): {shown} is not valid: {error}") from error


ENV = Variable(
    "CYBERCUBE_ENV",
    one_of("dev", "stg", "prd"),
    "dev",
    "Which environment this is; stg and prd use the production settings.",
)
SECRET_KEY = Variable(
    "CYBERCUBE_SECRET_KEY", str, "", "Signs sessions and links; 50 random characters or more.", secret=True
)
BASE_URL = Variable(
    "CYBERCUBE_BASE_URL",
    web_url,
    "http://127.0.0.1:8000",
    "Where people reach the portal; links in mail start with it.",
)
ALLOWED_HOSTS = Variable(
    "CYBERCUBE_ALLOWED_HOSTS", words, "localhost,127.0.0.1,[::1]", "Host names the portal answers to, between commas."
)
DATABASE_URL = Variable(
    "CYBERCUBE_DATABASE_URL", database_url, "postgresql:///cybercube", "PostgreSQL 15 or later.", secret=True
)
REDIS_URL = Variable(
    "CYBERCUBE_REDIS_URL", redis_url, "redis://127.0.0.1:6379/0", "Redis 7 or Valkey: broker and cache.", secret=True
)
DATA_DIR = Variable("CYBERCUBE_DATA_DIR", folder, "var", "Static files, and what `./portal up` keeps: database, logs.")
WEB_PORT = Variable("CYBERCUBE_WEB_PORT", port, "8000", "Port of `./portal up`; taken: the next free one.")
STREAM_URL = Variable(
    "CYBERCUBE_STREAM_URL",
    web_url_or_nothing,
    "",
    "Where clients of flags listen for changes (the ASGI process); empty: they ask again from time to time.",
)
WEB_WORKERS = Variable("CYBERCUBE_WEB_WORKERS", count, "2", "Web processes.")
WEB_THREADS = Variable(
    "CYBERCUBE_WEB_THREADS", count, "16", "Threads of a web process; one waiting gate call holds one."
)
WEB_PROXIES = Variable(
    "CYBERCUBE_WEB_PROXIES", count, "0", "Reverse proxies in front whose X-Forwarded-* headers are believed."
)
DEMO = Variable("CYBERCUBE_DEMO", boolean, "1", "0: `./portal up` leaves an empty database empty.")
HEALTH_ALLOWED_NETWORKS = Variable(
    "CYBERCUBE_HEALTH_ALLOWED_NETWORKS",
    networks,
    "127.0.0.0/8,::1/128",
    "Who may read /health and /metrics (ruling R4).",
)
GATE_TOKEN_LIFETIME = Variable(
    "CYBERCUBE_GATE_TOKEN_LIFETIME", duration, "15m", "How long an allow of the gate stays valid."
)
API_RATE = Variable(
    "CYBERCUBE_API_RATE", count, "50", "Requests a second of one credential, ten seconds' worth at once; 0: no limit."
)
GATE_RATE = Variable("CYBERCUBE_GATE_RATE", count, "200", "The same for the gate, whose calls are counted apart.")
OFREP_RATE = Variable(
    "CYBERCUBE_OFREP_RATE",
    count,
    "2000",
    "Flags asked for (OFREP) a second by one key, ten seconds' worth at once; a browser's key is one key; 0: no limit.",
)
GATE_SIGNED_ARTIFACTS = Variable(
    "CYBERCUBE_GATE_SIGNED_ARTIFACTS",
    boolean,
    "0",
    "1: only artifacts that carry a builder's signature leave dev (ruling R14).",
)
SIGNING_KEY = Variable(
    "CYBERCUBE_SIGNING_KEY",
    str,
    "",
    "Ed25519 private key (PEM) for gate tokens and audit checkpoints; in dev one is made in the data folder.",
    secret=True,
)
SIGNING_PREVIOUS_KEYS = Variable(
    "CYBERCUBE_SIGNING_PREVIOUS_KEYS",
    str,
    "",
    "Keys (PEM, public ones suffice) whose signatures still count after a rotation.",
    secret=True,
)
OUTBOUND_NETWORKS = Variable(
    "CYBERCUBE_OUTBOUND_NETWORKS",
    networks,
    "",
    "Private networks the portal may call, such as 10.20.0.0/16; metadata and tunnels never.",
)
OUTBOUND_HOSTS = Variable(
    "CYBERCUBE_OUTBOUND_HOSTS",
    words,
    "",
    "Host names the portal may call besides those registered for a service; *.example.com takes in what is below.",
)
DEPLOYMENT_DEADLINE = Variable(
    "CYBERCUBE_DEPLOYMENT_DEADLINE",
    duration,
    "2h",
    "How long a deployment or a canary step may run before it counts as failed.",
)
VERIFICATION_DEADLINE = Variable(
    "CYBERCUBE_VERIFICATION_DEADLINE",
    duration,
    "15m",
    "How long a finished deployment may stay unverified before it counts as failed.",
)
VERIFICATION_TIMEOUT = Variable(
    "CYBERCUBE_VERIFICATION_TIMEOUT", duration, "5s", "How long one check of a deployment waits for an answer."
)
VERIFICATION_SETTLE = Variable(
    "CYBERCUBE_VERIFICATION_SETTLE",
    duration,
    "30s",
    "How long after a deployment finished its service may still answer as before without failing.",
)
PROMETHEUS_URL = Variable(
    "CYBERCUBE_PROMETHEUS_URL",
    web_url_or_nothing,
    "",
    "Prometheus that error rates and latencies are read from; empty: those checks are inconclusive.",
)
PROMETHEUS_TOKEN = Variable(
    "CYBERCUBE_PROMETHEUS_TOKEN", str, "", "Bearer token for that Prometheus, if it asks for one.", secret=True
)
WATCH_DURATION = Variable(
    "CYBERCUBE_WATCH_DURATION", duration, "30m", "How long a deployment is watched once it is verified (§5.3)."
)
WATCH_INTERVAL = Variable("CYBERCUBE_WATCH_INTERVAL", duration, "30s", "How often it is looked at meanwhile.")
OBSERVATION_INTERVAL = Variable(
    "CYBERCUBE_OBSERVATION_INTERVAL",
    duration,
    "60s",
    "How often /health of every service is read in every environment; 0s: never.",
)
KUBERNETES_URL = Variable(
    "CYBERCUBE_KUBERNETES_URL",
    web_url_or_nothing,
    "",
    "API server that the rollback driver kubernetes speaks to; its network must be among CYBERCUBE_OUTBOUND_NETWORKS if private.",
)
KUBERNETES_TOKEN = Variable(
    "CYBERCUBE_KUBERNETES_TOKEN",
    str,
    "",
    "Bearer token of a service account there that may get and patch deployments, and nothing else.",
    secret=True,
)
KUBERNETES_CA = Variable(
    "CYBERCUBE_KUBERNETES_CA",
    str,
    "",
    "Certificates (PEM) that vouch for that API server; empty: those of the system.",
    secret=True,
)
KUBERNETES_CONFIG = Variable(
    "CYBERCUBE_KUBERNETES_CONFIG",
    str,
    "",
    "Instead of these three: the path of a kubeconfig file, or in-cluster where the portal runs inside the cluster.",
)
KUBERNETES_CONTEXT = Variable(
    "CYBERCUBE_KUBERNETES_CONTEXT",
    str,
    "",
    "Which context of that file; {environment} stands for dev, stg or prd. Empty: its current one.",
)
MAIL_HOST = Variable("CYBERCUBE_MAIL_HOST", str, "", "SMTP server; empty: mail is written to the log.")
MAIL_PORT = Variable("CYBERCUBE_MAIL_PORT", port, "587", "Port of the SMTP server.")
MAIL_USER = Variable("CYBERCUBE_MAIL_USER", str, "", "Name at the SMTP server.")
MAIL_PASSWORD = Variable("CYBERCUBE_MAIL_PASSWORD", str, "", "Password at the SMTP server.", secret=True)
MAIL_STARTTLS = Variable("CYBERCUBE_MAIL_STARTTLS", boolean, "1", "0: speak to the SMTP server without STARTTLS.")
MAIL_FROM = Variable("CYBERCUBE_MAIL_FROM", str, "CYBERCUBE portal <portal@localhost>", "Sender of the portal's mail.")
EVIDENCE_AT_ONCE = Variable(
    "CYBERCUBE_EVIDENCE_AT_ONCE",
    count,
    "200",
    "Changes of an evidence pack that is made while its reader waits; a worker makes larger ones.",
)
NOTICE_QUIET_TIME = Variable(
    "CYBERCUBE_NOTICE_QUIET_TIME",
    duration,
    "10m",
    "How long nothing more may happen to a thing before its watchers get what happened in one mail; the first comes at once.",
)
LOG_LEVEL = Variable(
    "CYBERCUBE_LOG_LEVEL", one_of("DEBUG", "INFO", "WARNING", "ERROR"), "INFO", "Least level that is logged."
)
BUILD_GIT_SHA = Variable(
    "CYBERCUBE_BUILD_GIT_SHA", str, "unknown", "Commit this build was made from; /health shows it."
)

VARIABLES: tuple[Variable[Any], ...] = tuple(row for row in globals().values() if isinstance(row, Variable))
RUNNING = frozenset({DATABASE_URL.name, REDIS_URL.name, BASE_URL.name})


def addresses(environ: Mapping[str, str]) -> dict[str, str]:
    """What a running `./portal up` left in the data folder: variable names to values; empty when none runs."""
    try:
        found: dict[str, str] = json.loads((DATA_DIR.read(environ) / ADDRESSES).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found


def unknown(environ: Mapping[str, str]) -> list[tuple[str, str | None]]:
    """Each `CYBERCUBE_*` name nobody reads, with the nearest name that somebody does."""
    known = {row.name for row in VARIABLES} | {f"{row.name}_FILE" for row in VARIABLES if row.secret}
    tails = {name.removeprefix(PREFIX): name for name in known}
    strange = sorted(name for name in environ if name.startswith(PREFIX) and name not in known)
    near = {name: get_close_matches(name.removeprefix(PREFIX), tails, n=1) for name in strange}
    return [(name, tails[near[name][0]] if near[name] else None) for name in strange]
