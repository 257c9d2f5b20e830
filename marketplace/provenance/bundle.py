"""The bundle that a city hands to its auditor (docs/bundle.md, version 1).

It holds no row, no result, no key, no salt, and nothing about a person that is not on the ledger.
"""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Integer, LargeBinary, select
from sqlalchemy.orm import Session

from ledger import evidence
from ledger.digests import canonical, hexed, sha256, unhexed
from ledger.keys import checksum
from ledger.node import Node
from ledger.storage import Store
from marketplace.catalogue.tables import ArtefactRow
from marketplace.errors import ConflictError
from marketplace.house import House
from marketplace.projector import projected_tables
from marketplace.provenance import access_log
from marketplace.provenance.queries import head
from marketplace.provenance.tables import AccessRow, StatementRow
from marketplace.schema import METADATA

VERSION = "bundle/1"
LARGEST_NUMBER = 2**53 - 1

Progress = Callable[[int, int], None]


class BundleExistsError(ConflictError):
    """There is something where the bundle is to be written."""

    code = "bundle_exists"


@dataclass(frozen=True, slots=True)
class Moment:
    """What is read from the database, all of one transaction."""

    last: int
    hash: bytes
    documents: list[tuple[str, bytes, bytes]]
    statements: list[tuple[bytes, bytes]]
    entries: list[bytes]
    projection: dict[str, list[dict[str, Any]]]


def export(house: House, node: Node, target: Path, progress: Progress = lambda done, total: None) -> int:
    """Write the bundle into the new folder `target`. The number of its last block.

    Raises:
        BundleExistsError: `target` is there.
        NodeUnreachableError, EvidenceError
    """
    if target.exists():
        raise BundleExistsError(f"{target} exists. Name a folder that does not, or delete it.")
    with house.database.writing() as session:
        access_log.record(session, who="role:operator", did="export-bundle", outcome="started")
    with house.database.reading() as session:
        moment = _moment(session)
    unfinished = target.with_name(target.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    (unfinished / "chain").mkdir(parents=True)
    _write_chain(unfinished / "chain", house, node, moment.last, progress)
    _write(unfinished / "city.json", canonical(house.city.document))
    for folder, digest, content in moment.documents:
        _write(unfinished / "documents" / folder / digest.hex(), content)
    for order, envelope in moment.statements:
        _write(unfinished / "statements" / f"{order.hex()}.json", envelope)
    _write(unfinished / "journal" / "entries.jsonl", b"".join(entry + b"\n" for entry in moment.entries))
    for table, rows in moment.projection.items():
        _write(unfinished / "projection" / f"{table}.jsonl", lines(rows))
    _write(unfinished / "manifest.json", canonical(_manifest(unfinished, house, moment)))
    with house.database.writing() as session:
        access_log.record(session, who="role:operator", did="export-bundle", outcome="exported")
    unfinished.rename(target)
    return moment.last


def _moment(session: Session) -> Moment:
    newest = head(session)
    artefacts = session.scalars(select(ArtefactRow).order_by(ArtefactRow.digest))
    return Moment(
        last=newest.number,
        hash=newest.hash,
        documents=[
            ("sha256" if sha256(row.content) == row.digest else "keccak256", row.digest, row.content)
            for row in artefacts
        ],
        statements=[
            (row.order, row.envelope)
            for row in session.scalars(select(StatementRow).order_by(StatementRow.order))
        ],
        entries=list(session.scalars(select(AccessRow.entry).order_by(AccessRow.number))),
        projection={table.name: _rows(session, table) for table in projected_tables()},
    )


def _rows(session: Session, table: Any) -> list[dict[str, Any]]:
    found = session.execute(select(table).order_by(*table.primary_key.columns))
    return [
        {column.name: _plain(column, value) for column, value in zip(table.columns, row, strict=True)}
        for row in found
    ]


def _plain(column: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, LargeBinary):
        return hexed(value)
    if isinstance(column.type, Integer) and not isinstance(value, bool):
        return value if abs(value) <= LARGEST_NUMBER else str(value)
    return value


def _write_chain(folder: Path, house: House, node: Node, last: int, progress: Progress) -> None:
    headers: list[dict[str, Any]] = []
    bodies: list[dict[str, Any]] = []
    for number in range(last + 1):
        raw = node.raw_block(number)
        headers.append({"header": hexed(evidence.header_bytes(raw)), "number": number})
        if raw["transactions"]:
            found = evidence.body(node, raw)
            bodies.append(
                {
                    "number": number,
                    "receipts": [hexed(one) for one in found.receipts],
                    "transactions": [hexed(one) for one in found.transactions],
                }
            )
        progress(number, last)
    _write(folder / "headers.jsonl", lines(headers))
    _write(folder / "bodies.jsonl", lines(bodies))
    addresses = sorted(house.city.addresses.values(), key=unhexed)
    accounts = [
        {"address": checksum(one), "proof": evidence.account_proof(node, one, last)} for one in addresses
    ]
    _write(folder / "accounts.jsonl", lines(accounts))


def _manifest(folder: Path, house: House, moment: Moment) -> dict[str, Any]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    named = [
        {
            "path": path.relative_to(folder).as_posix(),
            "sha256": hexed(sha256(path.read_bytes())),
            "size": path.stat().st_size,
        }
        for path in files
    ]
    return {
        "city": hexed(house.city.digest),
        "files": sorted(named, key=lambda one: one["path"]),
        "first": 0,
        "head": hexed(moment.hash),
        "last": moment.last,
        "stoa": VERSION,
        "tables": sorted(_tables(), key=lambda one: one["table"]),
    }


def _tables() -> Iterable[dict[str, Any]]:
    for metadata in METADATA.values():
        for table in metadata.tables.values():
            yield {
                "columns": [column.name for column in table.columns],
                "store": str(table.info.get("store", Store.OPERATIONS)),
                "table": table.name,
            }


def lines(rows: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(canonical(row) + b"\n" for row in rows)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
