"""What `stoa` proposes: whoever waits comes before what is missing, and there are three things."""

from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from api.cli.overview import (
    Desk,
    Standing,
    Undeclared,
    next_of,
    next_steps,
    next_word,
    steps_of_sleeping,
)
from api.cli.signing import Signing
from api.demo.stage import CITY
from ledger.enums import Class, Status
from tests.cli.command import Typed

READY = Standing(datasets=1, priced=True, organisations=1)
BIKES_NEXT = Undeclared("bikes", Signing.DEPUTY)
ROOFS_NEXT = Undeclared("roofs", Signing.OPERATOR)
LAB = Desk("Bike Lab", Class.COMMERCIAL, Status.ACTIVE)


def commands(standing: Standing) -> list[str]:
    return [" ".join(step.command.split()[1:3]) for step in next_steps(standing)]


@pytest.mark.parametrize(
    ("standing", "proposed"),
    [
        (Standing(), ["city dataset", "city tariff", "partner join"]),
        (Standing(priced=True), ["city dataset", "partner join", "ledger verify"]),
        (Standing(joins=(2, 3)), ["city admit", "city dataset", "city tariff"]),
        (Standing(joins=(2,), applications=(1,)), ["city admit", "city assess", "city dataset"]),
        (
            replace(READY, undeclared=(BIKES_NEXT, ROOFS_NEXT), unruled=True),
            ["city not-personal", "city rule", "ledger verify"],
        ),
        (Standing(datasets=1, unruled=True), ["city rule", "city tariff", "partner join"]),
        (READY, ["ledger verify", "audit verify", "city participants"]),
        (
            Standing(datasets=1, organisations=1, desks=(LAB,)),
            ["city tariff", "partner apply", "ledger verify"],
        ),
        (
            Standing(priced=True, organisations=1, desks=(LAB,)),
            ["city dataset", "ledger verify", "audit verify"],
        ),
    ],
)
def test_the_most_pressing_comes_first(standing: Standing, proposed: list[str]) -> None:
    assert commands(standing) == proposed


@pytest.mark.parametrize(
    ("changes", "proposed"),
    [
        ({}, "stoa partner apply ROUTINE --as 'Bike Lab'"),
        ({"undecided": 4}, None),
        ({"allowed": 4, "undecided": 5}, "stoa partner buy 4 --as 'Bike Lab'"),
        ({"unused": 2}, "stoa partner order 2 --as 'Bike Lab'"),
        ({"answered": "0x12"}, "stoa partner result 0x12 --as 'Bike Lab'"),
        ({"answered": "0x12", "unused": 2}, "stoa partner order 2 --as 'Bike Lab'"),
        ({"status": Status.JOINED}, None),
        ({"status": Status.FROZEN, "unused": 2}, None),
        ({"class_": Class.AUDITOR}, None),
    ],
)
def test_an_organisation_is_told_its_own_next_step(changes: dict[str, object], proposed: str | None) -> None:
    step = next_of(
        Desk(**{"name": "Bike Lab", "class_": Class.COMMERCIAL, "status": Status.ACTIVE, **changes})
    )
    assert (None if step is None else step.command) == proposed


@pytest.mark.parametrize(
    ("waiting", "command"),
    [
        (ROOFS_NEXT, "stoa city not-personal roofs --reason TEXT"),
        (BIKES_NEXT, "stoa city not-personal bikes --reason TEXT --as deputy"),
    ],
)
def test_the_second_person_is_told_that_it_is_her_turn(waiting: Undeclared, command: str) -> None:
    assert next_word(waiting).command == command


def test_a_name_is_quoted_for_the_shell() -> None:
    step = next_of(Desk("Anna's Lab", Class.COMMERCIAL, Status.ACTIVE))
    assert step is not None
    assert step.command.endswith("""--as 'Anna'"'"'s Lab'""")


def test_a_city_that_sleeps_is_started_and_only_a_demonstration_has_a_next_day() -> None:
    assert [step.command for step in steps_of_sleeping(CITY)] == ["stoa serve", "stoa demo", "stoa devnet"]
    assert [step.command for step in steps_of_sleeping("Testopolis")] == [
        "stoa serve",
        "stoa devnet",
        "stoa reset",
    ]


def test_without_a_city_it_says_so_and_whose_keys_are_here(typed: Typed, tmp_path: Path) -> None:
    said = typed(tmp_path).done()
    assert "No city here yet" in said.text
    assert [line.split()[1] for line in said.out.split("Next:")[1].strip().splitlines()] == [
        "demo",
        "serve",
        "partner",
    ]
    assert not list(tmp_path.iterdir())

    typed(tmp_path, "partner", "account", "--as", "Bike Lab").done()
    assert "Keys of organisations are kept here: bike-lab." in typed(tmp_path).done().text


def test_a_city_that_does_not_run_is_told_with_its_chain_and_folder(typed: Typed, home: Path) -> None:
    said = typed(home).done()
    assert f"Testopolis, kept in {home}, chain 1337042." in said.text
    assert "It is not running." in said.text


def test_it_says_which_version_it_is_without_looking_at_a_city(typed: Typed, tmp_path: Path) -> None:
    file = tmp_path / "no-folder"
    file.write_text("mine")
    assert typed(file, "--version").done().out == f"stoa {version('stoa')}\n"
