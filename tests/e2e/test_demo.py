"""The demonstration, as anybody would start it: real processes, real data, nothing moved but the played answers."""

import json
import os
import sqlite3
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from api.processes import free_port
from marketplace.sources.cache import verified_folder
from marketplace.sources.catalogue import TRAVEL
from marketplace.sources.deliveries import prepare
from marketplace.sources.errors import SourceMissingError
from marketplace.sources.geography import district_of
from marketplace.sources.played_answers import played_answers
from marketplace.sources.travel import read_persons

pytestmark = pytest.mark.e2e

BANDS = ((35, "up to 35"), (55, "36 to 55"), (75, "56 to 75"), (99, "76 and over"))
PUBLIC_TRANSPORT = ("bus", "light_rail", "metro", "commuter_rail")
SEED = 7


def stoa(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "api.cli.main", "--home", str(home), *arguments]
    environment = {**os.environ, "COLUMNS": "200"}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=420, env=environment)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    try:
        verified_folder(TRAVEL)
    except SourceMissingError as missing:
        pytest.skip(str(missing))
    home = tmp_path_factory.mktemp("demo") / "city"
    home.mkdir()
    addresses = {name: f"http://127.0.0.1:{free_port(0)}" for name in ("node", "registrar", "public")}
    (home / "settings.json").write_text(json.dumps(addresses))  # other tests' cities may hold the usual ports
    report = home.parent / "demo.json"
    done = stoa(home, "demo", "--once", "--json", str(report))
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return home, json.loads(report.read_text())


def steps(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for act in record["acts"] for step in act["steps"]]


def first_answer(home: Path) -> dict[tuple[str, str], int | None]:
    facts = json.loads((home / "demo.json").read_text())
    result = json.loads((home / "first-answer.json").read_text())
    assert facts["first_order"]
    bands, districts = (dimension["labels"] for dimension in result["dimensions"])
    places = [(band, district) for band in bands for district in districts]
    return {
        place: None if cell is None else cell[0] for place, cell in zip(places, result["cells"], strict=True)
    }


def counted(home: Path, people: set[int]) -> dict[tuple[str, str], int]:
    """Public transport trips by age band and district, in plain SQL over the delivered table: another code path."""
    persons = {one.person_id: one for one in read_persons(verified_folder(TRAVEL))}
    with sqlite3.connect(delivered_again(home)) as trips:
        trips.execute("CREATE TEMP TABLE who (person_id INTEGER PRIMARY KEY, band TEXT, district TEXT)")
        trips.executemany(
            "INSERT INTO who VALUES (?, ?, ?)",
            [
                (number, band_of(persons[number].age), district_of(persons[number].home_zone))
                for number in people
            ],
        )
        marks = ", ".join("?" * len(PUBLIC_TRANSPORT))
        rows = trips.execute(
            "SELECT band, district, COUNT(*) FROM who JOIN trips USING (person_id) "
            f"WHERE mode IN ({marks}) GROUP BY band, district",
            PUBLIC_TRANSPORT,
        )
        return {(band, district): number for band, district, number in rows}


def delivered_again(home: Path) -> Path:
    """The first day's trips as they were delivered, outside the city: the city keeps no plain copy."""
    day = date.fromisoformat(json.loads((home / "demo.json").read_text())["first_day"])
    (delivery,) = prepare(["trips"], home.parent / "delivered again", day=day)
    return delivery.file


def test_the_city_keeps_no_plain_copy_of_what_was_delivered(played: tuple[Path, dict[str, Any]]) -> None:
    home, _ = played
    kept = sorted(path.name for path in (home / "deliveries").iterdir())
    assert kept == ["bikes.dataset.json", "persons.dataset.json", "trips.dataset.json"]


def band_of(age: int) -> str:
    return next(label for upto, label in BANDS if age <= upto)


def test_every_step_is_played_and_the_auditor_agrees(played: tuple[Path, dict[str, Any]]) -> None:
    _, record = played
    assert len(record["acts"]) == 4
    assert all(step["new"] for step in steps(record))
    assert record["verdict"]["exit"] == 0


def test_the_report_says_what_each_step_cost_the_ledger(played: tuple[Path, dict[str, Any]]) -> None:
    _, record = played
    spent = {step["title"]: (step["transactions"], step["gas"]) for step in steps(record)}
    bought = spent["TransitLab buys a licence: one signature, one transaction"][0]
    assert bought in {1, 2}  # an anchor of the access log may fall into the same step
    imported = next(spent[title] for title in spent if title.endswith("imported at the desk"))
    assert 30 <= imported[0] <= 60
    assert 30_000 < imported[1] / 2_980 < 50_000
    assert record["gas"] == sum(gas for _, gas in spent.values()) == sum(act["gas"] for act in record["acts"])


def test_the_answer_agrees_cell_by_cell_with_plain_sql_over_the_3000_who_said_yes(
    played: tuple[Path, dict[str, Any]],
) -> None:
    home, _ = played
    asked = {one.person_id for one in read_persons(verified_folder(TRAVEL)) if one.may_be_asked}
    yes = set(played_answers(asked, SEED).yes)
    answer = {place: number for place, number in first_answer(home).items() if number is not None}

    over_yes, over_all = counted(home, yes), counted(home, asked)

    assert len(answer) > 10
    assert answer == {place: over_yes[place] for place in answer}
    assert answer != {place: over_all[place] for place in answer}


def test_a_second_start_opens_the_next_day_of_the_kept_city(played: tuple[Path, dict[str, Any]]) -> None:
    home, _ = played
    report = home.parent / "again.json"

    done = stoa(home, "demo", "--once", "--json", str(report))

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    first_act = json.loads(report.read_text())["acts"][0]
    old = {step["title"] for step in first_act["steps"] if not step["new"]}
    assert any(title.startswith("Dataset") for title in old)
    assert any("licence" in title for title in old)


def test_a_command_without_the_city_running_says_what_to_do(played: tuple[Path, dict[str, Any]]) -> None:
    home, _ = played
    done = stoa(home, "ledger", "verify")
    assert done.returncode == 1
    assert "node_unreachable" in done.stderr
    assert "Traceback" not in done.stderr
