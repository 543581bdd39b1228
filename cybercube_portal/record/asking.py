"""How one asks the record: by a number of the chain, by what happened. Pure."""

from __future__ import annotations

# The largest an index can hold, less one to come after it.
LAST_SEQUENCE = 2**63 - 2
# A verb, or all of a kind.
VERB = r"^[a-z_]+\.(\*|[a-z_]+)$"
