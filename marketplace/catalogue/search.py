"""Finding datasets by theme and by words."""

from collections.abc import Iterable

from marketplace.catalogue.description import DatasetDescription, Topic
from marketplace.catalogue.queries import Dataset


def matching(datasets: Iterable[Dataset], *, topic: Topic | None, words: str) -> list[Dataset]:
    """Those of a topic, if one is asked for, in which each of the words occurs somewhere."""
    wanted = words.casefold().split()
    return [
        one
        for one in datasets
        if topic in (None, one.description.topic) and all(word in _text(one.description) for word in wanted)
    ]


def _text(one: DatasetDescription) -> str:
    """Everything that somebody may look for, in small letters."""
    parts = [
        one.name,
        one.title,
        one.origin,
        one.honesty.sentence,
        *(called for _, called in one.called),
        *(column.name for column in one.columns),
        *(dimension.name for dimension in one.dimensions),
    ]
    return " ".join(parts).casefold()
