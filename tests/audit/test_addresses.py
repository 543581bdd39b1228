"""Which addresses may be called: a table a person can read, against a canary listener (reliability.md section 4)."""

from __future__ import annotations

import csv
from ipaddress import ip_network
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from cybercube_portal.addresses import refusal
from cybercube_portal.outbound import OutboundRefused, call
from tests.audit.listener import Listener

TABLE = (Path(__file__).parent / "addresses.csv").read_text(encoding="utf-8")
ADDRESSES = list(csv.DictReader(TABLE.splitlines()))


def test_table__enough_rows() -> None:
    assert len(ADDRESSES) >= 60


@pytest.mark.parametrize("row", ADDRESSES, ids=lambda row: f"{row['address']} {row['what']}")
def test_call__address__only_what_the_table_says(row: dict[str, str], settings: Settings, canary: Listener) -> None:
    settings.OUTBOUND_NETWORKS = (ip_network("10.20.0.0/16"),)
    if row["answer"] == "called":
        assert refusal(row["address"], allowed=settings.OUTBOUND_NETWORKS) is None
        return
    host = f"[{row['address']}]" if ":" in row["address"] else row["address"]
    with pytest.raises(OutboundRefused) as refused:
        call("GET", canary.url(host), hosts=[row["address"]], timeout=2)
    assert refused.value.code == "outbound.address_refused"
    assert canary.connections == 0


def test_refusal__link_local_with_a_zone_or_no_address__refused() -> None:
    assert refusal("fe80::1%eth0", allowed=[ip_network("fe80::/10")])
    assert refusal("2a00:1450::1%eth0", allowed=[])
    assert refusal("example.com", allowed=[])


@pytest.mark.parametrize(
    "network", ["169.254.0.0/16", "::ffff:0:0/96", "64:ff9b::/96", "2002::/16", "fd00::/8", "100.64.0.0/10"]
)
def test_refusal__operator_lists_metadata_or_tunnels__still_refused(network: str) -> None:
    inside = {
        "169.254.0.0/16": "169.254.169.254",
        "::ffff:0:0/96": "::ffff:10.0.0.1",
        "64:ff9b::/96": "64:ff9b::a00:1",
        "2002::/16": "2002:a00:1::1",
        "fd00::/8": "fd00:ec2::254",
        "100.64.0.0/10": "100.100.100.200",
    }[network]
    assert refusal(inside, allowed=[ip_network(network)])
