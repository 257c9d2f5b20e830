"""Founding a city under a profile, acts that wait for their hour, and what takes two persons with a key each."""

import json
import re
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest

from api.home import Home
from tests.cli.command import Typed, serving
from tests.cli.conftest import ports
from tests.small_city import BIKES, PERSONS, TRAVEL, document, write_bikes, write_persons

REASON = "Nobody is counted twice, or named."


@pytest.fixture(scope="module")
def careful(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """A city of the production profile that `stoa serve` founded and runs."""
    home = tmp_path_factory.mktemp("careful") / "city"
    home.mkdir()
    (home / "settings.json").write_text(json.dumps(ports(admitted_classes=[])))
    with serving(home, "serve", "--name", "Carefulton", "--profile", "production", until="Ctrl-C stops it."):
        yield home


def test_a_city_is_founded_with_the_profile_that_its_operator_names(careful: Path, typed: Typed) -> None:
    assert Home(careful).city().profile == "production"
    typed(careful, "serve", "--name", "Carefulton", "--profile", "devnet").refused("other_city", "production")


def test_an_act_that_waits_is_scheduled_said_so_listed_and_cancelled(careful: Path, typed: Typed) -> None:
    waits = typed(careful, "city", "rule", "Counts may be used by anybody.")
    waits.refused("scheduled", "from", "UTC", "stoa city waiting")

    listed = typed(careful, "city", "waiting").done().text
    assert "publishRule" in listed
    number = re.search(r"(\d+) operator publishRule", listed)
    assert number is not None
    typed(careful, "city", "cancel", number[1]).done()
    assert "cancelled" in typed(careful, "city", "waiting").done().text


def test_a_profile_that_does_not_exist_is_wrong_usage(tmp_path: Path, typed: Typed) -> None:
    said = typed(tmp_path / "none", "serve", "--name", "X", "--profile", "lax")
    said.refused("wrong_usage", "lax", exit_code=2)


def test_the_second_person_signs_with_a_key_that_the_citys_processes_do_not_have(
    served: Path, deliveries: Path, tmp_path: Path, typed: Typed
) -> None:
    home = Home(served)
    assert not (home.keys.folder / "deputy.json").exists()
    quiet = {**BIKES, "name": "bridge"}
    description = tmp_path / "bridge.json"
    description.write_bytes(document(quiet))
    typed(served, "city", "dataset", description, write_bikes(tmp_path / "bikes.csv")).done()

    first = typed(served, "city", "not-personal", "bridge", "--reason", REASON).done()
    assert "--as deputy" in first.text
    assert "about people" in typed(served, "city", "datasets").done().text
    again = typed(served, "city", "not-personal", "bridge", "--reason", REASON).done()
    assert "--as deputy" in again.text

    safe = Path(shutil.copytree(home.deputy_keys.folder, tmp_path / "stick"))
    moved = home.deputy_keys.folder.rename(tmp_path / "away")
    typed(served, "city", "not-personal", "bridge", "--reason", REASON, "--as", "deputy").refused(
        "key_file", "--keys"
    )
    said = typed(
        served, "city", "not-personal", "bridge", "--reason", REASON, "--as", "deputy", "--keys", safe
    ).done()
    moved.rename(home.deputy_keys.folder)
    assert "is not personal" in said.text


def test_a_sensitive_use_case_is_decided_by_two_persons(served: Path, tmp_path: Path, typed: Typed) -> None:
    patients = {**PERSONS, "name": "patients", "title": "Patients", "sensitive": True}
    (tmp_path / "patients.json").write_bytes(document(patients))
    typed(
        served,
        "city",
        "dataset",
        tmp_path / "patients.json",
        write_persons(tmp_path / "patients.csv", 40),
    ).done()
    routine = {
        **TRAVEL,
        "sources": ["patients"],
        "joins": [],
        "measures": {"source": "patients", "of": [{"kind": "people"}]},
        "dimensions": [{"source": "patients", "name": "district"}],
        "filters": [],
    }
    (tmp_path / "routine.json").write_bytes(document(routine))
    typed(served, "partner", "join", "--as", "Ward", "--class", "public_service").done()
    said = typed(
        served,
        "partner",
        "apply",
        tmp_path / "routine.json",
        "--as",
        "Ward",
        "--purpose",
        "ImprovePublicServices",
    )
    number = re.search(r"[Uu]se case (\d+)", said.done().text)
    assert number is not None
    decide = ("city", "decide", number[1], "--reason", "Of use to the wards, and safe at 10.")

    assert "--as deputy" in typed(served, *decide).done().text
    # Other words are another decision: nobody has agreed to it yet.
    other = typed(served, *decide[:-1], "Of use to all.", "--as", "deputy").done()
    assert "to the letter" in other.text
    assert "--as deputy" in typed(served, *decide).done().text
    said = typed(served, *decide, "--as", "deputy").done()
    assert "is allowed" in said.text
    assert "stoa city notices" in said.text
    typed(served, "city", "notices", number[1]).done()
