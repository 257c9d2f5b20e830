"""The register and the datasets may call people by other keys: whoever imports is told how many, and never which."""

from collections.abc import Generator
from pathlib import Path

import pytest

from api.cli.keys_compared import NONE_YET, NOT_HERE, comparison
from ledger.enums import Class
from marketplace.catalogue import queries as catalogue
from tests.cli.command import Typed
from tests.office import Office
from tests.small_city import BIKES, PERSONS, TRAVEL, TRIPS, document, write_bikes, write_persons, write_trips
from tests.town import Town

CANARY = "CANARY-7f3a"


@pytest.fixture
def office(town: Town, tmp_path: Path) -> Generator[Office]:
    """A city with the folder of one that is served, on the tests' own chain."""
    office = Office(town, tmp_path / "home")
    office.house.city.write(tmp_path / "home" / "city.json")
    yield office
    office.close()


def register_of(folder: Path, *lines: str) -> Path:
    file = folder / "people.csv"
    file.write_text("\n".join(["kind,key,age", *lines]) + "\n")
    return file


def people(*keys: str, kind: str = "person") -> set[tuple[str, str]]:
    return {(kind, key) for key in keys}


def test_a_registers_keys_are_compared_with_those_of_delivered_rows(
    office: Office, typed: Typed, tmp_path: Path
) -> None:
    office.dataset(document(BIKES), write_bikes(tmp_path / "bikes.csv"), public=True)
    entered = register_of(tmp_path, *(f"person,{key},40" for key in (2, 3, 4, 5, f"{CANARY}1", f"{CANARY}2")))
    first = typed(office.house.folder, "registrar", "--import", entered).done()
    assert NONE_YET in first.text

    office.dataset(document(PERSONS), write_persons(tmp_path / "persons.csv", 5))
    again = typed(office.house.folder, "registrar", "--import", entered).done()

    assert "0 people are new in the register." in again.text
    assert "Of the register's 6 keys of kind person, no delivered dataset knows 2: a yes" in again.text
    assert "Of the datasets' 5 keys of kind person, the register lacks 1: nobody" in again.text
    assert "007 is not 7" in again.text
    assert CANARY not in again.out + again.err


def test_whoever_has_only_consented_is_in_no_dataset(office: Office, typed: Typed, tmp_path: Path) -> None:
    office.dataset(document(PERSONS), write_persons(tmp_path / "persons.csv", 12))
    office.dataset(document(TRIPS), write_trips(tmp_path / "trips.sqlite", 12), table="trips")
    office.register("person", ["1", "99"])
    office.join("lab", Class.COMMERCIAL)
    office.town.set_tariff()
    use_case = office.apply("lab", document(TRAVEL), minimum_cohort=5)
    office.allow(use_case, minimum_cohort=5)
    office.say_yes(use_case, "99")
    office.pump()

    with office.house.vault.reading() as vault:
        assert "99" in catalogue.subject_indexes(vault, "person")
    said = typed(office.house.folder, "registrar", "--import", register_of(tmp_path, "person,99,40")).done()

    assert "register's 1 keys of kind person, no delivered dataset knows 1:" in said.text


def test_where_the_citys_vault_is_not_at_hand_nothing_is_compared(
    typed: Typed, home: Path, tmp_path: Path
) -> None:
    for kept in home.glob("vault.db*"):
        kept.unlink()

    said = typed(home, "registrar", "--import", register_of(tmp_path, "person,1,40")).done()

    assert NOT_HERE in said.text
    assert "1 people are new" in said.text
    assert not (home / "vault.db").exists()


def test_each_kind_of_keys_is_compared_by_itself() -> None:
    assert comparison(people("1", "2") | people("7", kind="home"), people("1", "2")) == [
        "Of the register's 1 keys of kind home, no delivered dataset knows 1: a yes to these changes no answer.",
        "All 2 keys of kind person are in the register and in a delivered dataset.",
        "Kinds and keys are compared to the letter: 007 is not 7.",
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "line 1 of the file: the heading lacks kind, key, age"),
        ("kind;key;age\nperson;1;30\n", "line 1 of the file: its columns are separated by semicolons"),
        (f"kind,key,age\nperson,1,30\nperson,2,{CANARY}\n", "line 3 of the file: an age is a whole number"),
        ("kind,key,age\nperson,1,151\n", "line 2 of the file: an age is a whole number from 0 to 150"),
        ("kind,key,age\nperson,1,-1\n", "line 2 of the file: an age is a whole number"),
        (f"kind,key,age\n{CANARY}\n", "line 2 of the file: a kind or a key is empty"),
        (f'kind,key,age\nperson,1,3\n"{CANARY}', "line 2 of the file: from there on it is no CSV"),
        (
            f"kind,key,age\nhome,{CANARY},30\n",
            "line 2 of the file: resident is given for home, and for nothing",
        ),
    ],
)
def test_a_file_that_is_no_register_is_told_line_and_rule_and_nothing_of_it(
    typed: Typed, home: Path, tmp_path: Path, content: str, told: str
) -> None:
    (tmp_path / "people.csv").write_text(content)

    said = typed(home, "registrar", "--import", tmp_path / "people.csv").refused("register_file", told)

    assert CANARY not in said.err


def test_a_second_letter_says_that_the_first_opens_nothing_now(
    typed: Typed, home: Path, tmp_path: Path
) -> None:
    homes = "kind,key,age,resident\nperson,1,40,\nhome,7,40,Anna\nhome,7,41,Bert\n"
    (tmp_path / "people.csv").write_text(homes)
    typed(home, "registrar", "--import", tmp_path / "people.csv").done()

    for whom in ("person:1", "home:7:Anna", "home:7:Bert"):
        first = typed(home, "registrar", "--letter", whom).done()
        second = typed(home, "registrar", "--letter", whom).done()

        assert first.err == ""
        assert "She had a letter already: its code opens nothing from now on" in second.err
        # The code alone is the answer, so that a loop over many people can take it from there.
        assert len(second.out.split()) == 1
        assert second.out != first.out
