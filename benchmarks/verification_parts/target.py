"""`python -m benchmarks.verification_parts.target PORT`: every service and their Prometheus, as quick as an event loop answers.

`/hung/…` takes the request and says nothing, which is the slowest a service can be.
"""

from __future__ import annotations

import asyncio
import json
import sys
from urllib.parse import parse_qs, urlsplit

HEALTH = json.dumps({"status": "ok", "version": "v1.0.0"}).encode()


def answer(target: str) -> bytes:
    """The body for a path."""
    parts = urlsplit(target)
    if parts.path != "/api/v1/query":
        return HEALTH
    asked = parse_qs(parts.query)
    query, moment = asked["query"][0], asked["time"][0]
    value = moment if query.startswith("timestamp(") else "0.001"
    result = [{"metric": {}, "value": [float(moment), value]}]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}).encode()


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Requests of one connection until it closes."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            target = head.split(b" ", 2)[1].decode()
            if target.startswith("/hung/"):
                await asyncio.sleep(3600)
            body = answer(target)
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            )
            if b"\r\nconnection: close" in head.lower():
                break
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main(port: int) -> None:
    """Serve until killed."""
    server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
