"""The form of an API key: `ccp_<prefix>_<secret><checksum>`. Pure.

The prefix names the key in lists and logs, the secret has 190 random bits, the checksum lets a scanner and the edge
drop a mistyped or invented key before any look-up. Only the SHA-256 of the whole is stored (reliability.md section 4).
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib
from dataclasses import dataclass

_ALPHABET = string.ascii_letters + string.digits
_FORM = re.compile(r"ccp_([a-z0-9]{8})_([A-Za-z0-9]{32})([0-9a-f]{8})", re.ASCII)


@dataclass(frozen=True, slots=True)
class NewKey:
    """`text` is shown once; `digest` (hex) is what is kept."""

    text: str
    prefix: str
    digest: str


def make_key() -> NewKey:
    """A fresh key from the operating system's randomness."""
    prefix = "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(8))
    secret = "".join(secrets.choice(_ALPHABET) for _ in range(32))
    body = f"ccp_{prefix}_{secret}"
    text = body + _checksum(body)
    return NewKey(text=text, prefix=prefix, digest=digest_of(text))


def is_well_formed(text: str) -> bool:
    """Whether `text` has the form and its checksum fits."""
    return bool(_FORM.fullmatch(text)) and secrets.compare_digest(_checksum(text[:-8]), text[-8:])


def digest_of(text: str) -> str:
    """SHA-256 of a key, in hex: enough for a random secret of this length, a slow hash would buy nothing."""
    return hashlib.sha256(text.encode()).hexdigest()


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"
