"""How the text of a `CYBERCUBE_*` variable becomes a value. Standard library only; every reader raises ValueError."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

BASE_DIR = Path(__file__).resolve().parent.parent.parent
LAST_PORT = 65535

Network = IPv4Network | IPv6Network


def boolean(text: str) -> bool:
    """1, true, yes, on or 0, false, no, off."""
    if text.lower() in {"1", "true", "yes", "on"}:
        return True
    if text.lower() in {"0", "false", "no", "off"}:
        return False
    raise ValueError("use 1 or 0")


def words(text: str) -> tuple[str, ...]:
    """Words between commas, blanks dropped."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def networks(text: str) -> tuple[Network, ...]:
    """CIDR networks between commas, such as `10.0.0.0/8,::1/128`."""
    return tuple(ip_network(word) for word in words(text))


def duration(text: str) -> timedelta:
    """A whole number with a unit: `900s`, `15m`, `12h`, `90d`."""
    units = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
    if not text[:-1].isdecimal() or text[-1:] not in units:
        raise ValueError("use a whole number and one of s, m, h, d, as in 15m")
    return timedelta(**{units[text[-1]]: int(text[:-1])})


def port(text: str) -> int:
    """A TCP port, 1 to 65535."""
    if not text.isdecimal() or not 1 <= int(text) <= LAST_PORT:
        raise ValueError("use a port from 1 to 65535")
    return int(text)


def count(text: str) -> int:
    """A whole number, 0 or more."""
    if not text.isdecimal():
        raise ValueError("use a whole number")
    return int(text)


def one_of(*choices: str) -> Callable[[str], str]:
    """A parser that accepts these words only."""

    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"use one of {', '.join(choices)}")
        return text

    return parse


def web_url(text: str) -> str:
    """An http or https address without a trailing slash."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("use an address such as https://portal.example.com")
    return text.rstrip("/")


def web_url_or_nothing(text: str) -> str:
    """The same, or nothing."""
    return web_url(text) if text else ""


def redis_url(text: str) -> str:
    """`redis://`, `rediss://` or `unix:///path` of a Redis or Valkey."""
    if urlsplit(text).scheme not in {"redis", "rediss", "unix"}:
        raise ValueError("use redis://HOST:PORT/DB, rediss://… or unix:///PATH")
    return text


def redis_database(url: str, number: int) -> str:
    """The same server's database `number`."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return f"unix://{parts.path}?db={number}"
    return urlunsplit(parts._replace(path=f"/{number}"))


def broker_url(url: str) -> str:
    """Celery's spelling of a Redis address."""
    return url.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=", 1)


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """The parts of `postgresql://USER:PASSWORD@HOST:PORT/NAME?option=value`; `?host=/folder` names a Unix socket's folder."""

    name: str
    user: str
    password: str
    host: str
    port: int | None
    options: tuple[tuple[str, str], ...]


def database_url(text: str) -> DatabaseUrl:
    """Read a libpq address. Raises ValueError for another scheme or a missing database name."""
    parts = urlsplit(text)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ValueError("use postgresql://USER:PASSWORD@HOST:PORT/NAME")
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise ValueError("it names no database: postgresql://USER:PASSWORD@HOST:PORT/NAME")
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", None) or unquote(parts.hostname or "")
    return DatabaseUrl(
        name, unquote(parts.username or ""), unquote(parts.password or ""), host, parts.port, tuple(options.items())
    )


def folder(text: str) -> Path:
    """A folder; a relative one is seen from the clone, wherever the command was typed."""
    return (BASE_DIR / text).resolve()
