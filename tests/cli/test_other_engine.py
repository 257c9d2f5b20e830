"""A city on an engine that is not ours: founded there, used there, and found there again."""

import json
import re
from collections.abc import Generator
from pathlib import Path

import pytest
from stoa_audit.report import Exit

from api.home import Home
from tests import other_engines
from tests.cli.command import Typed, contents, serving, stoa
from tests.cli.conftest import NOBODY, ports


@pytest.fixture(scope="module")
def engine() -> Generator[str]:
    if not other_engines.ANVIL.exists():
        pytest.skip("anvil is not here: `npm ci` in contracts/toolchain brings it")
    with other_engines.anvil() as node:
        yield node.url


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("elsewhere") / "city"
    home.mkdir()
    (home / "settings.json").write_text(json.dumps(ports()))
    return home


def test_a_city_is_founded_and_used_on_the_engine_that_its_operator_names(
    home: Path, engine: str, typed: Typed
) -> None:
    with serving(home, "serve", "--name", "Elsewhere", "--node", engine, until="Ctrl-C stops it."):
        typed(home, "city", "rule", "Counts may be used by anybody.").done()
        typed(home, "ledger", "verify").done()
        audited = stoa(home, "audit", "verify")
    assert audited.code == Exit.INCOMPLETE, audited
    assert "Nothing wrong was found" in audited.text
    assert re.search(r"Not checked: chain\.seals(, node\.state)?$", audited.text), audited
    assert not (home / "devnet" / "chain.sqlite").exists()
    assert Home(home).settings.node == engine

    # It is kept: the next start needs no word about the engine.
    with serving(home, "serve", until="Ctrl-C stops it."):
        typed(home, "city", "tariff", "commercial", "--licence", "100", "--unit", "10").done()


def test_a_node_that_is_not_there_changes_nothing(home: Path, engine: str, typed: Typed) -> None:
    before = contents(home)
    typed(home, "serve", "--node", NOBODY).refused("node_unreachable")
    typed(home, "serve", "--node", "anvil").refused("address_mistyped")
    assert contents(home) == before
