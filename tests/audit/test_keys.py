"""One key signs, older ones verify, and a signature counts only for its purpose."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.core.exceptions import ImproperlyConfigured
from pytest_django.fixtures import Settings

from cybercube_portal.audit import keys
from cybercube_portal.audit.keys import SignatureRefused, jwks, sign_jws, signing_key_id, thumbprint, verify_jws

TYP = "test+jws"
# RFC 8037 appendix A.3: the thumbprint of the key of RFC 8032's first test.
RFC_X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
RFC_THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def pem(key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def test_thumbprint__key_of_the_rfc__as_the_rfc_says() -> None:
    assert thumbprint(RFC_X) == RFC_THUMBPRINT


def test_sign__any_verifier_with_the_key_set__accepts() -> None:
    token = sign_jws({"decision": "allow"}, typ=TYP)
    header = jwt.get_unverified_header(token)
    assert (header["alg"], header["typ"], header["kid"]) == ("EdDSA", TYP, signing_key_id())
    found = jwt.PyJWKSet.from_dict(dict(jwks()))[header["kid"]]
    assert jwt.decode(token, found, algorithms=["EdDSA"]) == verify_jws(token, typ=TYP) == {"decision": "allow"}
    assert all("d" not in key for key in jwks()["keys"])


def test_verify__other_purpose_other_key_or_no_signature__refused(settings: Settings) -> None:
    token = sign_jws({"decision": "deny"}, typ=TYP)
    head, payload, signature = token.split(".")
    settings.SIGNING_KEY = pem(Ed25519PrivateKey.generate())
    strangers = sign_jws({"decision": "allow"}, typ=TYP)
    settings.SIGNING_KEY = ""
    allow = strangers.split(".")[1]
    none = jwt.encode({"decision": "allow"}, key="", algorithm="none", headers={"typ": TYP, "kid": signing_key_id()})
    public = jwks()["keys"][0]["x"]
    shared = jwt.encode(
        {"decision": "allow"}, key=public * 2, algorithm="HS256", headers={"typ": TYP, "kid": signing_key_id()}
    )
    for bad in (strangers, f"{head}.{allow}.{signature}", f"{head}.{payload}.", none, shared, "", "a.b.c", token[:-8]):
        with pytest.raises(SignatureRefused):
            verify_jws(bad, typ=TYP)
    with pytest.raises(SignatureRefused):
        verify_jws(token, typ="other+jws")
    assert verify_jws(token, typ=TYP)


@pytest.mark.parametrize("kept", ["private", "public"])
def test_rotate__old_key_kept__its_signatures_count_and_new_ones_name_the_new_key(
    settings: Settings, kept: str
) -> None:
    old, older, new = (Ed25519PrivateKey.generate() for _ in range(3))
    settings.SIGNING_KEY = pem(old)
    token, old_id = sign_jws({"n": 1}, typ=TYP), signing_key_id()
    settings.SIGNING_KEY = pem(new)
    settings.SIGNING_PREVIOUS_KEYS = (pem(old) if kept == "private" else public_pem(old)) + public_pem(older)
    assert verify_jws(token, typ=TYP) == {"n": 1}
    assert signing_key_id() != old_id
    assert [key["kid"] for key in jwks()["keys"]][:2] == [signing_key_id(), old_id]
    settings.SIGNING_PREVIOUS_KEYS = ""
    with pytest.raises(SignatureRefused):
        verify_jws(token, typ=TYP)


def test_dev_key__somebody_else_was_a_moment_faster__theirs_is_used(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = keys._kept(tmp_path / keys.KEPT_KEY)
    monkeypatch.setattr(Path, "exists", lambda _path: False)
    assert keys._kept(tmp_path / keys.KEPT_KEY) == first


def test_dev_key__many_processes_at_once__one_key_readable_by_its_owner_only(
    settings: Settings, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path / "data"
    start = Barrier(8)

    def ask() -> str:
        start.wait()
        return keys._kept(settings.DATA_DIR / keys.KEPT_KEY)

    with ThreadPoolExecutor(8) as pool:
        found = {future.result() for future in [pool.submit(ask) for _ in range(8)]}
    assert len(found) == 1
    assert [file.name for file in settings.DATA_DIR.iterdir()] == [keys.KEPT_KEY]
    assert stat.S_IMODE((settings.DATA_DIR / keys.KEPT_KEY).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "text", ["not a key", pem(ec.generate_private_key(ec.SECP256R1())), public_pem(Ed25519PrivateKey.generate())]
)
def test_signing_key__no_ed25519_private_key__refused_by_name(settings: Settings, text: str) -> None:
    settings.SIGNING_KEY = text
    with pytest.raises(ImproperlyConfigured, match="CYBERCUBE_SIGNING_KEY"):
        sign_jws({}, typ=TYP)


@pytest.mark.parametrize(
    "text",
    [
        pem(ec.generate_private_key(ec.SECP256R1())),
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        ec.generate_private_key(ec.SECP256R1())
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        .decode(),
    ],
    ids=["private P-256", "broken", "public P-256"],
)
def test_previous_keys__unusable__refused_by_name(settings: Settings, text: str) -> None:
    settings.SIGNING_PREVIOUS_KEYS = text
    with pytest.raises(ImproperlyConfigured, match="CYBERCUBE_SIGNING"):
        jwks()
