"""Serving a chain to other processes until it is told to stop."""

import logging
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import uvicorn

from ledger.devnet.chain import Devnet
from ledger.devnet.door import Door
from ledger.devnet.errors import DevnetError
from ledger.devnet.genesis import GenesisFile
from ledger.devnet.http import JsonRpcApp
from ledger.devnet.limits import Settings
from ledger.keys import KeyFileError

DEFAULT_PORT = 8545
LOOPBACK = "127.0.0.1"
LOOPBACK_HOSTS = frozenset({LOOPBACK, "localhost", "::1"})

KEEP_ALIVE_SECONDS = 75
GRACE_SECONDS = 10
"""For requests that are being answered when the stop comes."""


class PortTakenError(DevnetError):
    """Something else listens there."""

    code = "port_taken"


def serve(
    folder: Path,
    *,
    host: str = LOOPBACK,
    port: int | None = None,
    genesis: GenesisFile | None = None,
    door: Door | None = None,
    first_door: bytes | None = None,
    settings: Settings | None = None,
    started: Callable[[Devnet, str], None] = lambda devnet, url: None,
) -> int:
    """Serve the chain in `folder` until SIGINT or SIGTERM. Returns the exit code.

    `port` None: 8545, or a free one when that is taken. 0: a free one. `started` is called with the chain and its URL
    once it listens. What goes wrong is said in one sentence on standard error.
    """
    settings = settings or Settings()
    try:
        with (
            listening_socket(host, port) as listener,
            Devnet.open(
                folder, genesis=genesis, door=door, first_door=first_door, settings=settings
            ) as devnet,
        ):
            url = f"http://{_in_url(host)}:{listener.getsockname()[1]}"
            return _run(devnet, listener, settings, lambda: started(devnet, url))
    except (DevnetError, KeyFileError) as error:
        print(f"{error.code}: {error}", file=sys.stderr)
        return 1


def listening_socket(host: str, port: int | None) -> socket.socket:
    """A socket bound to `host` and `port`, chosen as `serve` says.

    Raises:
        PortTakenError: the port is in use, or is not ours to take.
    """
    reason: str | None = None
    for wanted in (DEFAULT_PORT, 0) if port is None else (port,):
        try:
            listener = socket.create_server(
                (host, wanted), family=socket.AF_INET6 if ":" in host else socket.AF_INET
            )
        except OSError as error:
            reason = error.strerror
            continue
        # asyncio sets this only on sockets that it made itself; without it every answer waits 40 ms for an
        # acknowledgement. Connections inherit it from the listener.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    raise PortTakenError(
        f"Cannot listen on {host}:{port}: {reason}. Choose another with --port, or --port 0."
    )


class _Server(uvicorn.Server):
    """Ends quietly on the first SIGINT or SIGTERM, at once on the second."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True


def _run(devnet: Devnet, listener: socket.socket, settings: Settings, listening: Callable[[], None]) -> int:
    loopback = listener.getsockname()[0] in LOOPBACK_HOSTS
    app = JsonRpcApp(devnet, body_bytes=settings.limits.body_bytes, only_loopback_names=loopback)
    config = uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False,
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    server = _Server(config)
    failures: list[BaseException] = []

    def stop(failure: BaseException) -> None:
        failures.append(failure)
        server.should_exit = True

    devnet.sequencer.on_failure = stop
    listening()
    server.run(sockets=[listener])
    app.close()
    if failures:
        print(f"The chain has stopped: {failures[0]}", file=sys.stderr)
        return 1
    return 0


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
