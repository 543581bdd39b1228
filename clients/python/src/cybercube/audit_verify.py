"""`cybercube audit verify FILE`: check an exported audit trail without the portal, and name the first row that does not fit.

One file, standard library only: copy it anywhere and run `python audit_verify.py FILE`. It shares no code with the portal on
purpose. What it checks:

1. Every line is canonical JSON (RFC 8785) and ends in a line feed.
2. Events count up by one; each names the hash of the one before it; its hash is the SHA-256 over its own line without `hash`.
   Before sequence 1 stands the SHA-256 of the text `CYBERCUBE portal audit chain, version 1`.
3. Each checkpoint, and the file's last line, is signed (JWS, EdDSA) by a key of the portal and agrees with the chain there. The last
   line's signature covers every byte before it, so a file that was cut short does not pass.

The keys come from `--jwks FILE` (the portal's /.well-known/jwks.json, fetched by you), else from the file itself: then compare
the key id this command prints with the portal's. `--checkpoint FILE` names lines of type checkpoint that you kept from
earlier exports: the chain must still contain them.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

FORMAT = "cybercube-audit/1"
GENESIS = hashlib.sha256(b"CYBERCUBE portal audit chain, version 1").hexdigest()
CHECKPOINT_TYPE = "audit-checkpoint+jws"
EXPORT_TYPE = "audit-export+jws"
CHECKPOINT_MEMBERS = {"type", "size", "head_hash", "at", "key_id", "signature"}
END_MEMBERS = CHECKPOINT_MEMBERS | {"first"}
ANCHOR_LINE = 2
HOLDS, BROKEN, USAGE = 0, 1, 2
# ECMAScript writes a number plainly while its decimal point stands in this range.
PLAIN = range(-5, 22)
KEY_BYTES, SIGNATURE_BYTES = 32, 64


class Broken(Exception):
    """The first thing that does not fit. `sequence`: the event expected there; `line`: counted from 1."""

    def __init__(self, finding: str, *, line: int, sequence: int) -> None:
        super().__init__(finding)
        self.line = line
        self.sequence = sequence


class Verifier:
    """Reads the lines in order; raises Broken at the first that does not fit."""

    def __init__(self, *, keys: Mapping[str, bytes] | None = None, kept: Mapping[int, str] | None = None) -> None:
        self.keys = dict(keys or {})
        self.keys_given = keys is not None
        self.kept = dict(kept or {})
        self.line = 0
        self.size = 0
        self.head = GENESIS
        self.events = 0
        self.checkpoints = 0
        self.end: dict[str, Any] | None = None
        self._first = 1
        self._last_at = ""
        self._digest = hashlib.sha256()

    def read(self, lines: Iterable[bytes]) -> None:
        """All of them. Raises Broken."""
        for raw in lines:
            self.line += 1
            try:
                self._step(raw)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                self._broken(f"cannot be read: {error}")
            self._digest.update(raw)
        if self.end is None:
            self.line += 1
            self._broken("the file stops without its signed end: what follows was cut off")
        missing = [size for size in self.kept if size > self.size]
        if missing:
            self._broken(f"missing: a checkpoint you kept was signed over {min(missing)} events")

    def _step(self, raw: bytes) -> None:
        if self.end is not None or not raw.endswith(b"\n"):
            self._broken("stands after the signed end" if self.end else "the line was cut off")
        value = json.loads(raw, object_pairs_hook=_members, parse_constant=_no_constant)
        if canonical(value) + b"\n" != raw:
            self._broken("was changed: it is not the canonical JSON that the portal writes")
        kind = value.get("type")
        if (self.line == 1) != (kind == "header"):
            self._broken("the first line, and only it, is the header")
        read = {"header": self._header, "event": self._event, "checkpoint": self._checkpoint, "end": self._end}.get(
            kind
        )
        if read is None:
            self._broken("is of no known type")
        read(value)

    def _header(self, value: dict[str, Any]) -> None:
        if value["format"] != FORMAT:
            self._broken(f"the format is not {FORMAT}")
        found = read_keys(value)
        if not self.keys_given:
            self.keys = found

    def _event(self, value: dict[str, Any]) -> None:
        expected = self.size + 1
        if value.get("sequence") != expected:
            self._broken(f"missing: here stands sequence {value.get('sequence')}")
        if value.get("previous_hash") != self.head:
            self._broken("does not name the hash of the event before it: one of the two was changed")
        claimed = value.pop("hash", None)
        if hashlib.sha256(canonical(value)).hexdigest() != claimed:
            self._broken("was changed: its content does not give its hash")
        self.size, self.head = expected, claimed
        self.events += 1
        if self.kept.get(self.size, self.head) != self.head:
            self._broken("was rewritten: a checkpoint you kept names another hash", sequence=self.size)

    def _checkpoint(self, value: dict[str, Any]) -> None:
        if set(value) != CHECKPOINT_MEMBERS:
            self._broken("is no checkpoint: members are missing or too many")
        if self.line == ANCHOR_LINE and value["size"] > 0:
            self.size, self.head = value["size"], value["head_hash"]
            self._first = self.size + 1
        if value["size"] != self.size or str(value["at"]) < self._last_at:
            self._broken(f"missing: a checkpoint over {value['size']} events stands here")
        self._signed(value, CHECKPOINT_TYPE, {name: value[name] for name in ("size", "head_hash", "at")})
        if value["head_hash"] != self.head:
            self._broken(
                "was rewritten, or one before it: the signed checkpoint names another hash", sequence=self.size
            )
        self._last_at = str(value["at"])
        self.checkpoints += 1

    def _end(self, value: dict[str, Any]) -> None:
        if set(value) != END_MEMBERS:
            self._broken("is no end: members are missing or too many")
        if value["first"] != self._first:
            self._broken(f"the file does not start at sequence {value['first']}, as its end says", sequence=self._first)
        if value["size"] != self.size:
            self._broken(f"missing: the signed end is over {value['size']} events")
        claims = {name: value[name] for name in ("first", "size", "head_hash", "at")}
        self._signed(value, EXPORT_TYPE, claims, file=self._digest.hexdigest())
        if value["head_hash"] != self.head:
            self._broken("was rewritten, or one before it: the signed end names another hash", sequence=self.size)
        self.end = value

    def _signed(self, value: Mapping[str, Any], purpose: str, claims: Mapping[str, Any], *, file: str = "") -> None:
        try:
            signed = read_jws(str(value["signature"]), keys=self.keys, key_id=str(value["key_id"]), purpose=purpose)
        except ValueError as error:
            self._broken(f"the signature is not good: {error}")
        if file and signed.pop("file", None) != file:
            self._broken(
                "what stands before the end is not, byte for byte, what was signed: a checkpoint or the header"
            )
        if signed != claims:
            self._broken("says something else than what was signed")

    def _broken(self, finding: str, *, sequence: int | None = None) -> NoReturn:
        raise Broken(finding, line=self.line, sequence=self.size + 1 if sequence is None else sequence)


def canonical(value: object) -> bytes:
    """RFC 8785: keys in UTF-16 order, no blanks, the shortest number that reads back the same, UTF-8."""
    return _write(value).encode("utf-8")


def _write(value: object) -> str:
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda member: str(member[0]).encode("utf-16-be"))
        return "{" + ",".join(f"{_write(key)}:{_write(inner)}" for key, inner in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_write(inner) for inner in value) + "]"
    if isinstance(value, float):
        return _number(value)
    return json.dumps(value, ensure_ascii=False)


def _number(value: float) -> str:
    if value == 0:
        return "0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    figures, minus = "".join(map(str, digits)), "-" if sign else ""
    point = len(figures) + int(exponent)
    if point not in PLAIN:
        return f"{minus}{figures[0]}{'.' + figures[1:] if figures[1:] else ''}e{point - 1:+d}"
    if point <= 0:
        return f"{minus}0.{'0' * -point}{figures}"
    whole, rest = figures[:point].ljust(point, "0"), figures[point:]
    return f"{minus}{whole}.{rest}" if rest else f"{minus}{whole}"


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def read_keys(jwks: Mapping[str, Any]) -> dict[str, bytes]:
    """Ed25519 keys of a JWK Set by key id, which must be their RFC 7638 thumbprint. Raises ValueError."""
    keys = {}
    for jwk in jwks.get("keys") or ():
        if jwk.get("kty") != "OKP" or jwk.get("crv") != "Ed25519":
            continue
        member = canonical({"crv": "Ed25519", "kty": "OKP", "x": jwk["x"]})
        if jwk.get("kid") != base64.urlsafe_b64encode(hashlib.sha256(member).digest()).rstrip(b"=").decode():
            raise ValueError(f"key {jwk.get('kid')} does not carry its own thumbprint as id")
        keys[str(jwk["kid"])] = _decoded(str(jwk["x"]))
    if not keys:
        raise ValueError("there is no Ed25519 key")
    return keys


def read_jws(token: str, *, keys: Mapping[str, bytes], key_id: str | None = None, purpose: str) -> dict[str, Any]:
    """The claims of a compact JWS signed for `purpose` by the key `key_id`, or by any of the keys. Raises ValueError."""
    head, _, rest = token.partition(".")
    payload, _, signature = rest.partition(".")
    header = json.loads(_decoded(head))
    if (header.get("alg"), header.get("typ")) != ("EdDSA", purpose):
        raise ValueError(f"it is not an EdDSA signature of type {purpose}")
    key_id = str(header.get("kid")) if key_id is None else key_id
    if header.get("kid") != key_id or key_id not in keys:
        raise ValueError(f"the key {header.get('kid')} is not one of the portal's")
    if not ed25519_holds(keys[key_id], f"{head}.{payload}".encode(), _decoded(signature)):
        raise ValueError("it does not belong to this content")
    claims: dict[str, Any] = json.loads(_decoded(payload))
    return claims


def _decoded(text: str) -> bytes:
    """Strict base64url: one text for one value, or a flipped last bit would go unseen."""
    value = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(value).rstrip(b"=").decode() != text:
        raise ValueError("the base64 is not canonical")
    return value


# Ed25519 verification (RFC 8032 section 5.1.7) in extended coordinates (X, Y, Z, T) on -x^2 + y^2 = 1 + d x^2 y^2 over 2^255 - 19.
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]


def ed25519_holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) over `message` was made by the owner of `public` (32 bytes)."""
    if (len(public), len(signature)) != (KEY_BYTES, SIGNATURE_BYTES):
        return False
    key = _point(public)
    scalar = int.from_bytes(signature[KEY_BYTES:], "little")
    if key is None or scalar >= ORDER:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:KEY_BYTES] + public + message).digest(), "little") % ORDER
    minus_key = (P - key[0], key[1], 1, P - key[3])
    return _encoded(_sum_of_multiples(scalar, BASE, challenge, minus_key)) == signature[:KEY_BYTES]


def _point(encoded: bytes) -> Point | None:
    number = int.from_bytes(encoded, "little")
    y, sign = number & (2**255 - 1), number >> 255
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


def _added(one: Point, two: Point) -> Point:
    a = (one[1] - one[0]) * (two[1] - two[0]) % P
    b = (one[1] + one[0]) * (two[1] + two[0]) % P
    c = 2 * one[3] * two[3] * D % P
    e = 2 * one[2] * two[2] % P
    return ((b - a) * (e - c) % P, (e + c) * (b + a) % P, (e - c) * (e + c) % P, (b - a) * (b + a) % P)


def _sum_of_multiples(m: int, one: Point, n: int, two: Point) -> Point:
    table = (None, one, two, _added(one, two))
    result: Point = (0, 1, 1, 0)
    for bit in range(max(m.bit_length(), n.bit_length()) - 1, -1, -1):
        result = _added(result, result)
        term = table[(m >> bit & 1) + 2 * (n >> bit & 1)]
        if term is not None:
            result = _added(result, term)
    return result


def _encoded(point: Point) -> bytes:
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE: Point = _point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little")) or (0, 1, 1, 0)


def main(argv: list[str]) -> int:
    """`[--jwks FILE] [--checkpoint FILE] FILE`; exit 0 the trail holds, 1 it does not, 2 it could not be checked."""
    parser = argparse.ArgumentParser(
        prog="cybercube audit verify", description="Check an exported audit trail offline."
    )
    parser.add_argument("file", type=Path, help="the export, as JSON lines")
    parser.add_argument("--jwks", type=Path, help="the portal's public keys; default: those in the file")
    parser.add_argument("--checkpoint", type=Path, help="checkpoint lines you kept from earlier exports")
    options = parser.parse_args(argv)
    try:
        keys = read_keys(json.loads(options.jwks.read_bytes())) if options.jwks else None
        verifier = Verifier(keys=keys, kept=_kept(options.checkpoint) if options.checkpoint else None)
        with options.file.open("rb") as lines:
            verifier.read(lines)
    except Broken as broken:
        print(f"BROKEN at line {broken.line}, sequence {broken.sequence}: {broken}")
        return BROKEN
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"cannot check: {error}", file=sys.stderr)
        return USAGE
    end = verifier.end or {}
    print(
        f"HOLDS: {verifier.events} events, {verifier.checkpoints} checkpoints, sequence {end['first']} to {end['size']}"
    )
    print(f"signed at {end['at']} by key {end['key_id']}")
    if keys is None:
        print("That key came with the file: compare its id with the portal's /.well-known/jwks.json, or pass --jwks.")
    return HOLDS


def _kept(path: Path) -> dict[int, str]:
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    return {int(line["size"]): str(line["head_hash"]) for line in lines if line.get("type") == "checkpoint"}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
