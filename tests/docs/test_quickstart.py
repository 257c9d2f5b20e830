"""The quickstart, run out of the docs as it stands, against a city of real processes that really listens."""

import csv
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from api.client.connection import Connection
from api.demo.act_one import publish
from api.demo.stage import Stage
from api.home import Home
from ledger.bindings import Tariff
from ledger.enums import Class, Meter
from marketplace.licences import service as licences
from marketplace.sources.cache import verified_folder
from marketplace.sources.catalogue import BIKES
from marketplace.sources.deliveries import prepare
from marketplace.sources.errors import SourceMissingError
from marketplace.use_cases import service as use_cases

pytestmark = pytest.mark.e2e

DOC = Path(__file__).parents[2] / "docs" / "quickstart.md"
BLOCK = re.compile(r"<!-- quickstart: (\w+) -->\n```\w+\n(.*?)```", re.DOTALL)
MOST_LINES = 15
MICRO = 1_000_000
NUMBER = re.compile(r"[0-9]+")


def blocks() -> dict[str, str]:
    return dict(BLOCK.findall(DOC.read_text("utf-8")))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A demonstration city with the play bank, bikes, a price and a rule; nobody has joined it."""
    try:
        verified_folder(BIKES)
    except SourceMissingError as missing:
        pytest.skip(str(missing))
    made = Stage(Home.here(tmp_path_factory.mktemp("quickstart") / "city"))
    try:
        made.choose_ports()
        made.start_chain()
        made.open_city()
        made.start_office()
        deliver_bikes(made)
        set_terms(made)
        yield made
    finally:
        made.close()


def deliver_bikes(stage: Stage) -> None:
    (bikes,) = prepare(["bikes"], stage.work_folder, day=date(2026, 11, 25))
    publish(stage, bikes, public=True)


def set_terms(stage: Stage) -> None:
    house = stage.house
    price = Tariff(
        use_case=0,
        class_=Class.COMMERCIAL,
        meter=Meter.RUN,
        licence_price=400 * MICRO,
        unit_price=25 * MICRO,
        licence_days=365,
        quota=500,
        sharing_discount=0,
        sharing_days=0,
        payees=[],
    )
    with house.database.writing() as session:
        keys = [
            licences.set_tariff(session, house, price),
            use_cases.publish_rule(
                session,
                house,
                text="Data that is not about people may be used for any admitted purpose.",
                classes=[Class.COMMERCIAL],
                longest_days=365,
            ),
        ]
    stage.settled(*keys)


@pytest.fixture(scope="module")
def riders(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> int:
    """Added up from the delivery itself, by other means."""
    (delivery,) = prepare(["bikes"], tmp_path_factory.mktemp("bikes"), day=date(2026, 11, 25))
    with delivery.file.open(newline="") as lines:
        return sum(int(row["riders"]) for row in csv.DictReader(lines))


def run(stage: Stage, command: list[str], folder: Path) -> str:
    environment = {
        **os.environ,
        "CITY": stage.home.settings.public,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "STOA_HOME": str(folder / "mine"),
    }
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@pytest.mark.parametrize("name", ["shell", "python"])
def test_a_program_of_the_quickstart_has_few_lines(name: str) -> None:
    lines = [line for line in blocks()[name].splitlines() if line.strip()]
    assert len(lines) <= MOST_LINES


def test_the_shell_buys_the_number(stage: Stage, riders: int, tmp_path: Path) -> None:
    printed = run(stage, ["bash", "-e", "-o", "pipefail", "-c", blocks()["shell"]], tmp_path)
    assert printed.split() == ["active", "final", str(riders)]


def test_python_buys_the_number(stage: Stage, riders: int, tmp_path: Path) -> None:
    assert run(stage, [sys.executable, "-c", blocks()["python"]], tmp_path).split() == [str(riders)]


def test_the_number_was_paid_for(stage: Stage) -> None:
    """After both programs: two buyers paid in, and what is gone from their accounts is with the city."""
    feed = Connection(stage.home.settings.public).get("/v1/transparency")["items"]
    assert [(one["state"], one["fees"], one["runs"]) for one in feed] == [("allowed", "425.00", "1")] * 2
