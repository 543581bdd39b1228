"""The portal's signing keys: one Ed25519 key signs gate tokens and audit checkpoints, older ones only verify.

The key comes from CYBERCUBE_SIGNING_KEY (or …_FILE); production refuses to start without it. A developer's machine makes one in
the data folder and keeps it. A key's id is its RFC 7638 thumbprint, so nobody has to name keys. To rotate: move the old PEM
to CYBERCUBE_SIGNING_PREVIOUS_KEYS, set the new one, and keep the old one as long as something it signed must verify.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from cybercube_portal.audit.canonical import canonical
from cybercube_portal.errors import PortalError

ALGORITHM = "EdDSA"
KEPT_KEY = "signing-key.pem"
PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----.+?-----END \1-----", re.DOTALL)


class SignatureRefused(PortalError):
    """A token that this portal did not sign, or not for this purpose."""

    code = "token.not_ours"


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The key that signs, and every key that verifies, by key id."""

    signing: Ed25519PrivateKey
    key_id: str
    verifying: Mapping[str, Ed25519PublicKey]


def sign_jws(claims: Mapping[str, Any], *, typ: str) -> str:
    """A compact JWS over `claims` (plain JSON). `typ` is its purpose and is signed with it (RFC 8725 section 3.11)."""
    ring = key_ring()
    return jwt.encode(dict(claims), ring.signing, algorithm=ALGORITHM, headers={"kid": ring.key_id, "typ": typ})


def verify_jws(token: str, *, typ: str) -> dict[str, Any]:
    """The claims of a token this portal signed for `typ`. Raises SignatureRefused otherwise; expiry is the caller's rule."""
    try:
        header = jwt.get_unverified_header(token)
        key = key_ring().verifying.get(str(header.get("kid")))
        if key is None or header.get("typ") != typ:
            raise SignatureRefused(f"This is no {typ} token of this portal.")
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            options={"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False},
        )
    except jwt.InvalidTokenError as error:
        raise SignatureRefused(f"This token was not signed by this portal: {error}.") from error
    return claims


def jwks() -> dict[str, list[dict[str, str]]]:
    """The public keys as a JWK Set (RFC 7517), the signing one first."""
    return {"keys": [public_jwk(key) for key in key_ring().verifying.values()]}


def signing_key_id() -> str:
    """The key id that signatures made now will name."""
    return key_ring().key_id


def key_ring() -> KeyRing:
    """The keys of the present settings."""
    return _loaded(settings.SIGNING_KEY, settings.SIGNING_PREVIOUS_KEYS, settings.DATA_DIR)


def public_jwk(key: Ed25519PublicKey) -> dict[str, str]:
    """One public key (RFC 8037)."""
    x = base64.urlsafe_b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).rstrip(b"=").decode()
    return {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": thumbprint(x), "use": "sig", "alg": ALGORITHM}


def thumbprint(x: str) -> str:
    """RFC 7638 over the required members of an Ed25519 key."""
    digest = hashlib.sha256(canonical({"crv": "Ed25519", "kty": "OKP", "x": x})).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@lru_cache(maxsize=4)
def _loaded(pem: str, previous: str, folder: Path) -> KeyRing:
    signing = _private(pem or _kept(folder / KEPT_KEY))
    public = [signing.public_key(), *(_public(found.group(0)) for found in PEM.finditer(previous))]
    verifying = {public_jwk(key)["kid"]: key for key in public}
    return KeyRing(signing=signing, key_id=next(iter(verifying)), verifying=verifying)


def _private(pem: str) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem.strip().encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ImproperlyConfigured("CYBERCUBE_SIGNING_KEY is no unencrypted private key in PEM.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ImproperlyConfigured("CYBERCUBE_SIGNING_KEY must be an Ed25519 key: openssl genpkey -algorithm ed25519")
    return key


def _public(pem: str) -> Ed25519PublicKey:
    if "PRIVATE" in pem:
        return _private(pem).public_key()
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ImproperlyConfigured("CYBERCUBE_SIGNING_PREVIOUS_KEYS holds a key that cannot be read.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ImproperlyConfigured("CYBERCUBE_SIGNING_PREVIOUS_KEYS must hold Ed25519 keys only.")
    return key


def _kept(path: Path) -> str:
    """The data folder's key, made by whichever process asks first; the link makes sure that all use the same one."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".signing-key-")
        with os.fdopen(descriptor, "wb") as file:
            file.write(made)
        try:
            Path(path).hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            Path(draft).unlink()
    return path.read_text(encoding="ascii")
