"""The portal's own WSGI and ASGI callables on the loopback, for clients that know nothing of tests."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.db import connections


class _Server(ThreadingMixIn, WSGIServer):
    # Closing the server waits for what it still answers: nothing of it reaches into the next test.
    daemon_threads = False

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """A thread of this server ends with its request, and its connection with it."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            connections.close_all()


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's signature
        """Requests of a test are not logged."""


@contextmanager
def wsgi_server(application: Callable[..., Any]) -> Iterator[str]:
    """The address of a server that runs `application` in threads."""
    server = make_server("127.0.0.1", 0, application, _Server, _Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def asgi_server(application: Callable[..., Any]) -> Iterator[str]:
    """The address of a server for one kind of request: a GET whose answer is streamed."""
    loop = asyncio.new_event_loop()
    # One thread, so that what it leaves open is closed at the end: a second one would take a connection with it.
    loop.set_default_executor(ThreadPoolExecutor(1))
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.setblocking(False)
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        # In a thread of its own from the start: a browser test before this one leaves its event loop running in ours.
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        starting = asyncio.start_server(_handler(application), sock=listening)
        server = asyncio.run_coroutine_threadsafe(starting, loop).result(10)
        try:
            yield address
        finally:
            asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()


async def _end(server: asyncio.Server) -> None:
    """Nobody is listened to any more, and nobody is left listening."""
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, connections.close_all)
    await loop.shutdown_default_executor()


def _handler(application: Callable[..., Any]) -> Callable[..., Any]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target, _ = head[0].split(" ")
        path, _, query = target.partition("?")
        headers = [tuple(line.encode().split(b": ", 1)) for line in head[1:] if line]
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.lower(), value) for name, value in headers],
        }

        async def receive() -> dict[str, Any]:
            await reader.read()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                lines = [f"HTTP/1.1 {message['status']} X".encode(), b"Connection: close"]
                writer.write(b"\r\n".join([*lines, *(b": ".join(pair) for pair in message["headers"])]) + b"\r\n\r\n")
            else:
                writer.write(message["body"])
            await writer.drain()

        try:
            await application(scope, receive, send)
        finally:
            writer.close()

    return handle
