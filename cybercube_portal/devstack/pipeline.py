"""`./portal pipeline`: a release from evidence to automatic rollback, on a stack of its own that is thrown away."""

from __future__ import annotations

import http.client
import sys
import tempfile
from pathlib import Path

from cybercube_portal.devstack.ports import HOST, free_port
from cybercube_portal.devstack.processes import Supervisor
from cybercube_portal.devstack.services import child_environment, python, services
from cybercube_portal.devstack.testing import in_front, install_programs
from cybercube_portal.devstack.up import answers, manage, outside_command, web_command, worker_command
from cybercube_portal.settings import variables

PROGRAMS = {"prometheus": "prometheus"}
FIRST_PORT = 8600
# Half an hour is long for a story: seconds do.
QUICK = {
    variables.WATCH_DURATION.name: "60s",
    variables.WATCH_INTERVAL.name: "1s",
    variables.OUTBOUND_NETWORKS.name: "127.0.0.0/8",
}


def pipeline() -> int:
    """Bring up the portal, a shop and a Prometheus, tell the story, take everything down. Returns 0 when it ended as it should."""
    with tempfile.TemporaryDirectory(prefix="cybercube-pipeline-") as folder:
        data = Path(folder)
        (data / "assets").mkdir()
        supervisor = Supervisor(logs=data / "logs")
        with services(supervisor, data=data, careless=True) as found:
            install_programs(PROGRAMS)
            staging, production, metrics, web = _ports()
            told = {
                variables.DATA_DIR.name: str(data),
                variables.BASE_URL.name: _url(web),
                variables.PROMETHEUS_URL.name: _url(metrics),
            }
            env = child_environment(found, {**QUICK, **told})
            print("Bringing up a portal, a shop and a Prometheus …", file=sys.stderr, flush=True)
            supervisor.run("prepare", manage("prepare"), env=env)
            supervisor.run("demo", manage("demo", "--people-only"), env=env)
            supervisor.start("shop", python("-m", "cybercube_portal.demo.shop", str(staging), str(production)), env=env)
            supervisor.start("prometheus", _prometheus(data, metrics, scraped=production))
            supervisor.start("worker", worker_command(data), env=env)
            supervisor.start("outside", outside_command(), env=env)
            supervisor.start("web", web_command(web), env=env)
            supervisor.wait_until(lambda: answers(web), what="The web server")
            supervisor.wait_until(lambda: _is_ready(metrics), what="Prometheus")
            return in_front(manage("pipeline", "--staging", _url(staging), "--production", _url(production)), env)


def _ports() -> list[int]:
    found: list[int] = []
    for _ in range(4):
        found.append(free_port(found[-1] + 1 if found else FIRST_PORT, quietly=True))
    return found


def _url(port: int) -> str:
    return f"http://{HOST}:{port}"


def _prometheus(data: Path, port: int, *, scraped: int) -> list[str | Path]:
    config = data / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 500ms, scrape_timeout: 500ms}\n"
        f'scrape_configs: [{{job_name: shop, static_configs: [{{targets: ["{HOST}:{scraped}"]}}]}}]\n',
        encoding="utf-8",
    )
    return [
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={data / 'prometheus'}",
        f"--web.listen-address={HOST}:{port}",
    ]


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/-/ready")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()
