"""Puts questions over kept-alive connections and measures the answers: as many as it can, or so many a second."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import cycle

HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Measured:
    """`seconds` is how long each answer took, from the moment it was due; `span` how long all of it took."""

    seconds: tuple[float, ...]
    span: float
    refused: int

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.seconds) / self.span

    def percentile(self, percent: int) -> float:
        """In milliseconds."""
        return 1000 * statistics.quantiles(self.seconds, n=100, method="inclusive")[percent - 1]


class Connection:
    """One HTTP/1.1 connection, one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, request: bytes) -> bool:
        """Whether the answer is a 201 with an allow."""
        self.writer.write(request)
        head = await self.reader.readuntil(HEAD_END)
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        body = await self.reader.readexactly(int(length.split(b":")[1]))
        return b" 201 " in head.split(b"\r\n", 1)[0] and b'"decision":"allow"' in body


async def as_many_as_possible(port: int, requests: Sequence[bytes], *, connections: int, seconds: float) -> Measured:
    """Each connection asks again as soon as it was answered."""
    until = time.perf_counter() + seconds
    took: list[float] = []
    refused = 0

    async def keep_asking(connection: Connection, own: Sequence[bytes]) -> None:
        nonlocal refused
        for request in cycle(own):
            began = time.perf_counter()
            if began >= until:
                return
            refused += not await connection.ask(request)
            took.append(time.perf_counter() - began)

    began = time.perf_counter()
    open_ones = await _connect(port, connections)
    turned = [
        [*requests[number % len(requests) :], *requests[: number % len(requests)]] for number in range(connections)
    ]
    await asyncio.gather(*(keep_asking(one, own) for one, own in zip(open_ones, turned, strict=True)))
    return Measured(tuple(took), time.perf_counter() - began, refused)


async def so_many_a_second(port: int, requests: Sequence[bytes], *, rate: float, seconds: float) -> Measured:
    """An open loop: questions come when they are due, however long the last one takes."""
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for connection in await _connect(port, 64):
        free.put_nowait(connection)
    took: list[float] = []
    refused = 0

    async def ask(due: float, request: bytes) -> None:
        nonlocal refused
        connection = await free.get()
        refused += not await connection.ask(request)
        took.append(time.perf_counter() - due)
        free.put_nowait(connection)

    began = time.perf_counter()
    asked: list[Awaitable[None]] = []
    for number, request in zip(range(int(rate * seconds)), cycle(requests), strict=False):
        due = began + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        asked.append(asyncio.ensure_future(ask(due, request)))
    await asyncio.gather(*asked)
    return Measured(tuple(took), time.perf_counter() - began, refused)


async def _connect(port: int, count: int) -> list[Connection]:
    return [Connection(*await asyncio.open_connection("127.0.0.1", port)) for _ in range(count)]


def run(measure: Callable[[], Awaitable[Measured]]) -> Measured:
    """In an event loop of its own."""

    async def measured() -> Measured:
        return await measure()

    return asyncio.run(measured())
