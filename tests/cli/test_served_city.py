"""Every command in a city that runs, in the order in which people need them; each test tells what they were told."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from api.client.connection import Connection
from api.home import Home
from ledger.outbox.tables import MessageRow
from tests.cli.command import Said, Service, Typed, stoa
from tests.small_city import BIKES, document

CODE = re.compile(r"Your code to stop it: (\S+)")
CONSENT = re.compile(r"consent (0x\w{64})")
ORDER = re.compile(r"Order (0x\w{64}) is settled")
NUMBER = re.compile(r"(?:participant|Use case|Licence) (\d+)")
LAB = ("--as", "Bike Lab")
TRANSIT = ("--as", "Transit Lab")
WORDS = "Counted, and never about anybody."


def number_in(said: Said) -> str:
    found = NUMBER.search(said.out)
    assert found is not None, said
    return found[1]


def found_in(pattern: re.Pattern[str], said: Said) -> str:
    found = pattern.search(said.out)
    assert found is not None, said
    return found[1]


@pytest.fixture(scope="module")
def told(served: Path, deliveries: Path, typed: Typed) -> dict[str, Said]:
    """The story of a small city: what each command said."""
    said: dict[str, Said] = {}

    def run(label: str, *arguments: str, stdin: str = "") -> Said:
        said[label] = stoa(served, *arguments, stdin=stdin, cwd=deliveries)
        return said[label]

    def again(*arguments: str | Path) -> Said:
        return typed(served, *arguments)

    # The operator delivers data and sets the terms.
    run("nothing yet")
    run("dataset", "city", "dataset", "persons.json", "persons.csv")
    trips = (deliveries / "trips.json", deliveries / "trips.sqlite", "--table", "trips")
    said["table"] = again("city", "dataset", *trips)
    again("city", "dataset", deliveries / "bikes.json", deliveries / "bikes.csv").done()
    for who in ("operator", "deputy"):
        said[f"before the {who} speaks"] = again()
        run(f"not personal, {who}", "city", "not-personal", "bikes", "--reason", WORDS, "--as", who)
    run("datasets", "city", "datasets")
    said["no rule"] = again()
    run("rule", "city", "rule", "What is not about people may be used.")
    run("tariff", "city", "tariff", "commercial", "--licence", "100", "--unit", "10")

    # Two partners join, and wait to be admitted.
    joining = Service(served, "partner", "join", *LAB)
    while (waiting := again()).out.count("stoa city admit") == 0:
        assert joining.child.poll() is None, joining.said
    said["waiting"] = waiting
    lab = re.search(r"stoa city admit (\d+)", waiting.out)
    assert lab is not None
    run("admit", "city", "admit", lab[1])
    said["join"] = Said(joining.child.wait(60), joining.said, "")
    run("participants", "city", "participants")
    run("account", "partner", "account", *LAB)

    # One buys a number about bikes.
    said["poor"] = again("partner", "apply", deliveries / "by-hour.json", *LAB).done()
    bikes = number_in(said["poor"])
    said["no money"] = again("partner", "buy", bikes, *LAB)
    run("pay in", "partner", "pay-in", "500.00", *LAB)
    run("buy", "partner", "buy", bikes, *LAB)
    licence = number_in(said["buy"])
    run("quote", "partner", "quote", licence, *LAB)
    run("order", "partner", "order", licence, *LAB, "--version", "bikes=1")
    order = found_in(ORDER, said["order"])
    run("result", "partner", "result", order, *LAB)
    again("partner", "result", order, *LAB, "--out", deliveries / "answer.json").done()
    said["as a partner"] = again()

    # The other asks about people; the city assesses and decides.
    joining = Service(served, "partner", "join", *TRANSIT)
    while (found := re.search(r"stoa city admit (\d+)", again().out)) is None:
        assert joining.child.poll() is None, joining.said
    transit = found[1]
    again("city", "admit", transit).done()
    assert joining.child.wait(60) == 0, joining.said
    run("apply", "partner", "apply", "travel.json", *TRANSIT, "--days", "30")
    case = number_in(said["apply"])
    said["waiting application"] = again()
    run("assess", "city", "assess", case)
    said["assess a routine"] = again("city", "assess", deliveries / "ages.json")
    run("decide", "city", "decide", case, "--reason", "Useful, and safe.")
    said["decided twice"] = again("city", "decide", case, "--reason", "Useful, and safe.")

    # Citizens are asked, say yes, look, and stop.
    run("import", "registrar", "--import", "people.csv")
    run("letter", "registrar", "--letter", "person:1")
    letters = [said["letter"].out.strip()]
    letters += [again("registrar", "--letter", f"person:{key}").out.strip() for key in (2, 3)]
    run("notices", "citizen", "notices", "--letter", letters[0])
    run("grant", "citizen", "grant", case, "--letter", letters[0])
    said["granted twice"] = again("citizen", "grant", case, "--letter", letters[0])
    said["grant in French"] = again("citizen", "grant", case, "--letter", letters[2], "--language", "fr")
    said["grant until then"] = again("citizen", "grant", case, "--letter", letters[2], "--until", "then")
    said["grant for ever"] = again("citizen", "grant", case, "--letter", letters[2], "--until", "2999-01-01")
    second = again("citizen", "grant", case, "--letter", letters[1])
    again("partner", "pay-in", "500", *TRANSIT).done()
    held = number_in(again("partner", "buy", case, *TRANSIT).done())
    said["too few"] = again("partner", "order", held, *TRANSIT)
    refunded = found_in(re.compile(r"Order (0x\w{64}) is refunded"), said["too few"])
    said["withheld"] = again("partner", "result", refunded, *TRANSIT)
    run("uses", "citizen", "uses", "--letter", letters[0])
    run("export", "citizen", "export", "--letter", letters[0], "--out", "mine.json")
    code = found_in(CODE, said["grant"])
    run("revoke", "citizen", "revoke", "--code", code)
    said["revoked twice"] = again("citizen", "revoke", "--code", code.lower().replace("-", " "))
    run("mandate", "city", "mandate", found_in(CONSENT, second), "persons.csv")
    said["mandated twice"] = again("city", "mandate", found_in(CONSENT, second), deliveries / "persons.csv")
    said["uses, stopped"] = again("citizen", "uses", "--letter", letters[0])
    said["erase, unsure"] = again("citizen", "erase", "--letter", letters[0])
    run("erase", "citizen", "erase", "--letter", letters[0], stdin="y\n")

    # The city freezes, and everybody checks.
    said["freeze itself, unsure"] = again("city", "freeze", "1", "--reason", "Mistyped.")
    said["freeze itself"] = again("city", "freeze", "1", "--reason", "Its keys are lost.", "--yes")
    again("city", "unfreeze", "1", "--reason", "They are found.").done()
    run("freeze", "city", "freeze", transit, "--reason", "It passed results on.")
    said["frozen"] = again("partner", "quote", held, *TRANSIT)
    run("unfreeze", "city", "unfreeze", transit, "--reason", "It has deleted them.")
    said["thawed"] = again("partner", "quote", held, *TRANSIT)
    said["not admitted"] = again("partner", "join", "--as", "Slow Lab", "--wait", "1")
    run("ledger", "ledger", "verify")
    run("bundle", "audit", "export", "evidence")
    run("audit", "audit", "verify", "evidence", "--json", "verdict.json")
    city = Connection(Home.here(served).settings.public)
    receipt = city.get(f"/v1/consents/{found_in(CONSENT, said['grant'])}/receipt")
    (deliveries / "receipt.json").write_text(json.dumps(receipt))
    run("receipt", "audit", "receipt", "receipt.json")
    return said


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("dataset", "Version 1 of persons is published and on the ledger: 40 rows."),
        ("table", "Version 1 of trips is published and on the ledger: 100 rows."),
        ("not personal, operator", "--as deputy"),
        ("before the deputy speaks", "stoa city not-personal bikes --reason TEXT --as deputy"),
        ("not personal, deputy", "bikes is not personal"),
        ("datasets", "bikes Bikes counted at the bridge not personal 1 simulated"),
        ("rule", "The rule is on the ledger."),
        ("tariff", "a licence costs 100.00 credits, a run 10.00."),
        ("admit", "is admitted."),
        ("join", "Bike Lab has joined as participant"),
        ("participants", "Bike Lab commercial active"),
        ("account", "0x"),
        ("poor", "is allowed."),
        ("pay in", "You have 500.00 credits."),
        ("buy", "is yours for 100.00 credits."),
        ("quote", "10.00 credits for each run, at most 1: at most 10.00."),
        ("quote", "Nobody's rows are used"),
        ("order", "Charged 10.00 credits."),
        ("result", " 230 In all: 2,760"),
        ("result", "Honestly: simulated."),
        ("apply", "The city's operator decides."),
        ("assess", "smallest group 10"),
        ("assess a routine", "Deny The smallest group has 1 person (k = 1)"),
        ("decide", "is allowed."),
        ("import", "40 people are new in the register."),
        ("import", "All 40 keys of kind person are in the register and in a delivered dataset."),
        ("notices", "from Transit Lab: not answered yet"),
        ("notices", "I allow Transit Lab to have"),
        ("notices", "Ich erlaube, dass Transit Lab"),
        ("grant", "To Transit Lab, until 20"),
        ("too few", "You are refunded in full. Order again when more people consent"),
        ("uses", "Who used your data"),
        ("uses", "your consent now"),
        ("uses", "in force"),
        ("uses", f"{datetime.now(UTC):%Y-%m-}"),
        ("uses, stopped", "stopped"),
        ("export", "Your records are in mine.json."),
        ("revoke", "Stopped. It counts in no run that starts from now on."),
        ("mandate", "Ended. The mandate's digest 0x"),
        ("erase", "You are being forgotten."),
        ("freeze", "is frozen."),
        ("freeze itself", "is frozen."),
        ("unfreeze", "is active again."),
        ("thawed", "10.00 credits for each run"),
        ("ledger", "is what blocks up to"),
        ("bundle", "evidence holds everything up to block"),
        ("audit", "City Testopolis, 0x"),
        ("receipt", "ok"),
    ],
)
def test_a_command_says_what_a_person_needs_and_exits_0(
    told: dict[str, Said], label: str, words: str
) -> None:
    said = told[label].done()
    assert words in said.text
    assert said.err == ""


@pytest.mark.parametrize(
    ("label", "steps"),
    [
        ("nothing yet", ["city dataset", "city tariff", "partner join"]),
        ("before the operator speaks", ["city not-personal", "city tariff", "partner join"]),
        ("before the deputy speaks", ["city not-personal", "city tariff", "partner join"]),
        ("no rule", ["city rule", "city tariff", "partner join"]),
        ("waiting", ["city admit", "ledger verify", "audit verify"]),
        ("as a partner", ["partner result", "ledger verify", "audit verify"]),
        ("waiting application", ["city assess", "partner result", "ledger verify"]),
    ],
)
def test_asked_nothing_it_says_who_you_are_and_what_to_do_next(
    told: dict[str, Said], served: Path, label: str, steps: list[str]
) -> None:
    city = Home.here(served).city()
    said = told[label].done()

    assert f"Testopolis, kept in {served}, chain {city.chain_id}." in said.text
    assert "You hold the city's keys: you act as its operator." in said.text
    assert re.search(r"It is running, at block \d+\.", said.text)
    assert ("You act for Bike Lab: commercial, active." in said.text) == (
        label in ("as a partner", "waiting application")
    )
    assert [" ".join(line.split()[1:3]) for line in said.out.split("Next:")[1].strip().splitlines()] == steps


@pytest.mark.parametrize(
    ("label", "code", "words"),
    [
        ("not admitted", "not_admitted", "stoa city admit"),
        ("no money", "not_enough_credit", "stoa city paid-in"),
        ("withheld", "order_refunded", "apply for a coarser use case: larger areas"),
        ("decided twice", "already_decided", "final"),
        ("granted twice", "consent_in_force", "Stop that one first"),
        ("grant in French", "validation", "language"),
        ("grant until then", "validation", "until"),
        ("grant for ever", "wrong_terms", "choose a last one up to"),
        ("revoked twice", "consent_already_revoked", "stopped already, in block"),
        ("mandated twice", "consent_already_revoked", "ended already"),
        ("frozen", "not_enrolled", "stoa partner join"),
        ("freeze itself, unsure", "not_confirmed", "nothing was done"),
    ],
)
def test_what_does_not_fit_what_happened_before_is_refused_by_name(
    told: dict[str, Said], label: str, code: str, words: str
) -> None:
    told[label].refused(code, words)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("audit receipt travel.json", "travel.json is no receipt and no proof"),
        ("audit receipt persons.csv", "this is not JSON"),
        ("audit receipt verdict.json", "`stoa partner receipt`"),
        ("audit verify persons.csv", "persons.csv is no bundle"),
        ("audit verify nowhere", "`stoa audit export` writes one"),
    ],
)
@pytest.mark.usefixtures("told")
def test_what_cannot_be_audited_is_refused_by_name(
    typed: Typed, served: Path, deliveries: Path, monkeypatch: pytest.MonkeyPatch, line: str, words: str
) -> None:
    monkeypatch.chdir(deliveries)
    typed(served, *line.split()).refused("not_auditable", words, "Nothing was checked", exit_code=2)


@pytest.mark.usefixtures("told")
def test_a_receipt_that_does_not_hold_is_a_finding_and_no_mistake_of_whoever_asks(
    typed: Typed, served: Path, deliveries: Path, tmp_path: Path
) -> None:
    receipt = json.loads((deliveries / "receipt.json").read_text())
    receipt["terms"]["statement"] += " And everything else."
    (tmp_path / "altered.json").write_text(json.dumps(receipt))

    said = typed(served, "audit", "receipt", tmp_path / "altered.json")

    assert said.code == 1
    assert "SOMETHING IS WRONG" in said.out
    assert "not_auditable" not in said.err


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("city dataset nowhere.json bikes.csv", "file_unusable", "nowhere.json"),
        ("city dataset bikes.csv bikes.csv", "document_not_json", "JSON"),
        ("city dataset travel.json bikes.csv", "document_", ""),
        ("city dataset bikes.json nowhere.csv", "file_unusable", "nowhere.csv"),
        ("city dataset bikes.json .", "file_unusable", "directory"),
        ("city dataset bikes.json persons.csv", "schema_drift", "hour"),
        ("city dataset bikes.json trips.sqlite", "source_unreadable", "CSV"),
        ("city dataset trips.json bikes.csv --table trips", "source_unreadable", "table"),
        ("city dataset trips.json trips.sqlite --table nothing", "source_unreadable", "table's name"),
        ("city dataset changed.json bikes.csv", "description_changed", "another name"),
        ("city assess persons.csv", "document_not_json", "JSON"),
        ("city assess nowhere.json", "file_unusable", "nowhere.json"),
        ("city assess 99", "unknown_use_case", "99"),
        ("city assess ages.json --from 2026-03-01 --to 2026-03-31", "routine_no_time", "type timestamp"),
        ("city assess ages.json --from 2026-03-01", "wrong_period", "--to"),
        ("city assess ages.json --from 2026-03-02 --to 2026-03-01", "wrong_period", "not before"),
        ("city assess ages.json --from 2026-03-01 --to 9999-12-31", "routine_no_time", "type timestamp"),
        ("city assess 1 --days 30", "applied_for", "a routine's file"),
        ("city assess 1 --from 2026-03-01 --to 2026-03-31", "applied_for", "a routine's file"),
        ("city admit 99", "unknown_participant", "99"),
        ("city freeze 99 --reason x", "unknown_participant", "99"),
        ("city decide 99 --reason x", "unknown_use_case", "99"),
        ("city decide 1 --reason \u202e", "text_mistyped", ""),
        ("city tariff commercial --licence 1 --unit 1 --payee 99:1", "unknown_participant", "99"),
        ("city tariff commercial --licence 1 --unit 1 --use-case 99", "unknown_use_case", "99"),
        (f"city mandate 0x{'11' * 32} persons.csv", "unknown_consent", ""),
        ("city mandate 0x11 persons.csv", "digest_mistyped", "64 letters"),
        ("partner pay-in 0 --as Bike_Lab", "validation", "amount"),
        ("partner apply persons.csv --as Bike_Lab", "document_not_json", "JSON"),
        ("partner apply by-hour.json --as Bike_Lab --purpose King", "unknown_purpose", "Choose one of"),
        ("partner quote 99 --as Bike_Lab", "unknown_licence", "no licence 99. You hold: 1 (for use case 1)."),
        ("partner buy 99 --as Bike_Lab", "unknown_use_case", "no use case 99. Yours: 1 (allowed)."),
        ("partner buy 2 --as Bike_Lab", "use_case_not_allowed", "another applicant's. Yours: 1 (allowed)."),
        (
            "partner quote 1 --as Transit_Lab",
            "unknown_licence",
            "no licence 1. You hold: 2 (for use case 2).",
        ),
        ("partner order 1 --as Bike_Lab --version bikes=9", "wrong_request", "no version 9"),
        ("partner order 1 --as Bike_Lab --version king=1", "wrong_request", "king"),
        ("partner order 1 --as Bike_Lab --seconds 999999", "validation", "seconds"),
        (f"partner result 0x{'11' * 32} --as Bike_Lab", "unknown_order", "Your newest is 0x"),
        (f"partner receipt 0x{'11' * 32} --as Bike_Lab", "unknown_order", "Your newest is 0x"),
        ("partner join --as Testopolis", "already_joined", "participant 1"),
        ("partner join --as bike_lab", "other_name", "--home"),
        ("citizen notices --letter AAAA", "unknown_letter", "desk"),
        ("citizen erase --letter AAAA --yes", "unknown_letter", "desk"),
        ("citizen revoke --code 1K21-D2TF-1QWZ-T865-S3DM", "unknown_consent", "paper"),
        ("audit export persons.csv", "bundle_exists", "does not"),
        ("audit verify --city 0x12", "digest_mistyped", "64 letters"),
        ("audit receipt nowhere.json", "file_unusable", "nowhere.json"),
        ("ledger rebuild --yes", "city_in_use", "Stop that first"),
        ("workers", "city_in_use", "Stop that first"),
        ("serve", "city_in_use", "kill"),
        ("reset --yes", "city_in_use", "kill"),
        ("server", "port_taken", "settings.json"),
        ("registrar", "port_taken", "settings.json"),
    ],
)
def test_bad_input_is_refused_by_name_and_nothing_is_sent(
    told: dict[str, Said], served: Path, deliveries: Path, line: str, code: str, words: str
) -> None:
    (deliveries / "changed.json").write_bytes(document({**BIKES, "title": "Others"}))
    before = messages_of(served)
    said = stoa(
        served,
        *(part.replace("_Lab", " Lab").replace("_lab", " lab") for part in line.split(" ")),
        cwd=deliveries,
    )
    said.refused(said.err.split(":")[0] if code.endswith("_") else code, code, words)
    assert messages_of(served) == before


def messages_of(home: Path) -> int:
    """How many messages the city has ever had for its ledger, anchors of the access log not counted."""
    house = Home.here(home).house()
    try:
        with house.database.reading() as session:
            return len(
                [
                    key
                    for key in session.scalars(select(MessageRow.business_key))
                    if not key.startswith("anchor")
                ]
            )
    finally:
        house.close()


def test_a_version_that_was_changed_on_the_disk_is_named_and_not_read(
    told: dict[str, Said], served: Path, deliveries: Path
) -> None:
    files = sorted(path for path in (served / "versions").rglob("*") if path.is_file())
    kept = {path: path.read_bytes() for path in files}
    try:
        for path, content in kept.items():
            path.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
        stoa(served, "city", "assess", "travel.json", cwd=deliveries).refused(
            "version_corrupted", "Restore it"
        )
    finally:
        for path, content in kept.items():
            path.write_bytes(content)
    stoa(served, "city", "assess", "travel.json", cwd=deliveries).done()


def test_a_delivery_that_the_disk_has_no_room_for_registers_nothing(
    told: dict[str, Said], served: Path, deliveries: Path
) -> None:
    (deliveries / "ramp.json").write_bytes(document({**BIKES, "name": "ramp"}))
    rows = "".join(f"{hour % 24},{hour % 1000}\n" for hour in range(200_000))
    (deliveries / "ramp.csv").write_text("hour,riders\n" + rows)
    before = messages_of(served)

    said = stoa(served, "city", "dataset", "ramp.json", "ramp.csv", cwd=deliveries, most_bytes=50_000)

    said.refused("disk_full", "Make room")
    assert messages_of(served) == before
    assert "ramp" not in stoa(served, "city", "datasets").done().text
