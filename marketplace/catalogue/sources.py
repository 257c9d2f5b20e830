"""Reading a delivery: a CSV file, an SQL table, or a JSON series, one row after the other.

The columns must be exactly the described ones: a column more or less is named and nothing is read. Values are
handed on as the source spells them; marketplace.catalogue.ingest decides whether they are admitted.
"""

import csv
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import NoReturn, cast

import sqlalchemy
from sqlalchemy.exc import SQLAlchemyError

from marketplace.catalogue.description import DatasetDescription
from marketplace.catalogue.documents import listed, refuse_deep_nesting, shown
from marketplace.errors import InvalidError

LONGEST_VALUE = 10_000
OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


class IngestError(InvalidError):
    """A delivery cannot become a version. Nothing was written."""

    code = "ingest_refused"


class SourceUnreadableError(IngestError):
    """The file, table or connection cannot be read as what it is said to be."""

    code = "source_unreadable"


class SchemaDriftError(IngestError):
    """The source has a column that is not described, or lacks one that is."""

    code = "schema_drift"


class Counted(StrEnum):
    """What the number of a row counts, always from 1."""

    LINE = "line"
    """Of the file, as an editor shows it: a CSV file's heading has one, and a row over several has its first."""
    ROW = "row"
    """Of a table, in the order in which it is read."""
    ITEM = "item"
    """Of a JSON array, or of a file with one object on each line."""


@dataclass(frozen=True)
class Row:
    """One row as delivered, and where it stands."""

    number: int
    values: Mapping[str, object]
    counted: Counted = Counted.ROW


def read_csv(path: Path, description: DatasetDescription) -> Iterator[Row]:
    """The rows of a CSV file in UTF-8 with a heading.

    Raises:
        SourceUnreadableError: it cannot be opened, is separated by something else than commas, or a row has more or
            fewer fields than the heading.
        SchemaDriftError: its columns are not the described ones.
    """
    read = 0
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            first = next(lines, "")
            separated = other_separator(first, description.source_columns)
            if separated is not None:
                _unreadable(
                    f"The columns of the file are separated by {separated}. Save it with commas, with points in "
                    "decimal fractions and in UTF-8, and deliver it again."
                )
            reader = csv.reader(chain([first], lines), strict=True)
            heading = next(reader, [])
            _refuse_strange_heading(heading, description)
            _refuse_drift(heading, description)
            read = reader.line_num
            for values in reader:
                line, read = read + 1, reader.line_num
                if not values:
                    _unreadable(f"Line {line} of the file is empty. Delete it.")
                if len(values) != len(heading):
                    _unreadable(
                        f"Line {line} of the file has {len(values)} fields, the heading has {len(heading)}. "
                        "Put a text with a comma in it into quotes."
                    )
                yield Row(line, dict(zip(heading, values, strict=True)), Counted.LINE)
    except UnicodeError:
        _unreadable("The file is no CSV in UTF-8. Save it as CSV, as text in UTF-8, and deliver it again.")
    except csv.Error:
        _unreadable(
            f"The file cannot be read as CSV from line {read + 1} on. Compare the quotes there: each that opens is "
            "closed before the next comma, and one inside a text is doubled."
        )
    except OSError:
        _unreadable("The file cannot be opened or read. Check its path and your rights.")


def other_separator(first: str, expected: Collection[str]) -> str | None:
    """What separates a file's columns, in words, where its first line shows that it is not commas."""
    cells = _cells(first, ",")
    if _is_heading(cells, expected):
        return None
    for separator, words in OTHER_SEPARATORS.items():
        others = _cells(first, separator)
        if _is_heading(others, expected) or len(cells) == 1 < len(others):
            return words
    return None


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def _is_heading(cells: Collection[str], expected: Collection[str]) -> bool:
    """Whether a first line is surely no row, so that it may be repeated to whoever reads a message."""
    return 2 * len(set(cells) & set(expected)) >= len(expected)


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
                yield Row(number, values, Counted.ITEM)
    except (OSError, UnicodeError, ValueError, RecursionError):
        _unreadable("The file cannot be read as JSON in UTF-8: an array, or one object on each line.")


def _json_items(text: str) -> Iterator[object]:
    if text.lstrip().startswith("["):
        yield from cast(list[object], _json(text))
        return
    yield from (_json(line) for line in text.split("\n") if line.strip())


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


def _refuse_strange_heading(cells: list[str], description: DatasetDescription) -> None:
    """Refuse a file whose first line may be a row: nothing of it is repeated."""
    expected = description.source_columns
    if not cells:
        raise SchemaDriftError(f"The file is empty. It begins with a heading: {listed(sorted(expected))}.")
    if not _is_heading(cells, expected):
        raise SchemaDriftError(
            "The first line of the file names fewer than half of the described columns, so it is no heading. A CSV "
            f"file begins with one; here it names, in any order: {listed(sorted(expected))}."
        )


def _refuse_drift(names: list[str], description: DatasetDescription) -> None:
    """Refuse columns that are not the described ones; `names` are columns' names, and shown."""
    expected = description.source_columns
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise SchemaDriftError(f"The source has two columns of one name: {listed(repeated)}. Rename one.")
    missing, extra = sorted(expected - set(names)), sorted(set(names) - expected)
    sentences = [f"The source lacks the column {_described(name, description)}." for name in missing]
    if extra:
        sentences.append(
            f"The source has a column that the dataset does not describe: {listed(extra)}. "
            "Describe it, or name it under left_out."
        )
    if missing:
        sentences.append(f"The source's columns are: {listed(names)}.")
    if sentences:
        raise SchemaDriftError(" ".join(sentences))


def _described(name: str, description: DatasetDescription) -> str:
    """A column that is expected, with the field of the description that expects it."""
    if description.subject is not None and name == description.subject.column:
        return f"{shown(name)} that description.subject names"
    field = "left_out" if name in description.left_out else "columns"
    return f"{shown(name)} that description.{field} names"


def _refuse_item_drift(number: int, names: set[str], description: DatasetDescription) -> None:
    expected = description.source_columns
    missing = sorted(expected - names)
    # Unlike a heading, an item's own field names may be anything, also a value; so they are not repeated.
    fields = f"Each item has the fields {listed(sorted(expected))}, and no other."
    if missing:
        raise SchemaDriftError(
            f"Item {number} lacks the field {_described(missing[0], description)}. {fields}"
        )
    if names - expected:
        raise SchemaDriftError(f"Item {number} has a field that the dataset does not describe. {fields}")


def _unreadable(sentence: str) -> NoReturn:
    raise SourceUnreadableError(sentence) from None
