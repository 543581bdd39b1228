"""The same requests by httpx alone: as many verifications at once, four checks each at once, nothing judged and nothing kept."""

from __future__ import annotations

import asyncio
import logging
import time
from urllib.parse import urlencode

import httpx


def seconds(*, url: str, count: int, at_once: int) -> float:
    """How long `count` verifications take."""
    return asyncio.run(_all(url, count, at_once))


# A line for each request would be measured too.
logging.getLogger("httpx").setLevel(logging.WARNING)


async def _all(url: str, count: int, at_once: int) -> float:
    turn = asyncio.Semaphore(at_once)
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=at_once * 4), timeout=5) as client:

        async def verify(number: int) -> None:
            async with turn:
                name = f"service_{number}"
                await asyncio.gather(
                    client.get(f"{url}/health"),
                    client.get(f"{url}/api/v1/health"),
                    _metric(client, url, f"{name}_error_rate_5m"),
                    _metric(client, url, f"{name}_latency_p99_5m"),
                )

        began = time.perf_counter()
        await asyncio.gather(*(verify(number) for number in range(count)))
        return time.perf_counter() - began


async def _metric(client: httpx.AsyncClient, url: str, name: str) -> None:
    for query in (name, f"timestamp({name})"):
        asked = urlencode({"query": query, "time": f"{time.time():.3f}", "timeout": "5s"})
        (await client.get(f"{url}/api/v1/query?{asked}")).json()
