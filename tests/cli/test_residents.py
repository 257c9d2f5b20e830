"""The register's file names everybody who lives in a home, and each gets a letter of her own."""

from pathlib import Path

import pytest

from tests.cli.command import Typed

HOMES = "kind,key,age,resident\nhome,7,40,Anna\nhome,7,17,Bert\nhome,7,8,Carl\nperson,1,30,\n"


def test_everybody_in_a_home_gets_a_letter_of_her_own(typed: Typed, home: Path) -> None:
    (home / "people.csv").write_text(HOMES)
    assert "4 people are new" in typed(home, "registrar", "--import", home / "people.csv").done().text
    assert "0 people are new" in typed(home, "registrar", "--import", home / "people.csv").done().text

    anna = typed(home, "registrar", "--letter", "home:7:Anna").done().text
    bert = typed(home, "registrar", "--letter", "home:7:Bert").done().text
    assert anna != bert
    typed(home, "registrar", "--letter", "home:7:Carl").refused("too_young")
    typed(home, "registrar", "--letter", "home:7:Dora").refused("unknown_resident")
    typed(home, "registrar", "--letter", "home:7").refused("person_not_named", "home:7:Anna")


@pytest.mark.parametrize("row", ["home,7,40,", "person,7,40,Anna"])
def test_a_home_names_who_lives_there_and_a_person_is_herself(typed: Typed, home: Path, row: str) -> None:
    (home / "people.csv").write_text(f"kind,key,age,resident\n{row}\n")
    typed(home, "registrar", "--import", home / "people.csv").refused("register_file", "resident")
