"""What is outside the portal in these tests, on the loopback: a service that gets sick on command, and a real Prometheus that scrapes it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx


class SickService:
    """Set what it answers: `version`, `status`, `code` (of /health), `key_code` (of /api/v1/health), `error_rate`, `latency_p99`.

    `hang`: seconds before it answers as a service. It also speaks like Prometheus (`/api/v1/query`). `exported` False: its exporter says nothing of the metrics. `asked` counts paths.
    """

    def __init__(self, slug: str = "billing-service", version: str = "v2.3.1") -> None:
        self.slug, self.version, self.status = slug, version, "ok"
        self.code = self.key_code = 200
        self.error_rate, self.latency_p99 = 0.001, 120.0
        self.exported, self.hang = True, 0.0
        self.asked: list[str] = []
        self.released = threading.Event()
        self.server = _Server(("127.0.0.1", 0), self._handler())
        self.port: int = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def answer(self, path: str) -> tuple[int, str]:
        """Status and body."""
        if path == "/metrics":
            return 200, self._exposition() if self.exported else ""
        if path.startswith("/api/v1/query?"):
            return 200, self._as_prometheus(parse_qs(urlsplit(path).query))
        if self.hang:
            self.released.wait(self.hang)
        if path == "/health":
            return self.code, json.dumps({"status": self.status, "version": self.version})
        return (self.key_code, "{}") if path == "/api/v1/health" else (404, "")

    def _as_prometheus(self, asked: dict[str, list[str]]) -> str:
        """What it would answer of this service, for tests of something else."""
        (query,), (moment,) = asked["query"], asked["time"]
        value = self.error_rate if "error_rate" in query else self.latency_p99
        sample = [float(moment), moment if query.startswith("timestamp(") else str(value)]
        return json.dumps({"status": "success", "data": {"resultType": "vector", "result": [{"value": sample}]}})

    def _exposition(self) -> str:
        name = self.slug.replace("-", "_")
        return (
            f"# TYPE {name}_error_rate_5m gauge\n{name}_error_rate_5m {self.error_rate}\n"
            f"# TYPE {name}_latency_p99_5m gauge\n{name}_latency_p99_5m {self.latency_p99}\n"
        )

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                service.asked.append(self.path)
                code, body = service.answer(self.path)
                self.send_response(code)
                kind = "text/plain; version=0.0.4" if self.path == "/metrics" else "application/json"
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_words: Any) -> None:
                pass

        return Handler

    def close(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, *_request: Any) -> None:
        """A caller that hung up is no fault of ours."""


class Prometheus:
    """Debian's, scraping `targets` every 100 ms."""

    def __init__(self, folder: Path, *targets: int) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        listed = ", ".join(f'"127.0.0.1:{port}"' for port in targets)
        (folder / "prometheus.yml").write_text(
            "global: {scrape_interval: 100ms, scrape_timeout: 100ms, evaluation_interval: 1s}\n"
            f"scrape_configs:\n  - job_name: service\n    static_configs: [{{targets: [{listed}]}}]\n"
        )
        self.process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--log.level=error",
            ],
            stdin=subprocess.DEVNULL,
        )
        until(self._is_ready, what="Prometheus")

    def value(self, query: str) -> float | None:
        """What it answers now; None when there is no series."""
        result = httpx.get(f"{self.url}/api/v1/query", params={"query": query}).json()["data"]["result"]
        return float(result[0]["value"][1]) if result else None

    def until_it_says(self, query: str, value: float | None) -> None:
        """Wait until the exporter's new figure has arrived."""
        until(lambda: self.value(query) == value, what=f"{query} = {value}")

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, "prometheus ended"
        try:
            return httpx.get(f"{self.url}/-/ready").is_success
        except httpx.HTTPError:
            return False

    def close(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def until(holds: Callable[[], object], *, what: str, within: float = 30.0) -> None:
    """Wait for what another process shall bring about."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, f"{what}: it never came to pass"
        time.sleep(0.05)
