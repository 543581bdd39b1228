"""A pipeline's side of the REST API, for the story of a release. Standard library only."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

TIMEOUT = 30
PATIENCE = 120.0


class Wire:
    """Calls to one server; with a key, to the portal's API. Raises RuntimeError with the answer for anything but a 2xx."""

    def __init__(self, url: str, *, key: str = "") -> None:
        self.address = urlsplit(url).netloc
        self.headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """One request."""
        connection = HTTPConnection(self.address, timeout=TIMEOUT)
        try:
            connection.request(method, path, json.dumps(body or {}) if method != "GET" else None, self.headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:2000]}")
        found: dict[str, Any] = json.loads(text)
        return found

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Under the API's base."""
        return self.call("POST", f"/api/v1/{path}", body)

    def get(self, path: str) -> dict[str, Any]:
        """Under the API's base."""
        return self.call("GET", f"/api/v1/{path}")

    def until(self, path: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Read until the answer is as wanted. Raises TimeoutError with the last one."""
        deadline = time.monotonic() + PATIENCE
        while not holds(found := self.get(path)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{path} stayed {json.dumps(found)[:2000]}")
            time.sleep(0.3)
        return found
