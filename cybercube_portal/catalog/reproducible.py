"""Whether builds are reproducible (§3.1): the same commit gives the same artifact. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from cybercube_portal.decisions import Reason, failed


def not_reproducible(git_sha: str, versions: Iterable[str]) -> Reason:
    """The finding about an artifact whose commit was built as `versions` too, with another digest."""
    others = ", ".join(versions)
    return failed(
        "artifact.not_reproducible",
        "§3.1",
        f"The commit {git_sha[:12]} was built as {others} too, with another digest.",
        "Pin what goes into the build, or promote one build instead of building it again.",
        ("Engineer",),
    )
