"""Whether the city's database says what the ledger says: every row and column of every projected table."""

from typing import Any

from stoa_audit.bundle import Bundle, Table
from stoa_audit.errors import InvalidError
from stoa_audit.fields import LARGEST
from stoa_audit.projection import TABLES, Row, TableRows
from stoa_audit.report import Check, Report
from stoa_audit.world import World

Key = tuple[Any, ...]


def check_projection(bundle: Bundle, world: World, report: Report) -> None:
    listed = {table.name: table for table in bundle.manifest.tables}
    for name, table in TABLES.items():
        check = report[f"projection.{name}"]
        with check.guarded():
            _check_table(bundle, world, listed.get(name), name, table, check)
    report.not_audited += _not_audited(bundle)


def _check_table(
    bundle: Bundle, world: World, listed: Table | None, name: str, table: TableRows, check: Check
) -> None:
    path = f"projection/{name}.jsonl"
    if listed is None or not bundle.has(path):
        check.missed(f"the bundle has no {path}")
        return
    expected = {_key(row, table): row for row in map(_plain, table.rows(world))}
    for fields in bundle.objects(path):
        row = fields.document
        key = _key({column: row.get(column) for column in table.key}, table)
        wanted = expected.pop(key, None)
        if wanted is None:
            check.failed(_name(name, table, key), "is a row that the ledger does not have, or has only once")
            continue
        fault = _difference(row, wanted)
        check.expect(fault is None, _name(name, table, key), fault or "")
    for key in expected:
        check.failed(_name(name, table, key), "is missing")
    check.ran = True
    check.covered = f"{check.count + check.wrong} rows"


def _key(row: Row, table: TableRows) -> Key:
    values = tuple(row[column] for column in table.key)
    if any(isinstance(value, (dict, list)) for value in values):
        raise InvalidError("a key is a list or an object", table.key[0])
    return values


def _plain(row: Row) -> Row:
    """A row as the bundle writes it: large integers as decimal strings."""
    return {
        column: str(value) if type(value) is int and abs(value) > LARGEST else value
        for column, value in row.items()
    }


def _difference(row: Row, wanted: Row) -> str | None:
    for column, value in wanted.items():
        if column not in row:
            return f"has no column {column}"
        if row[column] != value or type(row[column]) is not type(value):
            return f"{column} is {row[column]!r}, the ledger says {value!r}"
    return None


def _name(name: str, table: TableRows, key: Key) -> str:
    return f"{name}, row " + ", ".join(
        f"{column} {value}" for column, value in zip(table.key, key, strict=True)
    )


CHECKED_OTHERWISE = {
    "access_log": {"number", "entry"},
    "artefacts": {"digest", "content"},
    "statements": {"order", "envelope"},
}
"""Tables whose content is handed over as the log, as documents and as statements, and their columns checked there."""


def _not_audited(bundle: Bundle) -> list[str]:
    """Tables and columns that nothing here looks at, so that nobody takes them for verified."""
    found: list[str] = []
    for table in bundle.manifest.tables:
        known = TABLES[table.name].columns if table.name in TABLES else CHECKED_OTHERWISE.get(table.name)
        unknown = [column for column in table.columns if known is None or column not in known]
        if known is None:
            found.append(f"{table.name} ({table.store}): all {len(unknown)} columns")
        elif unknown:
            found.append(f"{table.name} ({table.store}): {', '.join(unknown)}")
    return found
