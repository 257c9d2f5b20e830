"""A true bundle, changed by somebody who keeps the manifest right: each change is named by the right check."""

import base64
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from stoa_audit.headers import Header
from stoa_audit.projection import TABLES
from stoa_audit.report import Exit

from ledger.devnet.seal import sealer_of
from ledger.digests import canonical, hexed, keccak, unhexed
from ledger.keys import Ed25519Attestor
from marketplace.provenance.statements import sign
from tests.auditor.bundles import Copy, Json
from tests.auditor.conftest import Audit, Honest, named

HEADERS, BODIES, ENTRIES = "chain/headers.jsonl", "chain/bodies.jsonl", "journal/entries.jsonl"
BLOCK = 60


def flipped(text: str, byte: int) -> str:
    """Hex with one bit of one byte flipped."""
    content = bytearray(unhexed(text))
    content[byte] ^= 1
    return hexed(bytes(content))


def flip_header(byte: int) -> Callable[[Copy], None]:
    def tamper(copy: Copy) -> None:
        copy.edit(HEADERS, lambda rows: rows[BLOCK].update(header=flipped(rows[BLOCK]["header"], byte)))

    return tamper


def flip_in_body(part: str) -> Callable[[Copy], None]:
    def tamper(copy: Copy) -> None:
        copy.edit(BODIES, lambda rows: rows[BLOCK].update({part: [flipped(rows[BLOCK][part][0], -5)]}))

    return tamper


def drop_line(path: str, number: int) -> Callable[[Copy], None]:
    return lambda copy: copy.edit(path, lambda rows: rows.pop(number))


def swap_lines(path: str, number: int) -> Callable[[Copy], None]:
    def swap(rows: list[Json]) -> None:
        rows[number], rows[number + 1] = rows[number + 1], rows[number]

    return lambda copy: copy.edit(path, swap)


def double_line(path: str, number: int) -> Callable[[Copy], None]:
    return lambda copy: copy.edit(path, lambda rows: rows.insert(number, rows[number]))


def without_receipt(copy: Copy) -> None:
    copy.edit(BODIES, lambda rows: rows[BLOCK]["receipts"].clear())


def body_of_nothing(copy: Copy) -> None:
    copy.edit(BODIES, lambda rows: rows.append({"number": 9_999, "receipts": [], "transactions": []}))


def cut_chain(copy: Copy) -> None:
    copy.edit(HEADERS, lambda rows: rows.pop())


def cut_chain_and_say_so(copy: Copy) -> None:
    copy.edit(HEADERS, lambda rows: rows.__delitem__(slice(-3, None)))
    last = copy.lines(HEADERS)[-1]
    numbers = {row["number"] for row in copy.lines(HEADERS)}
    copy.edit(
        BODIES, lambda rows: rows.__setitem__(slice(None), [one for one in rows if one["number"] in numbers])
    )
    copy.rewrite_manifest(last=last["number"], head=hexed(keccak(unhexed(last["header"]))))


def other_genesis(copy: Copy) -> None:
    copy.edit(HEADERS, lambda rows: rows[0].update(header=flipped(rows[0]["header"], -1)))


def other_address(copy: Copy) -> None:
    document = orjson.loads(copy.read("city.json"))
    document["addresses"]["Consents"] = document["addresses"]["Datasets"]
    copy.write("city.json", canonical(document))


def other_code(copy: Copy) -> None:
    copy.edit_city(lambda document: document["codeHashes"].update(Consents="0x" + "11" * 32))


def flip_account_proof(copy: Copy) -> None:
    copy.edit(
        "chain/accounts.jsonl", lambda rows: rows[4]["proof"].append(flipped(rows[4]["proof"].pop(), 20))
    )


def first_file(copy: Copy, folder: str) -> str:
    return min(path.relative_to(copy.folder).as_posix() for path in (copy.folder / folder).iterdir())


def alter_document(kind: str) -> Callable[[Copy], None]:
    def tamper(copy: Copy) -> None:
        path = first_file(copy, f"documents/{kind}")
        copy.write(path, copy.read(path).replace(b"e", b"o", 1))

    return tamper


def change_log(change: Callable[[list[bytes]], Any]) -> Callable[[Copy], None]:
    def tamper(copy: Copy) -> None:
        entries = copy.read(ENTRIES).splitlines()
        change(entries)
        copy.write(ENTRIES, b"".join(entry + b"\n" for entry in entries))

    return tamper


def reworded(entries: list[bytes]) -> None:
    entries[1] = entries[1].replace(b"started", b"stopped")


def renumbered(entries: list[bytes]) -> None:
    entries[1], entries[2] = (
        entries[2].replace(b'"number":2', b'"number":1'),
        entries[1].replace(b'"number":1', b'"number":2'),
    )


def inserted(entries: list[bytes]) -> None:
    entries.insert(0, entries[0])


def shortened(entries: list[bytes]) -> None:
    del entries[3:]


def unformed_tail(entries: list[bytes]) -> None:
    entries[-1] = entries[-1].removesuffix(b"}") + b',"zeal":1}'


def wrong_number_in_tail(entries: list[bytes]) -> None:
    entries[-1] = entries[-1].replace(b'"number":', b'"number":1')


def remove_first(folder: str) -> Callable[[Copy], None]:
    return lambda copy: copy.remove(first_file(copy, folder))


def stray_statement(copy: Copy) -> None:
    copy.write(f"statements/{'ab' * 32}.json", copy.read(first_file(copy, "statements")))


TAMPERED: dict[str, tuple[Callable[[Copy], None], str, str]] = {
    "a byte of a header": (flip_header(100), "chain.headers", f"block {BLOCK}: is not the block that block"),
    "the time in a header": (flip_header(-240), "chain.headers", f"block {BLOCK}"),
    "a byte of a seal": (flip_header(-60), "chain.seals", f"block {BLOCK}"),
    "a header left out": (drop_line(HEADERS, BLOCK), "chain.headers", f"block {BLOCK}"),
    "two headers swapped": (swap_lines(HEADERS, BLOCK), "chain.headers", f"block {BLOCK}"),
    "a header doubled": (double_line(HEADERS, BLOCK), "chain.headers", f"block {BLOCK + 1}"),
    "the last block cut off": (cut_chain, "chain.headers", "the manifest ends with block"),
    "the last blocks cut off, and the manifest with them": (
        cut_chain_and_say_so,
        "projection.applied_blocks",
        "is a row that the ledger does not have",
    ),
    "another genesis": (other_genesis, "chain.headers", "block 0: is not the genesis block"),
    "a byte of a transaction": (flip_in_body("transactions"), "chain.transactions", "do not have the root"),
    "a byte of a receipt": (flip_in_body("receipts"), "chain.receipts", "do not have the root"),
    "a receipt left out": (without_receipt, "chain.receipts", "do not have the root"),
    "a body left out": (drop_line(BODIES, BLOCK), "chain.transactions", "that are not in chain/bodies.jsonl"),
    "two bodies swapped": (swap_lines(BODIES, BLOCK), "chain.transactions", "block"),
    "a body of no block": (body_of_nothing, "chain.transactions", "is the body of a block that has none"),
    "another address in the city file": (other_address, "city.file", "city.json: has the digest"),
    "another code hash in the city file": (other_code, "chain.code", "Consents at 0x"),
    "a byte of a proof of code": (flip_account_proof, "chain.code", "the proof has no node with the hash"),
    "a text reworded": (alter_document("keccak256"), "documents.digests", "documents/keccak256/"),
    "a document changed": (alter_document("sha256"), "documents.digests", "documents/sha256/"),
    "an entry of the log reworded": (change_log(reworded), "journal.roots", "have another root"),
    "two entries of the log swapped": (change_log(renumbered), "journal.roots", "have another root"),
    "an entry inserted into the log": (
        change_log(inserted),
        "journal.entries",
        "line 2: is entry 0 at position 1",
    ),
    "the log cut": (
        change_log(lambda entries: entries.__delitem__(slice(3, None))),
        "journal.roots",
        "has only 3 entries",
    ),
    "an unknown field after the last anchor": (change_log(unformed_tail), "journal.entries", "INVALID"),
    "a wrong number after the last anchor": (
        change_log(wrong_number_in_tail),
        "journal.entries",
        "at position",
    ),
    "a statement about no order": (
        stray_statement,
        "orders.statement",
        "is a statement about no settled order",
    ),
}


@pytest.mark.parametrize("kind", TAMPERED)
def test_a_changed_bundle_is_named(kind: str, copy: Copy, audit: Audit) -> None:
    tamper, check, fragment = TAMPERED[kind]
    tamper(copy)

    report = audit(copy.folder)

    assert named(report, check, fragment)
    assert report["bundle.files"].finding is None


def test_an_older_bundle_is_caught_by_the_checkpoint(
    honest: Honest, copy: Copy, audit: Audit, tmp_path: Path
) -> None:
    kept = tmp_path / "checkpoint.json"
    audit(honest.bundle, checkpoint=kept)
    cut_chain_and_say_so(copy)

    report = audit(copy.folder, checkpoint=kept)

    assert named(report, "checkpoint.continues", "the ledger was rewritten or cut")
    assert (
        orjson.loads(kept.read_bytes())["last"]
        == orjson.loads((honest.bundle / "manifest.json").read_bytes())["last"]
    )


def test_a_file_that_is_not_as_the_manifest_says_is_named(copy: Copy, audit: Audit) -> None:
    path = copy.folder / "journal/entries.jsonl"
    path.write_bytes(path.read_bytes().replace(b"citizen", b"Citizen"))

    assert named(audit(copy.folder), "bundle.files", "journal/entries.jsonl: has another SHA-256")


def test_a_file_that_the_manifest_does_not_name_is_named(copy: Copy, audit: Audit) -> None:
    (copy.folder / "journal/notes.txt").write_text("psst")

    assert named(audit(copy.folder), "bundle.files", "journal/notes.txt: is not named in the manifest")


def test_a_link_is_named(copy: Copy, audit: Audit) -> None:
    path = copy.folder / "journal/entries.jsonl"
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))

    report = audit(copy.folder)

    assert report["bundle.files"].finding is not None
    assert report["bundle.files"].wrong == 2


def test_another_city_than_the_expected_one_is_named(honest: Honest, audit: Audit) -> None:
    report = audit(honest.bundle, city=bytes(32))

    assert named(report, "city.file", "you named 0x0000")


# The database


def changed(value: Any) -> Any:
    """Something else of the same kind."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case None:
            return 7
        case list():
            return [*value, [9, 9, 9]]
        case str() if value.startswith("0x") and len(value) == 66:
            return flipped(value, 7)
        case str():
            return value + "x"
        case _:
            raise AssertionError(value)


@pytest.mark.parametrize("table", TABLES)
def test_a_changed_row_is_named_with_table_row_and_column(table: str, copy: Copy, audit: Audit) -> None:
    chance = random.Random(table)
    path, key = f"projection/{table}.jsonl", TABLES[table].key
    rows = copy.lines(path)
    row = chance.randrange(len(rows))
    column = chance.choice(sorted(set(rows[row]) - set(key)))
    copy.edit_row(path, row, **{column: changed(rows[row][column])})

    report = audit(copy.folder)

    assert named(report, f"projection.{table}", f"{table}, row {key[0]} {rows[row][key[0]]}")
    assert f": {column} is " in str(report[f"projection.{table}"].finding)
    assert [check.id for check in report.findings] == [f"projection.{table}"]


@pytest.mark.parametrize("table", ["consents", "orders", "role_members"])
def test_a_missing_row_and_an_invented_row_are_named(table: str, copy: Copy, audit: Audit) -> None:
    path, key = f"projection/{table}.jsonl", TABLES[table].key
    taken = copy.lines(path)[0]
    copy.edit(path, lambda rows: rows.pop(0))
    assert named(audit(copy.folder), f"projection.{table}", f"{taken[key[0]]}")

    copy.edit(path, lambda rows: rows.extend([taken, taken]))
    assert named(
        audit(copy.folder), f"projection.{table}", "is a row that the ledger does not have, or has only once"
    )


def test_a_table_left_out_is_not_checked_and_not_good(copy: Copy, audit: Audit) -> None:
    copy.remove("projection/orders.jsonl")

    report = audit(copy.folder)

    assert report.exit is Exit.INCOMPLETE
    assert report["projection.orders"].gap == "the bundle has no projection/orders.jsonl"


def test_a_document_that_the_city_owes_and_withholds_makes_the_audit_incomplete(
    copy: Copy, audit: Audit
) -> None:
    remove_first("documents/keccak256")(copy)

    report = audit(copy.folder)

    assert report.exit is Exit.INCOMPLETE
    assert "is not in the bundle" in report["documents.owed"].gap


# Statements


def statement_of(copy: Copy, order: bytes) -> tuple[str, Json]:
    path = f"statements/{order.hex()}.json"
    envelope = orjson.loads(copy.read(path))
    return path, orjson.loads(base64.b64decode(envelope["payload"]))


LIES: dict[str, Any] = {
    "charge": "1",
    "city": "0x" + "00" * 32,
    "cohortSize": 3_000,
    "consentBlock": 1,
    "consentRoot": "0x" + "00" * 32,
    "datasets": [],
    "gate": "withheld",
    "honesty": "real",
    "k": 1,
    "licence": 2,
    "manifest": "0x" + "00" * 32,
    "order": "0x" + "00" * 32,
    "price": "0",
    "request": "0x" + "00" * 32,
    "result": "0x" + "00" * 32,
    "routine": "0x" + "00" * 32,
    "tariff": 1,
    "units": True,
    "useCase": 2,
}


@pytest.mark.parametrize("field", LIES)
def test_a_lie_in_a_statement_of_the_citys_own_attestor_is_named(
    field: str, honest: Honest, copy: Copy, audit: Audit
) -> None:
    path, statement = statement_of(copy, honest.happened.settled_later)
    statement["predicate"][field] = LIES[field]
    copy.write(path, canonical(sign(honest.desk.attestor, canonical(statement)).document))

    report = audit(copy.folder)

    assert named(report, "orders.statement", f"says {field} ")
    assert honest.happened.settled_later.hex() in str(report["orders.statement"].finding)


def test_a_statement_signed_by_a_stranger_is_named(honest: Honest, copy: Copy, audit: Audit) -> None:
    path, statement = statement_of(copy, honest.happened.settled)
    copy.write(path, canonical(sign(Ed25519Attestor(bytes(32)), canonical(statement)).document))

    assert named(audit(copy.folder), "orders.statement", "without a valid signature of a trusted attestor")


def test_an_attestor_that_was_distrusted_before_the_run_is_a_stranger(
    honest: Honest, copy: Copy, audit: Audit
) -> None:
    path, statement = statement_of(copy, honest.happened.settled_later)
    old = Ed25519Attestor(bytes(range(32)))
    copy.write(path, canonical(sign(old, canonical(statement)).document))

    assert named(audit(copy.folder), "orders.statement", "without a valid signature of a trusted attestor")


def test_a_statement_that_is_not_canonical_is_named(honest: Honest, copy: Copy, audit: Audit) -> None:
    path, statement = statement_of(copy, honest.happened.settled_later)
    spaced = orjson.dumps(statement, option=orjson.OPT_INDENT_2)
    copy.write(path, canonical(sign(honest.desk.attestor, spaced).document))

    assert named(audit(copy.folder), "orders.statement", "not canonical JSON")


def test_a_flipped_bit_in_a_signature_is_named(honest: Honest, copy: Copy, audit: Audit) -> None:
    path, _ = statement_of(copy, honest.happened.settled)
    envelope = orjson.loads(copy.read(path))
    signature = bytearray(base64.b64decode(envelope["signatures"][0]["sig"]))
    signature[10] ^= 1
    envelope["signatures"][0]["sig"] = base64.b64encode(signature).decode()
    copy.write(path, canonical(envelope))

    assert named(audit(copy.folder), "orders.statement", "without a valid signature")


def test_a_missing_statement_is_a_gap_while_it_is_fresh_and_wrong_when_it_is_old(
    honest: Honest, copy: Copy, audit: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy.remove(f"statements/{honest.happened.settled.hex()}.json")

    assert "has no statement yet" in audit(copy.folder)["orders.statement"].gap

    monkeypatch.setattr("stoa_audit.audit.GRACE", 1)
    assert named(audit(copy.folder), "orders.statement", "has no statement")


# Anything at all


@pytest.mark.parametrize("seed", range(24))
def test_a_flipped_bit_anywhere_is_noticed_and_never_a_crash(seed: int, copy: Copy, audit: Audit) -> None:
    """Whichever bit of whichever file: with the manifest rewritten, some other check has to notice."""
    chance = random.Random(seed)
    paths = sorted(
        path.relative_to(copy.folder).as_posix() for path in copy.folder.rglob("*") if path.is_file()
    )
    path = chance.choice([one for one in paths if one not in {"manifest.json", "city.json"}])
    content = bytearray(copy.read(path))
    place = chance.randrange(len(content))
    content[place] ^= 1 << chance.randrange(8)
    copy.write(path, bytes(content))

    report = audit(copy.folder)

    assert report.exit is Exit.WRONG, f"bit at {place} of {path}"


@pytest.mark.parametrize(
    "garbage",
    [b"\x00\xff\n", b"{\n", b"[]\n", b"null\n", b'{"number":0}\n', b"", b"no end", b'{"a":' * 2000 + b"\n"],
)
@pytest.mark.parametrize(
    "path",
    [
        HEADERS,
        BODIES,
        "chain/accounts.jsonl",
        ENTRIES,
        "projection/consents.jsonl",
        "projection/orders.jsonl",
    ],
)
def test_garbage_in_a_file_is_named_and_never_a_crash(
    path: str, garbage: bytes, copy: Copy, audit: Audit
) -> None:
    copy.write(path, garbage)

    report = audit(copy.folder)

    assert report.exit in {Exit.WRONG, Exit.INCOMPLETE}
    assert report.exit is Exit.WRONG or path == "chain/accounts.jsonl"


def test_the_seals_of_the_honest_bundle_are_the_devnets(honest: Honest) -> None:
    """Both implementations of the seal's rule agree on every block."""
    rows = [orjson.loads(line) for line in (honest.bundle / HEADERS).read_bytes().splitlines()]
    for row in rows[1:]:
        raw = unhexed(row["header"])
        assert Header.parsed(raw, "").sealer == sealer_of(raw)
    assert len({Header.parsed(unhexed(row["header"]), "").sealer for row in rows[1:]}) == 1
