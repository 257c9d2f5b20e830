"""Spell the parts of a dataset's description: columns with closed bounds, and what they may be grouped by."""

from collections.abc import Iterable, Sequence
from typing import Any

from marketplace.sources.model import Source

Document = dict[str, Any]


def document(
    name: str,
    title: str,
    source: Source,
    *,
    topic: str,
    delivered_as: str,
    columns: Sequence[Document],
    dimensions: Sequence[Document],
    subject: Document | None = None,
    one_row_per: str | None = None,
    sensitive: bool = False,
    left_out: Sequence[str] = (),
    called: Document | None = None,
) -> Document:
    return ({} if called is None else {"called": called}) | {
        "v": 1,
        "name": name,
        "title": title,
        "topic": topic,
        "source": delivered_as,
        "honesty": {"label": source.honesty, "sentence": source.sentence},
        "licence": source.licence,
        "origin": source.citation,
        "subject": subject,
        "one_row_per": one_row_per,
        "sensitive": sensitive,
        "columns": list(columns),
        "dimensions": list(dimensions),
        "left_out": list(left_out),
    }


def integer(name: str, minimum: int, maximum: int, unit: str | None = None) -> Document:
    column: Document = {"name": name, "type": "integer", "minimum": minimum, "maximum": maximum}
    return column if unit is None else column | {"unit": unit}


def category(name: str, words: Iterable[str]) -> Document:
    return {"name": name, "type": "category", "domain": list(dict.fromkeys(words))}


def timestamp(name: str, first: str, until: str) -> Document:
    return {"name": name, "type": "timestamp", "from": first, "until": until}


def identity(column: str) -> Document:
    return {"name": column, "column": column, "kind": "identity"}


def grid(name: str, column: str, *grains: str) -> Document:
    return {"name": name, "column": column, "kind": "time", "grains": list(grains)}


def runs(name: str, column: str, labelled: Iterable[tuple[str, int, int]]) -> Document:
    values = [{"label": label, "from": first, "to": last} for label, first, last in labelled]
    return {"name": name, "column": column, "kind": "mapping", "values": values}


def groups(name: str, column: str, labelled: dict[str, tuple[str, ...]]) -> Document:
    values = [{"label": label, "members": list(words)} for label, words in labelled.items()]
    return {"name": name, "column": column, "kind": "mapping", "values": values}
