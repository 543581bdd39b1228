"""`cybercube audit verify PACK.zip`: check an evidence pack without the portal, and name the first thing that does not fit.

This file and `audit_verify.py` beside it, standard library only: `python evidence_verify.py PACK.zip`. What is no zip goes to
`audit_verify` as it is. What it checks:

1. Every file has its SHA-256 in SHA256SUMS, none is missing and none stands there twice or beside it.
2. SHA256SUMS.jws is the portal's signature (EdDSA) over SHA256SUMS.
3. The part of the audit trail in audit/chain.jsonl holds, as `audit_verify` checks it.
4. Each event that the pack tells of stands in that part under its number, byte for byte; none lies beyond what the pack stands for.
5. What was signed (signed/HASH.json) gives the hash in its name, and every signature of approvals.json names a content that is there
   (or in kept/, from before November 2026: that can only be read).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

if __package__:
    from cybercube import audit_verify
else:
    import audit_verify  # type: ignore[import-not-found,no-redef]

PACK_TYPE = "evidence-pack+jws"
SUMS, SIGNATURE, CHAIN, MANIFEST = "SHA256SUMS", "SHA256SUMS.jws", "audit/chain.jsonl", "manifest.json"
EVENTS, SIGNED, KEPT, APPROVALS = "events.jsonl", "signed", "kept", "approvals.json"
PIECE = 1024 * 1024


class Unfit(Exception):
    """The first thing that does not fit, with the file it is about."""


class Pack:
    """An opened pack. Each check raises Unfit."""

    def __init__(self, pack: zipfile.ZipFile, *, keys: dict[str, bytes] | None) -> None:
        self.pack = pack
        self.keys = keys
        self.names = pack.namelist()
        self.hashes: dict[int, str] = {}
        self.events = 0
        self.contents = 0

    def check(self) -> None:
        """All of it, in the order of the list above."""
        if len(set(self.names)) != len(self.names):
            raise Unfit("a name stands twice in the pack")
        self._sums()
        self._chain()
        self._signature()
        cut = self._cut()
        for name in self._called(EVENTS):
            self._events(name, until=cut)
        self._contents()

    def _sums(self) -> None:
        told = dict(self._told())
        beside = set(self.names) - set(told) - {SUMS, SIGNATURE}
        for name in sorted(beside):
            raise Unfit(f"{name}: stands beside what was signed")
        for name, digest in told.items():
            if name not in self.names:
                raise Unfit(f"{name}: missing")
            if self._digest(name) != digest:
                raise Unfit(f"{name}: was changed, it does not give its sum")

    def _told(self) -> Iterator[tuple[str, str]]:
        for line in self._read(SUMS).decode().splitlines():
            digest, _, name = line.partition("  ")
            yield name, digest

    def _chain(self) -> None:
        verifier = audit_verify.Verifier(keys=self.keys)
        with self._open(CHAIN) as lines:
            verifier.read(self._noted(lines))
        self.keys = verifier.keys

    def _noted(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        for line in lines:
            yield line
            value = json.loads(line)
            if value.get("type") == "event":
                self.hashes[value["sequence"]] = hashlib.sha256(line).hexdigest()

    def _signature(self) -> None:
        token = self._read(SIGNATURE).decode().strip()
        try:
            claims = audit_verify.read_jws(token, keys=self.keys or {}, purpose=PACK_TYPE)
        except ValueError as error:
            raise Unfit(f"{SIGNATURE}: the signature is not good: {error}") from error
        if claims.get("sums") != self._digest(SUMS):
            raise Unfit(f"{SUMS}: is not what was signed")

    def _cut(self) -> int:
        stands_for = json.loads(self._read(MANIFEST))["stands_for"]
        return int(stands_for["sequence"])

    def _events(self, name: str, *, until: int) -> None:
        with self._open(name) as lines:
            for line in lines:
                sequence = json.loads(line)["sequence"]
                if not isinstance(sequence, int) or sequence > until:
                    raise Unfit(f"{name}: event {sequence} lies beyond what the pack stands for")
                if self.hashes.get(sequence) != hashlib.sha256(line).hexdigest():
                    raise Unfit(f"{name}: event {sequence} is not the one in the audit trail")
                self.events += 1

    def _contents(self) -> None:
        for name in self.names:
            path = PurePosixPath(name)
            if path.parent.name == SIGNED:
                self.contents += 1
                if self._digest(name) != path.stem:
                    raise Unfit(f"{name}: does not give the hash in its name")
        for name in self._called(APPROVALS):
            folder = PurePosixPath(name).parent
            for signature in json.loads(self._read(name))["approvals"]["signatures"]:
                file = f"{signature['content_hash']}.json"
                if not {str(folder / SIGNED / file), str(folder / KEPT / file)} & set(self.names):
                    raise Unfit(f"{name}: what {signature['by']} signed is not in the pack")

    def _called(self, name: str) -> list[str]:
        return [found for found in self.names if PurePosixPath(found).name == name]

    def _digest(self, name: str) -> str:
        digest = hashlib.sha256()
        with self._open(name) as file:
            while piece := file.read(PIECE):
                digest.update(piece)
        return digest.hexdigest()

    def _read(self, name: str) -> bytes:
        with self._open(name) as file:
            return file.read()

    def _open(self, name: str) -> Any:  # noqa: ANN401 - a file of a zip
        if name not in self.names:
            raise Unfit(f"{name}: missing")
        return self.pack.open(name)


def main(argv: list[str]) -> int:
    """`[--jwks FILE] FILE`; exit 0 it holds, 1 it does not, 2 it could not be checked."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--jwks", type=Path)
    options, rest = parser.parse_known_args(argv)
    if rest or options.file is None or not zipfile.is_zipfile(options.file):
        return audit_verify.main(argv)
    try:
        keys = audit_verify.read_keys(json.loads(options.jwks.read_bytes())) if options.jwks else None
        with zipfile.ZipFile(options.file) as opened:
            pack = Pack(opened, keys=keys)
            pack.check()
    except Unfit as unfit:
        print(f"BROKEN: {unfit}")
        return audit_verify.BROKEN
    except audit_verify.Broken as broken:
        print(f"BROKEN: {CHAIN} at line {broken.line}, sequence {broken.sequence}: {broken}")
        return audit_verify.BROKEN
    except zipfile.BadZipFile as error:
        print(f"BROKEN: {error}")
        return audit_verify.BROKEN
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        print(f"cannot check: {error}", file=sys.stderr)
        return audit_verify.USAGE
    signers = ", ".join(sorted(pack.keys or {}))
    print(f"HOLDS: {len(pack.names)} files, {pack.events} events, {pack.contents} signed contents; keys {signers}")
    return audit_verify.HOLDS


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
