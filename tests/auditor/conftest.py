"""An honest city, lived once per session; its bundle, to be copied and tampered with."""

import shutil
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from stoa_audit.audit import Task, verify
from stoa_audit.node import Node
from stoa_audit.report import Exit, Report

from ledger.digests import unhexed
from tests.auditor.bundles import Copy
from tests.auditor.desk import Desk
from tests.auditor.history import Happened, live
from tests.town import Town


@dataclass
class Honest:
    town: Town
    desk: Desk
    happened: Happened
    bundle: Path

    def ask(self, payload: Any) -> Any:
        """The city's own node."""
        return self.town.devnet.rpc(payload)


@pytest.fixture(scope="session")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Generator[Honest]:
    folder = tmp_path_factory.mktemp("honest")
    town = Town.found()
    desk = Desk.of(town, folder / "house")
    happened = live(desk)
    yield Honest(town, desk, happened, desk.export(folder / "bundle"))
    desk.close()
    town.devnet.close()


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
        return verify(Task(bundle, None if ask is None else Node(ask), **task))

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
