"""A small shop that runs in staging and in production on this machine, and gets sick on command. Standard library only.

`python -m cybercube_portal.demo.shop STAGING_PORT PRODUCTION_PORT`. GET /health, /api/v1/health, /metrics (Prometheus); PUT /state
{version?, error_rate?}; POST /roll_back is the webhook of the portal's rollback driver: the version it names runs from then on.
"""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HEALTHY_RATE = 0.001
HEALTHY_P99 = 120.0


@dataclass
class Shop:
    """What one environment runs. `error_rate` is a fraction."""

    version: str = ""
    error_rate: float = HEALTHY_RATE

    def health(self) -> dict[str, str]:
        """The body of `/health` (§3.6)."""
        return {"status": "healthy", "version": self.version}

    def metrics(self) -> str:
        """Prometheus' text format."""
        return f"shop_error_rate {self.error_rate}\nshop_latency_p99_ms {HEALTHY_P99}\n"


class Server(ThreadingHTTPServer):
    """One environment."""

    def __init__(self, port: int) -> None:
        self.shop = Shop()
        super().__init__(("127.0.0.1", port), Handler)


class Handler(BaseHTTPRequestHandler):
    """Answers for the server's shop."""

    server: Server

    def do_GET(self) -> None:
        """What it runs and how it is."""
        if self.path == "/metrics":
            self._answer(self.server.shop.metrics().encode(), "text/plain; version=0.0.4")
        elif self.path in {"/health", "/api/v1/health"}:
            self._answer(json.dumps(self.server.shop.health()).encode())
        else:
            self._answer(b"{}", status=HTTPStatus.NOT_FOUND)

    def do_PUT(self) -> None:
        """A deployment, or an illness."""
        for name, value in self._sent().items():
            setattr(self.server.shop, name, value)
        self._answer(b"{}")

    def do_POST(self) -> None:
        """The portal's order to go back."""
        self.server.shop.version = self._sent()["data"]["version"]
        self.server.shop.error_rate = HEALTHY_RATE
        self._answer(b'{"status": "done"}')

    def log_message(self, *_words: Any) -> None:
        """Nobody reads it."""

    def _sent(self) -> dict[str, Any]:
        sent: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        return sent

    def _answer(self, body: bytes, kind: str = "application/json", status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main(ports: list[str]) -> None:
    """Serve both environments until killed."""
    servers = [Server(int(port)) for port in ports]
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    servers[0].serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
