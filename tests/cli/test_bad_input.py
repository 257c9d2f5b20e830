"""What the command line is told wrongly: refused by name, in one sentence that says what to do, and nothing changed."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.command import Typed, contents
from tests.cli.conftest import city_named

DIGEST = "0x" + "11" * 32
TARIFF = "city tariff commercial"
LAB = "--as Lab"
MISSPELT_ADDRESSES = (
    "ftp://here",
    "127.0.0.1:8000",
    "http://",
    "http://here:0",
    "http://h\u202eere",
    "http://[",
)
WRONG_CHECK = "1K21-D2TF-1QWZ-T865-S3DN"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("king", "No such command 'king'"),
        ("city king", "No such command 'king'"),
        ("parter", "Did you mean 'partner'? `"),
        ("--home", "requires an argument"),
        ("serve --king", "No such option: --king"),
        ("city admit", "Missing argument 'number'"),
        ("city admit x", "valid integer"),
        ("city admit 0", "greater than or equal to 1"),
        ("city admit 99999999999999999999", "less than or equal to 4294967295"),
        ("city decide 1", "Missing option '--reason'"),
        ("city decide 1 --reason x --k 1", "greater than or equal to 2"),
        ("city assess travel.json --k 70000", "less than or equal to 65535"),
        ("city assess travel.json --days 999999999999", "less than or equal to 65535"),
        (f"{TARIFF} --licence 1 --unit 1 --days 0", "greater than or equal to 1"),
        (f"partner apply routine.json --days 70000 {LAB}", "less than or equal to 65535"),
        ("partner quote 1", "Missing option '--as'"),
        (f"partner pay-in -5 {LAB}", "No such option: -5"),
        ("citizen grant 0 --letter AAAA", "greater than or equal to 1"),
        ("devnet --port 70000", "less than or equal to 65535"),
        ("audit receipt", "Missing argument 'file'"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_code_2(
    typed: Typed, tmp_path: Path, line: str, told: str
) -> None:
    said = typed(tmp_path, *line.split()).refused("wrong_usage", told, "--help` shows how", exit_code=2)
    assert said.out == ""


def test_a_group_without_a_command_shows_its_commands_once(typed: Typed, tmp_path: Path) -> None:
    said = typed(tmp_path, "city")
    assert said.code == 2
    assert said.out.count("Usage: ") == 1
    assert said.err == ""


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        *(
            (f"{TARIFF} --unit 1 --licence {amount}", "amount_mistyped", "such as 25")
            for amount in ("-1", "1e9")
        ),
        *(
            (f"{TARIFF} --licence 1 --unit {amount}", "amount_mistyped", "such as 25")
            for amount in ("x", "1,5", "٣")
        ),
        (f"{TARIFF} --licence 1 --unit 99999999999999", "amount_mistyped", "such as 25"),
        (f"{TARIFF} --licence 1 --unit 1.0000001", "amount_mistyped", "six decimals"),
        ("city tariff king --licence 1 --unit 1", "class_mistyped", "supplier, commercial, public_service"),
        (f"{TARIFF} --licence 1 --unit 1 --meter x", "meter_mistyped", "run, cell"),
        (f"{TARIFF} --licence 1 --unit 1 --payee 1", "payee_mistyped", "3:2500"),
        (f"{TARIFF} --licence 1 --unit 1 --payee 1:10001", "payee_mistyped", "at most 10000"),
        (f"{TARIFF} --licence 1 --unit 1 --payee 1:6000 --payee 2:6000", "payee_mistyped", "at most 10000"),
        (f"partner join --class king {LAB}", "class_mistyped", "commercial, supplier"),
        (f"partner apply nowhere.json {LAB}", "file_unusable", "No such file"),
        ("partner order 1 --version trips --as Lab", "version_mistyped", "trips=2"),
        ("partner order 1 --version trips=0 --as Lab", "version_mistyped", "trips=2"),
        (f"partner quote 1 {LAB}", "no_account", "stoa partner join"),
        (f"partner buy 1 {LAB}", "no_account", "stoa partner join"),
        (f"partner pay-in 1 {LAB}", "no_account", "stoa partner join"),
        (f"partner result {DIGEST} {LAB}", "no_account", "stoa partner join"),
        ("citizen notices --letter AAAA", "city_file", "stoa serve --name"),
        ("citizen revoke --code AAAA", "city_file", "stoa demo"),
        ("citizen revoke --code AAAA --city-file nowhere", "city_file", "nowhere is missing"),
        ("city participants", "city_file", "stoa serve --name"),
        ("serve", "city_file", "stoa serve --name"),
        ("workers", "city_file", "stoa serve --name"),
        ("server", "city_file", "stoa serve --name"),
        ("registrar", "city_file", "stoa serve --name"),
        ("registrar --letter person:1", "city_file", "stoa serve --name"),
        ("ledger verify", "city_file", "stoa serve --name"),
        ("ledger rebuild --yes", "city_file", "stoa serve --name"),
        ("audit export here", "city_file", "stoa serve --name"),
        ("audit verify", "city_file", "stoa serve --name"),
        ("data fetch king", "source_unknown", "travel, homes"),
    ],
)
def test_what_is_mistyped_or_not_there_is_refused_and_makes_nothing(
    typed: Typed, tmp_path: Path, line: str, code: str, told: str
) -> None:
    typed(tmp_path / "none", *line.split()).refused(code, told)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "x",
        "x" * 81,
        " Lab",
        "Lab ",
        "Bike  Lab",
        "42",
        "Bike Lab \N{BICYCLE}",
        "Bike\N{RIGHT-TO-LEFT OVERRIDE}Lab",
        "Bike\N{ZERO WIDTH JOINER}Lab",
        "Bike\aLab",
        "Bike\nLab",
        "Bike\x1b[31mLab",
        "[bold]Lab",
        "<b>Lab</b>",
    ],
)
@pytest.mark.parametrize(
    "command", [("serve", "--name"), ("partner", "join", "--as"), ("partner", "account", "--as")]
)
def test_a_name_that_could_mislead_is_no_organisations_name(
    typed: Typed, tmp_path: Path, command: tuple[str, ...], name: str
) -> None:
    said = typed(tmp_path / "none", *command, name).refused("name_not_allowed")
    assert said.err.rstrip("\n").isprintable()
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("address", MISSPELT_ADDRESSES)
def test_what_is_no_address_of_a_city_is_shown_harmlessly(typed: Typed, tmp_path: Path, address: str) -> None:
    said = typed(tmp_path / "none", "partner", "join", "--as", "Lab", "--city", address)
    said.refused("address_mistyped", "http://127.0.0.1:8000")
    assert said.err.rstrip("\n").isprintable()
    assert not (tmp_path / "none").exists()


def test_a_question_that_nobody_answers_is_no(typed: Typed, home: Path) -> None:
    before = contents(home)
    for answer in ("", "n\n", "perhaps\n"):
        said = typed(home, "reset", stdin=answer)
        said.refused("not_confirmed", "--help")
    assert contents(home) == before


# A city that does not run


@pytest.mark.parametrize(
    "line",
    [
        "city participants",
        "city admit 1",
        "city datasets",
        "ledger verify",
        "audit verify",
        f"city mandate {DIGEST} nowhere",
        "workers",
    ],
)
def test_a_node_that_does_not_answer_is_named(typed: Typed, home: Path, line: str) -> None:
    before = contents(home)
    typed(home, *line.split()).refused("node_unreachable", "stoa serve")
    assert contents(home) == before


def test_a_city_that_does_not_answer_is_named(typed: Typed, home: Path) -> None:
    typed(home, "citizen", "notices", "--letter", "AAAA").refused("city_unreachable", "stoa serve", "--city")
    typed(home, "partner", "join", "--as", "Lab").refused("city_unreachable", "stoa serve", "--city")


def test_a_revocation_without_a_node_says_whom_to_ask(typed: Typed, home: Path) -> None:
    code = WRONG_CHECK[:-1] + "M"
    typed(home, "citizen", "revoke", "--code", WRONG_CHECK).refused("wrong_check_digit", "mistyped")
    typed(home, "citizen", "revoke", "--code", "AAAA").refused("revocation_code_malformed", "20 letters")
    typed(home, "citizen", "revoke", "--code", code).refused("node_unreachable", "ombudsman")


def test_the_database_of_another_city_is_refused(typed: Typed, home: Path, tmp_path: Path) -> None:
    other = city_named("Elsewhere", tmp_path / "other")
    shutil.copy(other / "stoa.db", home / "stoa.db")
    before = contents(home)
    for line in ("", "city participants", "ledger verify", "server"):
        typed(home, *line.split()).refused("wrong_ledger", "another city", "Put the city's own file back")
    assert contents(home) == before


def test_an_edited_city_file_is_refused(typed: Typed, home: Path) -> None:
    edited = json.loads((home / "city.json").read_text())
    edited["registrar"] = "0x" + "11" * 20
    (home / "city.json").write_text(json.dumps(edited))
    before = contents(home)
    for line in ("", "city participants", "server"):
        typed(home, *line.split()).refused("wrong_ledger", "city.json was edited")
    assert contents(home) == before


@pytest.mark.parametrize(
    "content", [b"", b"[1]", b'{"stoa": "city/1"', b'{"stoa": "city/1"}', b'{"stoa": 9}', b"\xff"]
)
def test_what_is_no_city_file_is_refused(typed: Typed, home: Path, content: bytes) -> None:
    (home / "city.json").write_bytes(content)
    before = contents(home)
    for line in ("", "city participants", "serve", "demo --once", "citizen revoke --code AAAA"):
        typed(home, *line.split()).refused("city_file", "city.json", "Put the city's own file back")
    assert contents(home) == before


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b'{"nod": 1}', b'{"node": 5}', b'{"finality": "x"}', b'{"zone": "Mars/Olympus"}', b"\xff"],
)
def test_what_is_no_settings_file_is_refused(typed: Typed, home: Path, content: bytes) -> None:
    (home / "settings.json").write_bytes(content)
    before = contents(home)
    for line in ("", "city participants", "serve", "partner quote 1 --as Lab"):
        typed(home, *line.split()).refused("settings_file", "Mend it, or delete it")
    assert contents(home) == before


def test_a_database_that_is_none_is_refused(typed: Typed, home: Path) -> None:
    (home / "stoa.db").write_bytes(b"no database" * 1000)
    before = contents(home)
    for line in ("", "city participants", "ledger verify", "server"):
        typed(home, *line.split()).refused("storage_unavailable", "restore it from a backup")
    assert contents(home) == before


@pytest.mark.parametrize("passphrase", ["not the one", None])
def test_a_wrong_or_missing_passphrase_opens_nothing(
    typed: Typed, home: Path, passphrase: str | None
) -> None:
    account = typed(home, "partner", "account", "--as", "Lab").done().out
    kept = home / "wallets" / "passphrase"
    right = kept.read_text()
    kept.unlink() if passphrase is None else kept.write_text(passphrase)
    before = contents(home)

    typed(home, "partner", "account", "--as", "Lab").refused("key_file", str(kept), "backup")
    typed(home, "partner", "quote", "1", "--as", "Lab").refused("key_file", str(kept), "backup")
    if passphrase is None:
        typed(home, "partner", "account", "--as", "Other Lab").refused("key_file", str(kept), "backup")

    assert contents(home) == before
    kept.write_text(right)
    assert typed(home, "partner", "account", "--as", "Lab").done().out == account


def test_a_home_that_is_no_folder_is_refused(typed: Typed, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    for line in (
        "serve",
        "city participants",
        "serve --name Testopolis",
        "partner account --as Lab",
        "devnet",
    ):
        said = typed(file, *line.split())
        assert said.code == 1
        assert str(file) in said.err
        assert said.err.count("\n") == 1
        assert ": " in said.err
    typed(file, "reset", "--yes").refused("no_city_folder", "--home")
    assert file.read_text() == "mine"


def test_a_folder_of_somebodys_is_not_deleted(typed: Typed, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear Anna")
    typed(tmp_path, "reset", "--yes").refused("no_city_folder", "nothing was deleted")
    assert (tmp_path / "letter.txt").exists()


def test_a_demonstration_plays_in_no_city_but_its_own(typed: Typed, home: Path) -> None:
    before = contents(home)
    typed(home, "demo", "--once").refused("other_city", "Testopolis", "--home")
    assert contents(home) == before


def test_a_city_is_not_opened_under_a_second_name(typed: Typed, home: Path) -> None:
    before = contents(home)
    typed(home, "serve", "--name", "Elsewhere").refused("other_city", "Testopolis", "--home")
    assert contents(home) == before


@pytest.mark.parametrize(
    "content",
    [
        "",
        "kind,key,age\nperson,,30\n",
        "kind,key\nperson,1\n",
        "kind,key,age\nperson,1,old\n",
        "kind,key,age\nperson,1,151\n",
        "\0",
    ],
)
def test_a_register_that_is_none_takes_nobody_in(typed: Typed, home: Path, content: str) -> None:
    (home / "people.csv").write_text(content)
    typed(home, "registrar", "--import", home / "people.csv").refused("register_file", "kind,key,age")
    typed(home, "registrar", "--letter", "person:1").refused("unknown_letter")


def test_a_register_or_person_that_is_not_there_is_named(typed: Typed, home: Path) -> None:
    typed(home, "registrar", "--import", "nowhere.csv").refused("file_unusable", "nowhere.csv")
    typed(home, "registrar", "--letter", "4711").refused("person_not_named", "person:4711")
    typed(home, "registrar", "--letter", "person:").refused("person_not_named", "person:4711")
