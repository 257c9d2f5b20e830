"""A node that lies once: it passes everything on, and changes one answer."""

import json
import random
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from api.home import LOOPBACK

LIES = ("eth_getBlockByNumber", "eth_call", "eth_getCode", "eth_getLogs")


@dataclass
class Liar:
    """Where the lying node is, and what it lied about."""

    url: str
    methods: tuple[str, ...]
    lie: str = "a node's answer"
    told: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def changed(self, method: str, answer: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            if self.told or method not in self.methods:
                return answer
            forged = forge(method, answer.get("result"))
            if forged is None:
                return answer
            self.told = True
            self.lie = f"the node's answer to {method}"
            return {**answer, "result": forged}


def forge(method: str, result: Any) -> Any:
    """The same answer with one hexadecimal digit changed; None if there is nothing to change."""
    if isinstance(result, str) and len(result) > 2:
        return result[:-1] + ("0" if result[-1] != "0" else "1")
    if isinstance(result, dict) and "stateRoot" in result:
        return {**result, "stateRoot": forge(method, result["stateRoot"])}
    if isinstance(result, list) and result and "data" in result[0]:
        return result[1:]
    return None


@contextmanager
def lying_node(url: str, chance: random.Random) -> Generator[Liar]:
    """Serve a node on loopback that answers as the one at `url` does, except once."""
    liar = Liar("", tuple(chance.sample(LIES, len(LIES))))
    upstream = httpx.Client(timeout=30)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = upstream.post(url, json=asked).json()
            if isinstance(asked, list):
                by_id = {one["id"]: one["method"] for one in asked}
                answer = [liar.changed(by_id[one["id"]], one) for one in answer]
            else:
                answer = liar.changed(asked["method"], answer)
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    liar.url = f"http://{LOOPBACK}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield liar
    finally:
        server.shutdown()
        upstream.close()
