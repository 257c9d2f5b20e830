"""A dataset's description: what its columns may hold, what it may be grouped by, and what it honestly is.

It is a JSON document of its own (docs/schemas/dataset.schema.json); its digest stands on the ledger. A
dataset with a subject column is personal: nobody gets an answer from it without consent, or another recorded
ground.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import cast

from ledger.digests import canonical, sha256
from marketplace.catalogue.columns import Column, IntegerColumn, TimestampColumn, parse_column
from marketplace.catalogue.dimensions import Dimension, parse_dimension
from marketplace.catalogue.documents import (
    COLUMN_NAME,
    SLUG,
    Fields,
    Mistakes,
    ValueNotAllowedError,
    listed,
    matching_of,
    name_in,
    parse_json,
    refuse_repeats,
    shown,
)

_LANGUAGE = re.compile(r"[a-z]{2,3}")
_HONESTLY = 'be "real", "model" or "simulated", or "real" with what limits it, such as "real, 17 homes"'
_HONESTY = re.compile(r"real(?:, [A-Za-z0-9][A-Za-z0-9 -]{0,60})?|model|simulated")


class Topic(StrEnum):
    """The eight themes of the city, as MyCity names them."""

    SAFE_AND_SECURE = "safe-and-secure"
    CONNECTED = "connected"
    MOBILE = "mobile"
    GREAT_PLACE_TO_WORK = "great-place-to-work"
    LIFELONG_LEARNING = "lifelong-learning"
    SUSTAINABLE = "sustainable"
    SOCIAL_CARE = "social-care"
    WELL_GOVERNED = "well-governed"


class SourceKind(StrEnum):
    CSV = "csv"
    SQL = "sql"
    JSON = "json"


@dataclass(frozen=True)
class Honesty:
    """What the rows are ("real", "real, 17 homes", "model", "simulated"), and a sentence that says more."""

    label: str
    sentence: str


@dataclass(frozen=True)
class Subject:
    """The column that says whose row it is, and what its values name (a person, a home)."""

    column: str
    kind: str


@dataclass(frozen=True)
class DatasetDescription:
    name: str
    title: str
    topic: Topic
    source: SourceKind
    honesty: Honesty
    licence: str
    origin: str
    subject: Subject | None
    one_row_per: str | None
    sensitive: bool
    columns: tuple[Column, ...]
    dimensions: tuple[Dimension, ...]
    left_out: tuple[str, ...] = ()
    called: tuple[tuple[str, str], ...] = ()
    """(language, how a notice in it calls the data), ascending by language."""

    @property
    def personal(self) -> bool:
        return self.subject is not None

    @property
    def source_columns(self) -> frozenset[str]:
        """Every column that the source must have, no more and no fewer."""
        subject = {self.subject.column} if self.subject else set[str]()
        return frozenset({column.name for column in self.columns} | subject | set(self.left_out))

    @property
    def one_row_per_subject(self) -> bool:
        return self.subject is not None and self.one_row_per == self.subject.column

    def place_of(self, column: str) -> int:
        """Where a column stands; a version's file names its columns by it (c0, c1, ...)."""
        return next(place for place, found in enumerate(self.columns) if found.name == column)

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)

    def dimension(self, name: str) -> Dimension | None:
        return next((dimension for dimension in self.dimensions if dimension.name == name), None)

    def measurable(self, name: str) -> IntegerColumn | None:
        """The column of that name, if it may be summed: a whole number with declared bounds."""
        column = self.column(name)
        return column if isinstance(column, IntegerColumn) else None

    @property
    def time_column(self) -> TimestampColumn | None:
        """The column that says when a row was: the first of type timestamp."""
        return next((column for column in self.columns if isinstance(column, TimestampColumn)), None)

    def called_in(self, language: str) -> str:
        """How a notice in `language` calls the data; its title in small letters where nothing is said."""
        return dict(self.called).get(language, self.title.lower())

    def document(self) -> dict[str, object]:
        called: dict[str, object] = {"called": dict(self.called)} if self.called else {}
        return called | {
            "v": 1,
            "name": self.name,
            "title": self.title,
            "topic": self.topic.value,
            "source": self.source.value,
            "honesty": {"label": self.honesty.label, "sentence": self.honesty.sentence},
            "licence": self.licence,
            "origin": self.origin,
            "subject": None
            if self.subject is None
            else {"column": self.subject.column, "kind": self.subject.kind},
            "one_row_per": self.one_row_per,
            "sensitive": self.sensitive,
            "columns": [column.document() for column in self.columns],
            "dimensions": [dimension.document() for dimension in self.dimensions],
            "left_out": list(self.left_out),
        }

    @cached_property
    def canonical(self) -> bytes:
        return canonical(self.document())

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the RFC 8785 bytes: 32 bytes."""
        return sha256(self.canonical)


_FIELDS = frozenset(
    {
        "v",
        *("name", "title", "topic", "source", "honesty", "licence", "origin"),
        *("subject", "one_row_per", "sensitive"),
        *("columns", "dimensions", "left_out", "called"),
    }
)


def parse_description(raw: bytes) -> DatasetDescription:
    """The description that `raw` spells.

    Raises:
        DocumentError: of the first mistake's class; it names every mistake and where it is. Nothing is guessed or
            dropped.
    """
    mistakes = Mistakes()
    fields = Fields(parse_json(raw), "description", mistakes, allowed=_FIELDS)
    fields.integer("v", 1, 1)
    columns = _columns(fields)
    by_name = dict(columns)
    description = DatasetDescription(
        name=fields.matching("name", SLUG),
        title=fields.text("title", 200),
        topic=Topic(fields.one_of("topic", list(Topic))),
        source=SourceKind(fields.one_of("source", list(SourceKind))),
        honesty=fields.read("honesty", lambda value, at: _honesty(value, at, mistakes), Honesty("", "")),
        licence=fields.text("licence"),
        origin=fields.text("origin", 1000),
        subject=fields.unless_null("subject", lambda value, at: _subject(value, at, mistakes)),
        one_row_per=fields.unless_null("one_row_per", _column_name),
        sensitive=fields.flag("sensitive"),
        columns=tuple(column for _, column in columns if column is not None),
        dimensions=tuple(
            fields.each(
                "dimensions", lambda value, at: parse_dimension(value, at, mistakes, by_name), most=200
            )
        ),
        left_out=tuple(fields.each("left_out", _column_name) if "left_out" in fields else ()),
        called=fields.read("called", lambda value, at: _called(value, at, mistakes), ())
        if "called" in fields
        else (),
    )
    _check_names(fields, description, [name for name, _ in columns])
    mistakes.refuse()
    return description


def _columns(fields: Fields) -> list[tuple[str, Column | None]]:
    """The columns with their names; None: it is there, and its mistakes are noted."""
    found: list[tuple[str, Column | None]] = []
    for item, at in fields.items("columns", 1, 200):
        column = None
        with fields.noting():
            column = parse_column(item, at, fields.mistakes)
        name = name_in(item, "name")
        if name is not None:
            found.append((name, column))
    return found


def _column_name(value: object, at: str) -> str:
    return matching_of(value, at, COLUMN_NAME)


def _called(value: object, at: str, mistakes: Mistakes) -> tuple[tuple[str, str], ...]:
    languages = cast(dict[str, object], value) if isinstance(value, dict) else {}
    called = Fields(value, at, mistakes, allowed=languages)
    for language in languages:
        with called.noting():
            matching_of(
                language, f"a language in {at}", _LANGUAGE, "be two or three small letters, such as en"
            )
    if not languages:
        raise ValueNotAllowedError(f"{at} names no language. Leave the field out.")
    return tuple((language, called.text(language, 100)) for language in sorted(languages))


def _honesty(value: object, at: str, mistakes: Mistakes) -> Honesty:
    honesty = Fields(value, at, mistakes, allowed={"label", "sentence"})
    return Honesty(honesty.matching("label", _HONESTY, _HONESTLY), honesty.text("sentence"))


def _subject(value: object, at: str, mistakes: Mistakes) -> Subject:
    fields = Fields(value, at, mistakes, allowed={"column", "kind"})
    return Subject(fields.matching("column", COLUMN_NAME), fields.matching("kind", SLUG))


def _check_names(fields: Fields, description: DatasetDescription, names: list[str]) -> None:
    """Note names that are given twice, and a `one_row_per` that is none of them."""
    subject = [description.subject.column] if description.subject else []
    # The subject's key is not a column: it never enters a version, so nothing can be grouped by it.
    with fields.noting():
        refuse_repeats([*names, *subject, *description.left_out], "description.columns, subject and left_out")
    with fields.noting():
        refuse_repeats([dimension.name for dimension in description.dimensions], "description.dimensions")
    if description.one_row_per is not None and description.one_row_per not in [*names, *subject]:
        with fields.noting():
            raise ValueNotAllowedError(
                f"description.one_row_per is {shown(description.one_row_per)}, which is neither the subject's column "
                f"nor one of the columns. There are: {listed([*subject, *names])}."
            )
