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
    ValueNotAllowedError,
    matching_of,
    parse_json,
    refuse_repeats,
)

_LANGUAGE = re.compile(r"[a-z]{2,3}")
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
        DocumentError: one of its subclasses names what is wrong and where; nothing is guessed or dropped.
    """
    fields = Fields(parse_json(raw), "description", allowed=_FIELDS)
    fields.integer("v", 1, 1)
    columns = tuple(parse_column(item, at) for item, at in fields.items("columns", 1, 200))
    by_name = {column.name: column for column in columns}
    description = DatasetDescription(
        name=fields.matching("name", SLUG),
        title=fields.text("title", 200),
        topic=Topic(fields.one_of("topic", list(Topic))),
        source=SourceKind(fields.one_of("source", list(SourceKind))),
        honesty=_honesty(fields),
        licence=fields.text("licence"),
        origin=fields.text("origin", 1000),
        subject=None if fields.is_null("subject") else _subject(fields.value("subject")),
        one_row_per=None if fields.is_null("one_row_per") else fields.matching("one_row_per", COLUMN_NAME),
        sensitive=fields.flag("sensitive"),
        columns=columns,
        dimensions=tuple(parse_dimension(v, at, by_name) for v, at in fields.items("dimensions", 0, 200)),
        left_out=_left_out(fields),
        called=_called(fields),
    )
    _check_names(description)
    return description


def _left_out(fields: Fields) -> tuple[str, ...]:
    if "left_out" not in fields:
        return ()
    return tuple(matching_of(item, at, COLUMN_NAME) for item, at in fields.items("left_out", 0, 1000))


def _called(fields: Fields) -> tuple[tuple[str, str], ...]:
    if "called" not in fields:
        return ()
    value = fields.value("called")
    languages = cast(dict[str, object], value) if isinstance(value, dict) else {}
    for language in languages:
        matching_of(language, "a language in description.called", _LANGUAGE)
    called = Fields(value, "description.called", allowed=languages)
    if not languages:
        raise ValueNotAllowedError("description.called names no language. Leave the field out.")
    return tuple((language, called.text(language, 100)) for language in sorted(languages))


def _honesty(fields: Fields) -> Honesty:
    honesty = Fields(fields.value("honesty"), "description.honesty", allowed={"label", "sentence"})
    return Honesty(honesty.matching("label", _HONESTY), honesty.text("sentence"))


def _subject(value: object) -> Subject:
    fields = Fields(value, "description.subject", allowed={"column", "kind"})
    return Subject(fields.matching("column", COLUMN_NAME), fields.matching("kind", SLUG))


def _check_names(description: DatasetDescription) -> None:
    subject = [description.subject.column] if description.subject else []
    names = [column.name for column in description.columns]
    # The subject's key is not a column: it never enters a version, so nothing can be grouped by it.
    refuse_repeats([*names, *subject, *description.left_out], "description.columns, subject and left_out")
    refuse_repeats([dimension.name for dimension in description.dimensions], "description.dimensions")
    if description.one_row_per is not None and description.one_row_per not in [*names, *subject]:
        raise ValueNotAllowedError("description.one_row_per names neither a column nor the subject.")
