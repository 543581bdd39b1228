"""An evidence pack: one zip that an auditor can read and check without the portal.

README.txt           what it is about, and how to check it
…                    the files of `evidence`
audit/chain.jsonl    the part of the audit trail that holds its events, for `cybercube audit verify`
SHA256SUMS           for `sha256sum --check`
SHA256SUMS.jws       the portal's signature over SHA256SUMS (EdDSA; the keys stand in the first line of audit/chain.jsonl)
"""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO

from cybercube_portal.audit import keys
from cybercube_portal.audit.canonical import moment
from cybercube_portal.audit.selectors.export import export_lines
from cybercube_portal.record.manifest import CONTENTS, Span
from cybercube_portal.record.stash import File

PACK_TYPE = "evidence-pack+jws"
CHAIN = "audit/chain.jsonl"
IN_MEMORY = 4 * 1024 * 1024
CHANGE_CONTENTS = """\
record.html            the change from its request to its end, for a browser; prints
record.yaml            the change record of §6.6
change.json            the change as the API shows it
approvals.json         seats, signatures, exceptions from freezes, a spoken approval and its record
signed/HASH.json       what signatures cover, as it stood again and again; its SHA-256 is HASH, which signatures name as content_hash
                       (kept/HASH.json: the same from before November 2026, kept to the millisecond, which may not give the hash)
gate-decisions.json    what the gate was asked about it, and what it answered with which reasons
deployments.json       deployments under it, and what took them back: steps, checks, the watch
incidents.json         incidents counted against those deployments
artifacts.json         what was deployed: digests, commits, migrations and every report of a pipeline
audit/events.jsonl     everything recorded about it, its deployments and their incidents, as sealed"""
PERIOD_CONTENTS = """\
changes.csv                   the register: a row for each change that something happened to in the period
changes/NUMBER/…              for each of them:
"""
README = """\
Evidence pack: {about}
Made by the CYBERCUBE portal at {at} for {reader}.

{contents}

How to check it
---------------
    cybercube audit verify PACK.zip

checks all of this without the portal (`pip install cybercube`, or two files of plain Python: audit_verify.py and evidence_verify.py).
By hand:

1. No file was changed since it was made:

       sha256sum --check SHA256SUMS

2. The list of sums is the portal's own. SHA256SUMS.jws is a JWS (EdDSA, type {type}) whose payload names the SHA-256 of
   SHA256SUMS. The portal's public keys are at /.well-known/jwks.json, and in the first line of {chain}.

3. The events in audit/events.jsonl were recorded when they say, and none was left out or rewritten since:

       cybercube audit verify {chain}

   checks the part of the hash chain from the signed checkpoint before the first of them to the last one. An event is found
   there by its sequence, with the same hash.
"""


@dataclass
class Pack:
    """A zip that is being written. `at` is the moment in every entry."""

    at: datetime
    file: IO[bytes] = field(default_factory=lambda: tempfile.SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115 - whoever sends it closes it
    sums: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._zip = zipfile.ZipFile(self.file, "w", zipfile.ZIP_DEFLATED)

    def write(self, name: str, parts: Iterable[bytes]) -> None:
        """One entry, part by part."""
        digest = hashlib.sha256()
        info = zipfile.ZipInfo(name, date_time=self.at.timetuple()[:6])
        info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
        with self._zip.open(info, "w", force_zip64=True) as entry:
            for part in parts:
                digest.update(part)
                entry.write(part)
        self.sums.append((name, digest.hexdigest()))

    def close(self) -> None:
        """Sign the sums and finish."""
        text = "".join(f"{digest}  {name}\n" for name, digest in self.sums).encode()
        claims = {"sums": hashlib.sha256(text).hexdigest(), "at": moment(self.at)}
        self.write("SHA256SUMS", [text])
        self.write("SHA256SUMS.jws", [keys.sign_jws(claims, typ=PACK_TYPE).encode() + b"\n"])
        self._zip.close()
        self.file.seek(0)


def pack_of(
    files: Iterable[File],
    *,
    about: str,
    contents: str,
    reader: str,
    sequences: Sequence[int],
    now: datetime,
) -> IO[bytes]:
    """The pack as an open file, at its beginning. `sequences`: of the events that the chain must hold."""
    pack = Pack(at=now)
    readme = README.format(about=about, at=moment(now), reader=reader, contents=contents, type=PACK_TYPE, chain=CHAIN)
    pack.write("README.txt", [readme.encode()])
    for name, content in files:
        pack.write(name, [content])
    pack.write(CHAIN, _chain(sequences, now=now))
    pack.close()
    return pack.file


def contents_of_period() -> str:
    """What stands in the pack of a period, for its README."""
    inner = "\n".join(f"    {line}" for line in CHANGE_CONTENTS.splitlines())
    return CONTENTS + PERIOD_CONTENTS + inner


def period_words(span: Span) -> str:
    """What a pack of a period is about."""
    of = f", service {span.service}" if span.service else ""
    return f"changes from {span.start.isoformat()} to {span.end.isoformat()}{of}"


def _chain(sequences: Sequence[int], *, now: datetime) -> Iterator[bytes]:
    """From the checkpoint before the first event to the last one; only what signs it when there is none."""
    first, last = (min(sequences), max(sequences)) if sequences else (1, 0)
    return export_lines(now=now, first=first, last=last)
