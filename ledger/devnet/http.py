"""JSON-RPC over HTTP: an ASGI application in front of a chain."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson

from ledger.devnet.chain import Devnet
from ledger.devnet.rpc.errors import INVALID_REQUEST, Json, named

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# Whoever sends waits for the disk; whoever reads shall not wait behind them.
SENDING_THREADS = 16
READING_THREADS = 8

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


class JsonRpcApp:
    """Answers POST requests with JSON. Anything else gets a status and a sentence."""

    def __init__(self, devnet: Devnet, *, body_bytes: int, only_loopback_names: bool) -> None:
        """`only_loopback_names`: refuse a request whose Host header names another machine.

        A page from elsewhere whose name was bound to 127.0.0.1 cannot ask then.
        """
        self._devnet = devnet
        self._body_bytes = body_bytes
        self._only_loopback_names = only_loopback_names
        self._senders = ThreadPoolExecutor(SENDING_THREADS, "rpc-send")
        self._readers = ThreadPoolExecutor(READING_THREADS, "rpc-read")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await _respond(send, *refusal)
            return
        body = await self._body(receive)
        if body is None:
            await _respond(
                send, 413, _error("body_too_large", f"the request is longer than {self._body_bytes} bytes")
            )
            return
        workers = self._senders if b"eth_sendRawTransaction" in body else self._readers
        answer = await asyncio.get_running_loop().run_in_executor(workers, self._devnet.rpc_bytes, body)
        await _respond(send, 200 if answer else 204, answer)

    def _refusal(self, scope: Scope) -> tuple[int, bytes] | None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        if self._only_loopback_names and _name_in(headers.get(b"host", "")) not in LOOPBACK_NAMES:
            return 403, _error("wrong_host", "this chain answers to localhost and 127.0.0.1 only")
        if scope["method"] != "POST":
            return 405, _error("post_only", "send a JSON-RPC request by POST")
        if not headers.get(b"content-type", "").lower().startswith("application/json"):
            return 415, _error("json_only", "send it as Content-Type: application/json")
        return None

    async def _body(self, receive: Receive) -> bytes | None:
        """The request's body; None when it is longer than is allowed, and the rest was not read."""
        parts: list[bytes] = []
        length = 0
        while True:
            message = await receive()
            part: bytes = message.get("body", b"")
            length += len(part)
            if length > self._body_bytes:
                return None
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)

    def close(self) -> None:
        self._senders.shutdown()
        self._readers.shutdown()


def _name_in(host: str) -> str:
    """The name in a Host header, without the port."""
    return host[: host.find("]") + 1] if host.startswith("[") else host.partition(":")[0]


def _error(code: str, message: str) -> bytes:
    answer: Json = {"jsonrpc": "2.0", "id": None, "error": named(INVALID_REQUEST, code, message).as_json()}
    return orjson.dumps(answer)


async def _respond(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-length", str(len(body)).encode())]
    if body:
        headers.append((b"content-type", b"application/json"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
