"""Standard Webhooks 1.0 signatures, and where the secrets for them are (integrations.md C4).

A row never holds a secret in the clear: a subscription's is encrypted under SECRET_KEY, a delivery only names it
(`subscription:<id>`). Upper apps add their own sources of secrets with `register_secrets`. Where the address itself is the
secret, a delivery's target names it in the same way (`channel:<id>`), see `register_addresses`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable
from datetime import datetime

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from cybercube_portal.errors import NotFound

PREFIX = "whsec_"
SECRET_BYTES = 32

Gone = Callable[[str, datetime], None]

_sources: dict[str, Callable[[str], tuple[str, ...]]] = {}
_addresses: dict[str, tuple[Callable[[str], str], Gone]] = {}


def register_secrets(scheme: str, find: Callable[[str], tuple[str, ...]]) -> None:
    """Let `signed_by="<scheme>:<name>"` find its secrets by `find(name)`: the present one first, then one being rotated out."""
    _sources[scheme] = find


def secrets_of(signed_by: str) -> tuple[str, ...]:
    """The plain secrets a delivery is signed with. Raises NotFound when there are none: nothing is sent unsigned by accident."""
    scheme, _, name = signed_by.partition(":")
    found = _sources[scheme](name) if scheme in _sources else ()
    if not found:
        raise NotFound(f"There is no secret {signed_by}.")
    return found


def register_addresses(scheme: str, find: Callable[[str], str], *, gone: Gone) -> None:
    """Let a delivery to `<scheme>:<name>` go to the address `find(name)`; an empty one is none.

    `gone(name, now)` is called, in the transaction that fails the delivery, when the receiver answered 410 Gone.
    """
    _addresses[scheme] = (find, gone)


def address_of(target: str) -> str:
    """Where a delivery goes: its target, or the secret address that it names. Raises NotFound when that is gone."""
    scheme, _, name = target.partition(":")
    if scheme not in _addresses:
        return target
    found = _addresses[scheme][0](name)
    if not found:
        raise NotFound(f"There is no address {target} any more.")
    return found


def note_gone(target: str, *, now: datetime) -> None:
    """Whoever brought the secret address hears that nobody is there any more; of any other target nobody does."""
    scheme, _, name = target.partition(":")
    if scheme in _addresses:
        _addresses[scheme][1](name, now)


def new_secret() -> str:
    """`whsec_` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sign(*, message_id: str, timestamp: int, body: bytes, with_secrets: Iterable[str]) -> str:
    """The `webhook-signature` header: one `v1,…` for each secret. `timestamp` is in Unix seconds."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    keys = (base64.b64decode(secret.removeprefix(PREFIX)) for secret in with_secrets)
    return " ".join("v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys)


def seal(plain: str) -> str:
    """Encrypt a secret for a column."""
    return _box().encrypt(plain.encode()).decode()


def unseal(sealed: str) -> str:
    """Read it back. Raises NotFound when SECRET_KEY was changed without keeping the old one in SECRET_KEY_FALLBACKS."""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise NotFound("A stored secret cannot be read with this SECRET_KEY.") from error


def _box() -> MultiFernet:
    return MultiFernet([Fernet(_derived(str(key))) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _derived(key: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.blake2b(key.encode(), digest_size=32, person=b"webhook secrets").digest())
