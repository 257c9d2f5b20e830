"""A real browser on a city that really listens. Playwright drives the Chromium of the system."""

import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request

from tests.web.city import WebCity

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 360, "height": 640}
DESK = {"width": 1280, "height": 800}
PATIENCE = 10_000
"""Milliseconds until something that should happen did not. No test waits for a time to pass."""


def is_installed() -> bool:
    return CHROMIUM is not None


@contextmanager
def launched(playwright: Playwright, *, keeping_pages: bool = False) -> Iterator[Browser]:
    """`keeping_pages` for the back button, as people's browsers do; Playwright switches that off."""
    ignored = ["--disable-back-forward-cache"] if keeping_pages else []
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, ignore_default_args=ignored)
    yield browser
    browser.close()


@dataclass
class Device:
    """A phone with nothing on it, and everything that its browser asked for and complained about."""

    context: BrowserContext
    locale: str
    home: str
    """The city's address. Nothing else may be asked for."""
    expected: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, browser: Browser, home: str, **options: Any) -> "Device":
        chosen = {"viewport": PHONE, "locale": "en-GB", "reduced_motion": "reduce", **options}
        context = browser.new_context(**chosen)
        context.set_default_timeout(PATIENCE)
        device = cls(context, chosen["locale"], home)
        context.on("request", device._asked)
        context.on("console", device._heard)
        context.on("weberror", lambda error: device.complaints.append(str(error.error)))
        return device

    def _asked(self, request: Request) -> None:
        self.requests.append(request)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def page(self, path: str = "/c") -> Page:
        """A new tab."""
        page = self.context.new_page()
        page.goto(self.home + path)
        return page

    def expects(self, *patterns: str) -> None:
        """What the console may say in this test, and must."""
        self.expected += patterns

    def strangers(self) -> list[str]:
        """Every address elsewhere that was asked for."""
        return [one.url for one in self.requests if urlsplit(one.url).netloc != urlsplit(self.home).netloc]

    def unexpected(self) -> list[str]:
        return [said for said in self.complaints if not any(re.search(one, said) for one in self.expected)]

    def missing(self) -> list[str]:
        return [one for one in self.expected if not any(re.search(one, said) for said in self.complaints)]


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
            self._city.server(), host="127.0.0.1", port=self._port, log_level="critical", access_log=False
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
