"""Files on their way into an evidence pack, as bytes: gathered some at a time, by a worker that may be killed in between. Pure."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator

File = tuple[str, bytes]
QUICK = 1


def stashed(files: Iterable[File]) -> bytes:
    """They, as `unstashed` reads them."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED, compresslevel=QUICK) as pack:
        for name, content in files:
            pack.writestr(name, content)
    return kept.getvalue()


def unstashed(kept: bytes, *, but: Iterable[str] = ()) -> Iterator[File]:
    """In the order they were given, all but those with these names."""
    with zipfile.ZipFile(io.BytesIO(kept)) as pack:
        for name in pack.namelist():
            if name not in but:
                yield name, pack.read(name)


def one_of(kept: bytes, name: str) -> bytes:
    """The content of one of them. Raises KeyError."""
    with zipfile.ZipFile(io.BytesIO(kept)) as pack:
        return pack.read(name)
