"""An honest city, lived once per session; its bundle, to be copied and tampered with."""

import shutil
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest
from stoa_audit.audit import Task, verify
from stoa_audit.node import Node as AskedNode
from stoa_audit.report import Exit, Report

from ledger.devnet.chain import Devnet
from ledger.devnet.provider import InProcessProvider
from ledger.digests import unhexed
from ledger.keys import LocalSigner
from ledger.node import Node
from tests.auditor.bundles import Copy
from tests.auditor.desk import Desk
from tests.auditor.history import Happened, live
from tests.town import Clock, Town


@dataclass
class Honest:
    town: Town
    desk: Desk
    happened: Happened
    bundle: Path
    sequencer: LocalSigner
    """Whoever seals can seal another history of the same city."""

    def ask(self, payload: Any) -> Any:
        """The city's own node."""
        return self.town.devnet.rpc(payload)


@pytest.fixture(scope="session")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Generator[Honest]:
    folder = tmp_path_factory.mktemp("honest")
    sequencer, clock = LocalSigner.fresh(), Clock()
    devnet = Devnet.in_memory(clock=clock, signer=sequencer)
    town = Town.on(Node(InProcessProvider(devnet)), devnet, clock)
    desk = Desk.of(town, folder / "house")
    happened = live(desk)
    yield Honest(town, desk, happened, desk.export(folder / "bundle"), sequencer)
    desk.close()
    town.devnet.close()


@contextmanager
def served(ask: Callable[[Any], Any]) -> Generator[str]:
    """A node over HTTP; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            payload = orjson.loads(self.rfile.read(int(self.headers["content-length"])))
            answer = orjson.dumps(ask(payload))
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def url(honest: Honest) -> Generator[str]:
    """The city's node over HTTP."""
    with served(honest.ask) as where:
        yield where


@pytest.fixture
def copy(honest: Honest, tmp_path: Path) -> Copy:
    """A bundle to be changed."""
    return Copy(Path(shutil.copytree(honest.bundle, tmp_path / "copy")))


@pytest.fixture
def desk(town: Town, tmp_path: Path) -> Generator[Desk]:
    """A new city with a house, for histories that are not honest."""
    desk = Desk.of(town, tmp_path / "house")
    yield desk
    desk.close()


Audit = Callable[..., Report]


@pytest.fixture
def audit() -> Audit:
    """Audit as somebody who knows the city of the manifest, unless another digest (or None) is named."""

    def run(bundle: Path, ask: Callable[[Any], Any] | None = None, **task: Any) -> Report:
        task.setdefault("city", city_of(bundle))
        return verify(Task(bundle, None if ask is None else AskedNode(ask), **task))

    return run


def city_of(bundle: Path) -> bytes | None:
    """The city that the manifest names; None when there is no manifest to read."""
    try:
        return unhexed(orjson.loads((bundle / "manifest.json").read_bytes())["city"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def named(report: Report, check: str, fragment: str) -> bool:
    """Whether `check` is wrong and says `fragment`, where or why."""
    finding = report[check].finding
    assert finding is not None, f"{check} found nothing; wrong: {[one.id for one in report.findings]}"
    assert fragment in str(finding), str(finding)
    assert report.exit is Exit.WRONG
    return True
