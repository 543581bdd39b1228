"""The API of Kubernetes by its official client, whose every call goes the portal's one way out.

The client builds addresses, credentials and bodies and reads what comes back. Its connection pool is replaced: the host is judged and
pinned, a redirect is an answer, everything ends at one deadline, and no large body is read (`cybercube_portal/outbound.py`).
"""

from __future__ import annotations

import io
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import urllib3
import yaml
from django.conf import settings

from cybercube_portal.catalog.rollback_config import PLACE
from cybercube_portal.errors import PortalError
from cybercube_portal.outbound import OutboundFailed, OutboundRefused, call
from releases.drivers.orders import TIMEOUT, DriverUnavailable, refusal

if TYPE_CHECKING:
    from kubernetes.client import AppsV1Api, Configuration

IN_CLUSTER = "in-cluster"
# Ways of a kubeconfig to come by a token that would call out, or start a program, past the guard.
OWN_WAYS = ("exec", "auth-provider")


class ClusterRefused(PortalError):
    """The cluster said no, or the portal may not speak to it as it is configured: another try changes nothing."""

    code = "rollback.cluster_refused"


@contextmanager
def deployments_of(environment: str) -> Iterator[AppsV1Api]:
    """The calls for Deployments of the cluster where `environment` runs. Raises ClusterRefused, and DriverUnavailable where another try may help."""
    # Half a second and 30 MB that only a worker which rolls back by Kubernetes pays.
    from kubernetes.client import ApiClient, ApiException, AppsV1Api  # noqa: PLC0415

    configuration = _configured(environment)
    try:
        with ApiClient(configuration) as client:
            client.rest_client.pool_manager = _OneWayOut(configuration)
            yield AppsV1Api(client)
    except OutboundRefused as refused:
        raise ClusterRefused(str(refused)) from refused
    except OutboundFailed as fault:
        raise DriverUnavailable(str(fault)) from fault
    except ApiException as answer:
        if not answer.status:
            raise DriverUnavailable(f"The cluster's answer cannot be read: {answer.reason}.") from answer
        raise ClusterRefused(refusal(answer.status, answer.body or "").words) from answer
    except (ValueError, TypeError, AttributeError, LookupError) as error:
        raise DriverUnavailable("The cluster answered something that is no Deployment.") from error


class _OneWayOut(urllib3.PoolManager):
    """In place of the client's connection pool."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__()
        self._host = str(urlsplit(configuration.host).hostname)
        self._server_name = configuration.tls_server_name or ""
        self._trust = _trust(configuration)

    def urlopen(  # type: ignore[override]  # as in urllib3's own
        self,
        method: str,
        url: str,
        redirect: bool = True,  # noqa: ARG002, FBT001, FBT002 - its signature
        **options: Any,
    ) -> urllib3.BaseHTTPResponse:
        body = options.get("body") or b""
        answer = call(
            method,
            url,
            hosts=[self._host],
            headers=options.get("headers"),
            body=body.encode() if isinstance(body, str) else body,
            timeout=TIMEOUT,
            trust=self._trust,
            server_name=self._server_name,
        )
        read = io.BytesIO(answer.body)
        return urllib3.HTTPResponse(read, headers=dict(answer.headers), status=answer.status, preload_content=False)


def _trust(configuration: Configuration) -> ssl.SSLContext:
    try:
        trust = ssl.create_default_context(
            cafile=configuration.ssl_ca_cert or None, cadata=configuration.ca_cert_data or None
        )
        if configuration.cert_file:
            trust.load_cert_chain(configuration.cert_file, configuration.key_file)
    except (OSError, ValueError) as error:
        raise ClusterRefused("The certificates for the cluster cannot be read.") from error
    return trust


def _configured(environment: str) -> Configuration:
    from kubernetes.client import Configuration  # noqa: PLC0415 - see above
    from kubernetes.config import ConfigException, load_incluster_config  # noqa: PLC0415

    # No proxy of the process's surroundings: the portal calls the judged address itself.
    found = Configuration(proxy="", no_proxy="")
    try:
        if settings.KUBERNETES_CONFIG == IN_CLUSTER:
            load_incluster_config(client_configuration=found)
        elif settings.KUBERNETES_CONFIG:
            _load_file(found, environment)
        elif settings.KUBERNETES_URL:
            found.host = settings.KUBERNETES_URL
            found.api_key["BearerToken"] = f"Bearer {settings.KUBERNETES_TOKEN}"
            found.ca_cert_data = settings.KUBERNETES_CA
        else:
            unset = "set CYBERCUBE_KUBERNETES_URL or CYBERCUBE_KUBERNETES_CONFIG"
            raise ClusterRefused(f"The portal knows no cluster: {unset}.")
    except ConfigException as wrong:
        raise ClusterRefused(f"The cluster's configuration cannot be used: {wrong}") from wrong
    if not found.verify_ssl:
        raise ClusterRefused("The kubeconfig skips the check of the cluster's certificate: no token is sent then.")
    if found.proxy:
        raise ClusterRefused("The kubeconfig names a proxy: the portal calls the API server itself.")
    return found


def _load_file(configuration: Configuration, environment: str) -> None:
    from kubernetes.config.kube_config import KubeConfigLoader  # noqa: PLC0415 - see above

    path = Path(settings.KUBERNETES_CONFIG)
    context = settings.KUBERNETES_CONTEXT.replace(PLACE, environment) or None
    try:
        # Read here, not by the client: in its own words on a file that is wrong stand whole entries, tokens among them.
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
        loader = KubeConfigLoader(config, active_context=context, config_base_path=str(path.parent))
        user = loader.current_context["context"].get("user")
        _refuse_own_ways(next((entry["user"] for entry in config.get("users") or () if entry["name"] == user), {}))
        loader.load_and_set(configuration)
    except yaml.YAMLError as error:
        raise ClusterRefused(f"{path} is no YAML.") from error
    except OSError as error:
        raise ClusterRefused(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError, AttributeError, LookupError) as error:
        raise ClusterRefused(f"{path} is no kubeconfig.") from error


def _refuse_own_ways(user: dict[str, Any]) -> None:
    for way in OWN_WAYS:
        if way in user:
            raise ClusterRefused(
                f"The kubeconfig comes by its token through {way}: the portal starts no program and asks nobody else for it. "
                "Use a service account's token, a tokenFile or a client certificate."
            )
