"""Write what suppliers hand over. Equal rows make equal bytes."""

import csv
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any


def write_csv(file: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Write comma-separated UTF-8 lines and return how many rows they are."""
    written = 0
    with file.open("w", encoding="utf-8", newline="") as opened:
        lines = csv.writer(opened, lineterminator="\n")
        lines.writerow(header)
        for row in rows:
            lines.writerow(row)
            written += 1
    return written


def write_json_lines(file: Path, rows: Iterable[Mapping[str, object]]) -> int:
    """Write one JSON object on each line and return how many they are."""
    written = 0
    with file.open("w", encoding="utf-8", newline="\n") as opened:
        for row in rows:
            opened.write(json.dumps(row, separators=(",", ":")) + "\n")
            written += 1
    return written


def write_sqlite(file: Path, table: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> int:
    """Write one SQL table, given its columns with their SQL types, and return how many rows it has."""
    file.unlink(missing_ok=True)
    places = ", ".join("?" for _ in columns)
    declared = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(f"CREATE TABLE {table} ({declared})")
        # Table and columns are named by this package, never by a supplier or a partner.
        return database.executemany(f"INSERT INTO {table} VALUES ({places})", rows).rowcount  # noqa: S608
