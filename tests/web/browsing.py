"""A real browser on a city that really listens. Playwright drives the Chromium of the system."""

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import uvicorn

from tests.web.city import WebCity

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PHONE = {"width": 360, "height": 640}


def is_installed() -> bool:
    return CHROMIUM is not None and find_spec("playwright") is not None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Serving:
    """The city's server, which a test may stop and start again at the same address."""

    def __init__(self, city: WebCity, port: int) -> None:
        self._city = city
        self._port = port
        self._server: uvicorn.Server | None = None

    def start(self) -> None:
        config = uvicorn.Config(
            self._city.http.app, host="127.0.0.1", port=self._port, log_level="critical", access_log=False
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        if self._server is not None:
            self._server.should_exit = True
            self._server.force_exit = True
            self._thread.join(5)
            self._server = None


@contextmanager
def served(city: WebCity, port: int) -> Iterator[Serving]:
    serving = Serving(city, port)
    serving.start()
    try:
        yield serving
    finally:
        serving.stop()
