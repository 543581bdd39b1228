"""Ports of this machine for the servers of a stack."""

from __future__ import annotations

import atexit
import fcntl
import os
import socket
import tempfile
from pathlib import Path

from cybercube_portal.devstack.processes import Failure
from cybercube_portal.settings import forms

HOST = "127.0.0.1"


def free_port(wanted: int, *, quietly: bool = False) -> int:
    """The wanted port, else the next free one, said plainly unless `quietly`; nobody else is given it while this process lives.

    Without that two stacks started together would both find it free, and their servers, which let their own workers share a
    port, would share it with each other: every other answer would come from the wrong stack.
    Raises Failure when the next hundred are taken.
    """
    for port in range(wanted, min(wanted + 100, forms.LAST_PORT + 1)):
        if not _is_free(port) or not _hold(port):
            continue
        if port != wanted and not quietly:
            print(f"Port {wanted} is taken; using {port}.", flush=True)
        return port
    raise Failure(f"Port {wanted} and the hundred after it are taken. Set CYBERCUBE_WEB_PORT to a free one.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _hold(port: int) -> bool:
    """Whether a lock on the port was free to take. It goes with the process, however that ends; its file goes with a tidy end."""
    path = Path(tempfile.gettempdir()) / f"cybercube-port-{port}.lock"
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever held it may have taken the file away between the two calls above: then this one guards nothing.
        is_held = os.path.samestat(path.stat(), os.fstat(lock))
    except (BlockingIOError, FileNotFoundError):
        is_held = False
    if is_held:
        atexit.register(path.unlink, missing_ok=True)
    else:
        os.close(lock)
    return is_held
