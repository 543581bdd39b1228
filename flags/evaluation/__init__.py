"""What a flag answers for a context (§7.3, §7.4): compiled once per version of an environment, then only closures run. Pure.

Plain Python without Django, for 3.9 or later: the portal, OFREP, the playground and the Python client all run this package, over the same
definitions (`clients/python/src/cybercube/evaluation` is a link to it, which is why it imports itself relatively). Order: off or killed,
prerequisites, rules (the first that matches), rollout, default. Evaluation never raises: what a definition cannot say is a problem of
the compiled environment, what a context cannot say is no match.
"""

from .environment import Compiled, Environment
from .hashing import VARIANT_SEED, bucket_of, hash_of, murmur3, threshold_of
from .operators import LARGEST_LIST, OPERATORS, PERCENTAGE, PRESENCE, SEGMENTS
from .reading import TARGETING_KEY, Context, TargetingKeyMissing, getter, text_of
from .results import CODE_DEFAULT, DISABLED, FLAG_NOT_FOUND, Result

__all__ = [
    "CODE_DEFAULT",
    "DISABLED",
    "FLAG_NOT_FOUND",
    "LARGEST_LIST",
    "OPERATORS",
    "PERCENTAGE",
    "PRESENCE",
    "SEGMENTS",
    "TARGETING_KEY",
    "VARIANT_SEED",
    "Compiled",
    "Context",
    "Environment",
    "Result",
    "TargetingKeyMissing",
    "bucket_of",
    "getter",
    "hash_of",
    "murmur3",
    "text_of",
    "threshold_of",
]
