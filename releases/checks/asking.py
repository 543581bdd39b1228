"""How checks talk to the outside: through the guarded client, and whatever happens is a reply."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cybercube_portal.outbound import OutboundFailed, OutboundRefused, call
from releases.policy.readings import Answered, Reply, Silent

LARGEST_ANSWER = 256 * 1024


def ask(url: str, *, hosts: Iterable[str], timeout: float, headers: Mapping[str, str] | None = None) -> Reply:
    """GET `url` within `timeout` seconds. An address the portal does not call is a reply that is ours, not the other side's."""
    try:
        answer = call("GET", url, hosts=hosts, headers=headers, timeout=timeout, limit=LARGEST_ANSWER)
    except OutboundRefused as refused:
        message = f"{refused} An admin registers hosts with the service, the operator networks in CYBERCUBE_OUTBOUND_NETWORKS."
        return Silent(code=refused.code, message=message, is_ours=True)
    except OutboundFailed as failure:
        return Silent(code=failure.code, message=str(failure))
    return Answered(answer.status, answer.body)
