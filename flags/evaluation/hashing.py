"""Who falls in which bucket: MurmurHash3, Unleash-compatible (flags.md section 2). Pure."""

from __future__ import annotations

from collections.abc import Callable

fast_hash: Callable[[str, int, bool], int] | None
try:
    from mmh3 import hash as _mmh3_hash

    fast_hash = _mmh3_hash
except ImportError:  # the client also runs where no wheel is
    fast_hash = None

VARIANT_SEED = 86028157
EVERYBODY = 10_000  # all the buckets


def murmur3(data: bytes, seed: int = 0) -> int:
    """MurmurHash3, x86, 32 bits, unsigned: what mmh3 computes, for where it is missing."""
    h, whole = seed, len(data) & ~3
    for at in range(0, len(data), 4):
        k = int.from_bytes(data[at : at + 4], "little") * 0xCC9E2D51 & 0xFFFFFFFF
        h ^= ((k << 15 | k >> 17) & 0xFFFFFFFF) * 0x1B873593 & 0xFFFFFFFF
        if at < whole:
            h = ((h << 13 | h >> 19) & 0xFFFFFFFF) * 5 + 0xE6546B64 & 0xFFFFFFFF
    h ^= len(data)
    h = (h ^ h >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    h = (h ^ h >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return h ^ h >> 16


def hash_of(text: str, seed: int = 0) -> int:
    """The hash of the UTF-8 of `text`; half of a surrogate pair counts as U+FFFD, as everywhere else."""
    try:
        return fast_hash(text, seed, False) if fast_hash is not None else murmur3(text.encode(), seed)
    except UnicodeEncodeError:
        return hash_of(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"), seed)


def bucket_of(salt: str, unit: str) -> int:
    """0..9999. In a rollout of p % exactly when below round(p * 100); for whole percentages the standard's `hash % 100 < p`."""
    h = hash_of(f"{salt}:{unit}")
    return h % 100 * 100 + h // 100 % 100


def threshold_of(percentage: object) -> int | None:
    """0..10000 for 0..100; None when it is no percentage."""
    if isinstance(percentage, bool) or not isinstance(percentage, (int, float)) or not 0 <= percentage <= 100:
        return None
    return round(percentage * 100)
