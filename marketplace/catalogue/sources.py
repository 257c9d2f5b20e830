"""Reading a delivery: a CSV file, an SQL table, or a JSON series, one row after the other.

The columns must be exactly the described ones: a column more or less is named and nothing is read. Values are
handed on as the source spells them; marketplace.catalogue.ingest decides whether they are admitted.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import NoReturn, cast

import sqlalchemy
from sqlalchemy.exc import SQLAlchemyError

from marketplace.catalogue.description import DatasetDescription
from marketplace.catalogue.documents import refuse_deep_nesting, shown
from marketplace.errors import InvalidError

LONGEST_VALUE = 10_000


class IngestError(InvalidError):
    """A delivery cannot become a version. Nothing was written."""

    code = "ingest_refused"


class SourceUnreadableError(IngestError):
    """The file, table or connection cannot be read as what it is said to be."""

    code = "source_unreadable"


class SchemaDriftError(IngestError):
    """The source has a column that is not described, or lacks one that is."""

    code = "schema_drift"


@dataclass(frozen=True)
class Row:
    """One row as delivered. Rows are numbered from 1; a CSV file's heading has no number."""

    number: int
    values: Mapping[str, object]


def read_csv(path: Path, description: DatasetDescription) -> Iterator[Row]:
    """The rows of a CSV file in UTF-8 with a heading.

    Raises:
        SourceUnreadableError: it cannot be opened, or a row has more or fewer fields than the heading.
        SchemaDriftError: its columns are not the described ones.
    """
    number = 0
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.reader(lines, strict=True)
            heading = next(reader, [])
            _refuse_drift(heading, description)
            for number, values in enumerate(reader, start=1):
                if len(values) != len(heading):
                    _unreadable(f"Row {number} has {len(values)} fields, the heading has {len(heading)}.")
                yield Row(number, dict(zip(heading, values, strict=True)))
    except (OSError, UnicodeError, csv.Error):
        _unreadable(f"The file cannot be read as CSV in UTF-8 (after row {number}).")


def read_table(url: str, table: str, description: DatasetDescription) -> Iterator[Row]:
    """The rows of an SQL table (or view) at an SQLAlchemy URL, such as sqlite:///trips.db.

    Raises:
        SourceUnreadableError: the database or the table cannot be read.
        SchemaDriftError: its columns are not the described ones.
    """
    try:
        engine = sqlalchemy.create_engine(url)
    except (SQLAlchemyError, ImportError, ValueError):
        _unreadable("The database URL cannot be used. Give one that SQLAlchemy knows.")
    if engine.url.get_backend_name() == "sqlite" and not Path(engine.url.database or "").is_file():
        # Connecting would make an empty database of that name.
        _unreadable("There is no SQLite file at that URL.")
    try:
        names = [str(column["name"]) for column in sqlalchemy.inspect(engine).get_columns(table)]
        _refuse_drift(names, description)
        query = sqlalchemy.select(*[sqlalchemy.column(name) for name in names]).select_from(
            sqlalchemy.table(table)
        )
        with engine.connect().execution_options(stream_results=True) as connection:
            for number, values in enumerate(connection.execute(query), start=1):
                yield Row(number, dict(zip(names, values, strict=True)))
    except (SQLAlchemyError, OSError, ValueError):
        # A driver's message may quote a row.
        _unreadable("The table cannot be read. Check the URL, the table's name and your rights.")
    finally:
        engine.dispose()


def read_json_series(path: Path, description: DatasetDescription) -> Iterator[Row]:
    """The objects of a JSON array, or of a file with one JSON object on each line.

    Raises:
        SourceUnreadableError: it is not JSON of that shape, or an object names a field twice.
        SchemaDriftError: an object's fields are not the described columns.
    """
    try:
        with path.open(encoding="utf-8-sig") as lines:
            for number, item in enumerate(_json_items(lines.read()), start=1):
                if not isinstance(item, dict):
                    _unreadable(f"Item {number} is not a JSON object.")
                values = cast(dict[str, object], item)
                _refuse_item_drift(number, set(values), description)
                yield Row(number, values)
    except (OSError, UnicodeError, ValueError, RecursionError):
        _unreadable("The file cannot be read as JSON in UTF-8: an array, or one object on each line.")


def _json_items(text: str) -> Iterator[object]:
    if text.lstrip().startswith("["):
        yield from cast(list[object], _json(text))
        return
    yield from (_json(line) for line in text.splitlines() if line.strip())


def _json(text: str) -> object:
    refuse_deep_nesting(text)
    return json.loads(
        text, object_pairs_hook=_without_repeats, parse_float=Decimal, parse_constant=_refuse_constant
    )


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a field is named twice")
    return dict(pairs)


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError("not a number")


def _refuse_drift(names: list[str], description: DatasetDescription) -> None:
    expected = description.source_columns
    if len(set(names)) != len(names):
        raise SchemaDriftError("The source has two columns of one name. Rename one.")
    missing, extra = sorted(expected - set(names)), sorted(set(names) - expected)
    if missing:
        raise SchemaDriftError(f"The source lacks the column {shown(missing[0])} that the dataset describes.")
    if extra:
        raise SchemaDriftError(
            f"The source has a column {shown(extra[0])} that the dataset does not describe. "
            "Describe it, or name it under left_out."
        )


def _refuse_item_drift(number: int, names: set[str], description: DatasetDescription) -> None:
    expected = description.source_columns
    missing = sorted(expected - names)
    if missing:
        raise SchemaDriftError(f"Item {number} lacks the field {shown(missing[0])} of the description.")
    if names - expected:
        # Unlike a heading, an item's own field names may be anything, also a value; so they are not repeated.
        raise SchemaDriftError(f"Item {number} has a field that the dataset does not describe.")


def _unreadable(sentence: str) -> NoReturn:
    raise SourceUnreadableError(sentence) from None
