"""The command `cybercube`: arguments in, one exit code out; whatever is unexpected is never success."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn, TextIO, cast

from cybercube import __version__
from cybercube.arguments import add_common, add_credentials, digest, duration, word
from cybercube.checks import add_check
from cybercube.credentials import find_bearer
from cybercube.decision import Decision, Outcome
from cybercube.deploying import add_deployment
from cybercube.exits import Exit, Failure, Unreachable, UsageError
from cybercube.flagging import add_flags
from cybercube.gate import ask_gate
from cybercube.lint import add_sql
from cybercube.portal import Portal
from cybercube.report import as_json, leave_for_later_steps, one_line, rows
from cybercube.reporting import add_report
from cybercube.runs import current_run
from cybercube.wire import in_the_clear, web_address

ACTIONS = ("deploy", "rollback", "migrate", "configure", "scale")
EXIT_CODES = """exit codes:
  0 allowed   1 refused   2 usage   3 waiting timed out   4 not authenticated   5 portal unreachable or unreadable"""


def run() -> NoReturn:
    """The console script: zipapp and pip call it, so the code is passed on here and not by the caller."""
    sys.exit(int(main()))


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; `argv` without the program's name. Returns an Exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        cast("TextIO", stream).reconfigure(encoding="utf-8", errors="replace")  # type: ignore[attr-defined]
    try:
        if arguments[:2] == ["audit", "verify"]:
            from cybercube import evidence_verify  # noqa: PLC0415  # what it needs must not stop the gate

            return evidence_verify.main(arguments[2:])
        options = _parser().parse_args(arguments)
        code: Exit = options.command(options)
        sys.stdout.flush()
    except Failure as failure:
        _tell(str(failure))
        return failure.code
    except KeyboardInterrupt:
        return 130
    except Exception as fault:  # noqa: BLE001  # nobody foresaw it, so nobody may read it as permission
        _tell(f"unexpected {type(fault).__name__}: {fault}")
        return Exit.UNREACHABLE
    return code


def _gate(options: argparse.Namespace) -> Exit:
    if options.dry_run and options.wait:
        raise UsageError("--dry-run leaves nothing to --wait for")
    decision = ask_gate(
        _portal(options), _question(options), wait=options.wait, timeout=options.timeout, tell=_Progress()
    )
    asked = f"{options.service} {options.version} -> {options.environment}"
    for line in [as_json(decision.body)] if options.json else rows(decision, asked=asked):
        print(line)
    leave_for_later_steps(decision, os.environ, env_file=options.env_file)
    if decision.outcome is Outcome.ALLOW:
        return Exit.ALLOWED
    if decision.outcome is Outcome.WAIT and options.wait:
        _tell("the time to wait is over")
        return Exit.TIMED_OUT
    return Exit.REFUSED


def _question(options: argparse.Namespace) -> dict[str, object]:
    """The body of POST gate/decisions/: what was given, and the CI run that asks."""
    names = ("service", "version", "environment", "action", "digest", "change", "template", "dry_run")
    question = {name: getattr(options, name) for name in names if getattr(options, name)}
    run = current_run(os.environ)
    return {**question, "run": run} if run else question


def _verify_token(options: argparse.Namespace) -> Exit:
    try:
        from cybercube.tokens import read_jwks, verify_token  # noqa: PLC0415  # PyJWT is an optional extra
    except ImportError as fault:
        raise UsageError(f'verify-token needs pip install "cybercube[verify]" ({fault})') from None
    jwks, issuer = options.jwks, options.issuer
    if not (jwks and issuer):
        portal = web_address(os.environ.get("CYBERCUBE_PORTAL_URL", ""), name="CYBERCUBE_PORTAL_URL")
        jwks = jwks or f"{portal}/.well-known/jwks.json"
        issuer = issuer or portal
    token = sys.stdin.read().strip() if options.token == "-" else options.token  # noqa: S105  # a dash is no secret
    names = ("service", "version", "environment", "digest", "change")
    expected = {name: getattr(options, name) for name in names if getattr(options, name)}
    claims = verify_token(token, read_jwks(jwks), issuer=issuer, audience=options.audience, expected=expected)
    print(as_json(claims))
    return Exit.ALLOWED


def _portal(options: argparse.Namespace) -> Portal:
    url = web_address(os.environ.get("CYBERCUBE_PORTAL_URL", ""), name="CYBERCUBE_PORTAL_URL")
    bearer = find_bearer(os.environ, oidc=options.oidc, audience=options.oidc_audience or url)
    if in_the_clear(url):
        _tell("warning: CYBERCUBE_PORTAL_URL is plain http, the credential travels in the clear")
    return Portal(url=url, bearer=bearer)


class _Progress:
    """Says on stderr what is waited for, once for each change of it."""

    def __init__(self) -> None:
        self.last = ""

    def __call__(self, news: Decision | Unreachable) -> None:
        if isinstance(news, Unreachable):
            line = f"trying again: {news}"
        else:
            pending = [f"{reason.code} ({reason.message})" for reason in news.reasons if reason.outcome == "pending"]
            line = f"waiting ({news.id}) for: {'; '.join(pending) or 'the portal'}"
            if news.next_allowed_at:
                line += f"; next allowed at {news.next_allowed_at}"
        if line != self.last:
            self.last = line
            _tell(line)


def _tell(text: str) -> None:
    print(f"cybercube: {one_line(text)}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cybercube", description="The CYBERCUBE portal from a pipeline.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"cybercube {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_gate(commands)
    add_deployment(commands, connect=_portal, epilog=EXIT_CODES, tell=_tell)
    _add_verify_token(commands)
    add_credentials(add_sql(add_check(commands), connect=_portal))
    add_flags(commands, connect=_portal)
    add_report(commands, connect=_portal)
    audit = commands.add_parser("audit", help="check an export of the audit trail", allow_abbrev=False)
    audit.add_subparsers(required=True, metavar="COMMAND").add_parser(
        "verify", help="check an export, or an evidence pack (zip), offline: cybercube audit verify FILE"
    )
    return parser


def _add_gate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    gate = commands.add_parser(
        "gate",
        help="ask whether a version may go to an environment",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    gate.set_defaults(command=_gate)
    gate.add_argument("service", metavar="SERVICE", type=word)
    gate.add_argument("version", metavar="VERSION", type=word)
    gate.add_argument("environment", metavar="ENV", type=word)
    gate.add_argument("--digest", type=digest, metavar="sha256:…", help="of the artifact that will be deployed")
    authority = gate.add_mutually_exclusive_group()
    authority.add_argument("--change", type=word, metavar="CR", help="the approved change, e.g. CR-2026-0117-001")
    authority.add_argument("--template", type=word, metavar="NAME", help="a standard change, made in the same call")
    gate.add_argument("--action", choices=ACTIONS, default="deploy")
    gate.add_argument("--wait", type=duration, default=0, metavar="30m", help="how long `wait` may last (90s, 30m, 2h)")
    gate.add_argument("--dry-run", action="store_true", help="only ask: no decision that a deployment could spend")
    add_common(gate, left="the decision")


def _add_verify_token(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    verify = commands.add_parser("verify-token", help="check a decision's token offline", allow_abbrev=False)
    verify.set_defaults(command=_verify_token)
    verify.add_argument("token", metavar="TOKEN", type=word, help="the token, or - to read it from standard input")
    verify.add_argument("--jwks", type=word, metavar="URL|FILE", help="(default: the portal's /.well-known/jwks.json)")
    verify.add_argument("--issuer", type=word, help="(default: CYBERCUBE_PORTAL_URL)")
    verify.add_argument("--audience", type=word, default="cybercube-gate", help="(default: %(default)s)")
    for name in ("service", "version", "environment", "digest", "change"):
        verify.add_argument(f"--{name}", type=word, help=f"refuse a token for another {name}")
