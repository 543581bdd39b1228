"""Whether what a change names can be deployed at all: registered, and still with the digest that was signed (§3.1, §3.6). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cybercube_portal.decisions import Decision, Reason, decide, failed, passed, pending

PIPELINE = ("CI pipeline",)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedArtifact:
    """One entry of a change. `digest` empty: it was not registered when it was named."""

    service: str
    version: str
    digest: str

    @property
    def reference(self) -> str:
        """`service:version` (R2)."""
        return f"{self.service}:{self.version}"


def are_registered(named: Iterable[NamedArtifact], registered: Mapping[str, str]) -> Decision:
    """One reason for each named artifact. `registered`: digest by `service:version`."""
    return decide(*(_judge(entry, registered.get(entry.reference)) for entry in named))


def _judge(entry: NamedArtifact, digest: str | None) -> Reason:
    if digest is None:
        return pending(
            "artifact.unregistered",
            "§3.6",
            f"{entry.reference} is not registered yet.",
            "Let the pipeline register the artifact it built.",
            PIPELINE,
        )
    if entry.digest and entry.digest != digest:
        return failed(
            "artifact.digest_differs",
            "§3.1",
            f"{entry.reference} was registered with another digest than the change names.",
            "Name the registered digest; what was signed is signed again then.",
            PIPELINE,
            named=entry.digest,
            registered=digest,
        )
    return passed("artifact.registered", "§3.6", f"{entry.reference} is registered.", digest=digest)
