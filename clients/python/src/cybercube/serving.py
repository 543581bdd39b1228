"""`cybercube flags list|show|enable|ramp|export`: what is served where, and more or fewer people of it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from cybercube.arguments import duration, flag_key, word
from cybercube.exits import Exit, Unreachable, UsageError
from cybercube.portal import Portal
from cybercube.report import as_json

SECONDS = 60.0
LARGEST_EXPORT = 32 * 1024 * 1024
ENVIRONMENTS = ("dev", "stg", "prd")
FORMATS = ("portal", "flagd", "standard")
MOST_PAGES = 200

Connect = Callable[[argparse.Namespace], Portal]
AddVerb = Callable[[str, str], argparse.ArgumentParser]


def add_serving(verb: AddVerb, *, connect: Connect) -> None:
    """Add the verbs; `verb(name, words)` makes the parser of one."""
    listed = verb(
        "list", "flags with what is served where; in the portal's query language, such as is:expired team:payments"
    )
    listed.set_defaults(command=lambda options: _list(options, connect(options)))
    listed.add_argument("query", metavar="QUERY", nargs="*", help="(default: is:in_use)")
    show = verb("show", "one flag: its stage, and what is served in each environment")
    show.set_defaults(command=lambda options: _show(options, connect(options)))
    show.add_argument("key", metavar="KEY", type=flag_key)
    enable = verb(
        "enable", "switch it on, or open it to so many people; in prd beyond 5 %% by a change, which is named"
    )
    enable.set_defaults(command=lambda options: _enable(options, connect(options)))
    _where(enable)
    enable.add_argument("--percent", type=percentage, metavar="P", help="0 to 100 (default: as it is set)")
    ramp = verb("ramp", "serve it to more and more people, each step held for a time")
    ramp.set_defaults(command=lambda options: _ramp(options, connect(options)))
    _where(ramp)
    ramp.add_argument(
        "--steps", type=ramp_steps, metavar="1:1h,5:1h,100", help="(default: 1, 5, 25, 50, 100, an hour each)"
    )
    export = verb(
        "export", "every flag of an environment, as a bootstrap file, for flagd, or as the standard writes it"
    )
    export.set_defaults(command=lambda options: _export(options, connect(options)))
    export.add_argument("environment", metavar="ENV", choices=ENVIRONMENTS)
    export.add_argument("--format", choices=FORMATS, default="portal")
    export.add_argument("--output", type=Path, metavar="FILE", help="(default: standard output)")


def _where(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("key", metavar="KEY", type=flag_key)
    parser.add_argument("environment", metavar="ENV", choices=ENVIRONMENTS)
    parser.add_argument("--reason", type=word, help="why; the portal says where it is needed")


def percentage(text: str) -> float:
    """0 to 100, with or without a sign."""
    try:
        found = float(text.removesuffix("%"))
    except ValueError:
        found = -1.0
    if not 0 <= found <= 100:  # noqa: PLR2004 - per cent
        raise argparse.ArgumentTypeError("must be 0 to 100")
    return found


def ramp_steps(text: str) -> list[dict[str, Any]]:
    """`1:1h,5:approval,100`: percent, and how long it is held or that somebody is waited for."""
    steps: list[dict[str, Any]] = []
    for part in text.split(","):
        percent, _, hold = part.strip().partition(":")
        step: dict[str, Any] = {"percentage": percentage(percent)}
        if hold:
            step |= {"approval": True} if hold == "approval" else {"hold": duration(hold)}
        steps.append(step)
    return steps


def all_flags(portal: Portal, query: str) -> Iterator[dict[str, Any]]:
    """Every flag that the query finds."""
    asked = {"query": query}
    for _ in range(MOST_PAGES):
        page = portal.call(f"flags/?{urlencode(asked)}", seconds=SECONDS, largest=LARGEST_EXPORT)
        results, following = page.get("results"), page.get("next")
        if not isinstance(results, list):
            raise Unreachable("the portal's answer is no list of flags")
        yield from results
        if not following:
            return
        # Only what it names is taken over: whatever host it names is not asked.
        asked = {name: values[0] for name, values in parse_qs(urlsplit(str(following)).query).items()}


def _list(options: argparse.Namespace, portal: Portal) -> Exit:
    flags = list(all_flags(portal, " ".join(options.query) or "is:in_use"))
    if options.json:
        print(as_json({"flags": flags}))
    for flag in flags if not options.json else ():
        served = "  ".join(f"{name} {_exposure(row)}" for name, row in _places(flag))
        print(f"{flag.get('key', ''):40} {flag.get('stage', ''):14} {served}".rstrip())
    return Exit.ALLOWED


def _show(options: argparse.Namespace, portal: Portal) -> Exit:
    flag = portal.call(f"flags/{quote(options.key, safe='')}/", seconds=SECONDS, largest=LARGEST_EXPORT)
    if options.json:
        print(as_json(flag))
        return Exit.ALLOWED
    print(f"{flag.get('key')}: {flag.get('name')} ({flag.get('type')}, {flag.get('stage')})")
    for label, member in (
        ("team", "team"),
        ("owner", "owner"),
        ("safe variant", "safe_variant"),
        ("expires", "expires_at"),
    ):
        if flag.get(member):
            print(f"  {label}: {flag[member]}")
    for name, row in _places(flag):
        rules = row.get("rules")
        number = len(rules) if isinstance(rules, list) else 0
        print(f"  {name}: {_exposure(row)}, version {row.get('version')}" + (f", rules: {number}" if number else ""))
    return Exit.ALLOWED


def _places(flag: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    places = flag.get("environments")
    for name in ENVIRONMENTS:
        row = places.get(name) if isinstance(places, dict) else None
        if isinstance(row, dict):
            yield name, row


def _exposure(row: dict[str, Any]) -> str:
    if row.get("killed"):
        return "killed"
    if not row.get("enabled"):
        return "off"
    sure, most = row.get("certain_exposure"), row.get("exposure")
    return f"{sure:g} %" + ("" if sure == most else " and rules")


def _enable(options: argparse.Namespace, portal: Portal) -> Exit:
    place = f"flags/{quote(options.key, safe='')}/environments/{options.environment}/"
    body: dict[str, object] = {"enabled": True, "version": _version(portal, place)}
    if options.percent is not None:
        body["rollout_percentage"] = options.percent
    body = _with_reason(body, options)
    return _asked(options, portal.call(place, method="PATCH", body=body, seconds=SECONDS, may_wait=True))


def _ramp(options: argparse.Namespace, portal: Portal) -> Exit:
    flag = f"flags/{quote(options.key, safe='')}/"
    version = _version(portal, f"{flag}environments/{options.environment}/")
    body: dict[str, object] = {"environment": options.environment, "version": version}
    if options.steps:
        body["steps"] = options.steps
    body = _with_reason(body, options)
    return _asked(options, portal.call(f"{flag}ramp/", body=body, seconds=SECONDS, may_wait=True))


def _version(portal: Portal, place: str) -> object:
    return portal.call(place, seconds=SECONDS, largest=LARGEST_EXPORT).get("version")


def _with_reason(body: dict[str, object], options: argparse.Namespace) -> dict[str, object]:
    return {**body, "reason": options.reason} if options.reason else body


def _asked(options: argparse.Namespace, answer: dict[str, Any]) -> Exit:
    if options.json:
        print(as_json(answer))
        return Exit.ALLOWED
    where, change, step = f"{options.key} in {options.environment}", answer.get("change"), answer.get("step")
    if isinstance(step, dict) and step.get("state") == "waiting":
        by = f": {change} was opened for it" if change else ""
        print(f"{where}: planned{by}; served now: {_exposure(answer)}")
    else:
        print(f"{where}: {_exposure(answer)}, version {answer.get('version')}" + (f", by {change}" if change else ""))
    return Exit.ALLOWED


def _export(options: argparse.Namespace, portal: Portal) -> Exit:
    asked = urlencode({"environment": options.environment, "format": options.format})
    text = as_json(portal.call(f"flags/definitions/?{asked}", seconds=SECONDS, largest=LARGEST_EXPORT))
    if options.output is None:
        print(text)
        return Exit.ALLOWED
    try:
        options.output.write_text(f"{text}\n", encoding="utf-8")
    except OSError as fault:
        raise UsageError(f"{options.output} cannot be written: {fault.strerror}") from None
    print(f"{options.output} is written", file=sys.stderr)
    return Exit.ALLOWED
