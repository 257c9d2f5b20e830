"""From a delivery to a version: checked row by row, sorted, without its subjects' keys, encrypted.

A version is one Parquet file under AES-256-GCM. Its columns are `subject_index` (a dense number in the place
of the subject's key), `row_tag` (what stands for a row when two releases are compared, whatever versions
they are of: a digest of the row under its subject's mark) and c0, c1, ..., the stored values of the described
columns. Rows are sorted by all of it, so equal deliveries give equal rows in an equal order.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from marketplace.catalogue.columns import NotInColumnError
from marketplace.catalogue.description import DatasetDescription
from marketplace.catalogue.sources import LONGEST_VALUE, Counted, IngestError, Row
from marketplace.catalogue.version_file import WrittenVersion, write_version

MOST_BREACHES_NAMED = 20
MOST_SUBJECTS = 2**22
"""Subject indexes are dense and below this, so that a set of subjects is at most half a megabyte."""

IndexOf = Callable[[str], int]
"""The dense subject index of a key. Raises LookupError for a key that is not enrolled."""

MarkOf = Callable[[int], bytes]
"""The secret of the subject with this index."""

StoredRow = tuple[int, ...]
TAG_BYTES = 8


@dataclass(frozen=True)
class Breach:
    """One broken rule: where the row stands, the column, what is wrong. Never the value."""

    number: int
    column: str
    rule: str
    counted: Counted = Counted.ROW

    def __str__(self) -> str:
        return f'{self.counted} {self.number}, column "{self.column}" {self.rule}'


HOW_COUNTED = {
    Counted.LINE: "Lines are counted as an editor shows the file, with its heading.",
    Counted.ROW: "Rows are counted from 1, in the table's order.",
    Counted.ITEM: "Items are counted from 1.",
}


class RowsRefusedError(IngestError):
    """Rows break the description; the first of them are named."""

    code = "rows_refused"

    def __init__(self, breaches: list[Breach], *, more: bool) -> None:
        self.breaches = tuple(breaches)
        listed = "; ".join(str(breach) for breach in breaches)
        end = "; and more. " if more else ". "
        how = " ".join(sorted({HOW_COUNTED[breach.counted] for breach in breaches}))
        super().__init__(f"Nothing was taken: {listed}{end}{how} Mend the delivery, or the description.")


class NoRowsError(IngestError):
    code = "no_rows"


def ingest(
    description: DatasetDescription,
    rows: Iterable[Row],
    *,
    index_of: IndexOf,
    target: Path,
    key: bytes,
    mark_of: MarkOf = lambda _index: b"",
) -> WrittenVersion:
    """Make a version of `rows` at `target`, encrypted with the 256-bit `key`. All rows or none.

    Without marks a row's tag is a plain digest of it: only for files that nothing is ever released from.

    Raises:
        IngestError: the delivery is unreadable, empty, has rows that break the description, or cannot be
            written (a full disk); `target` is then as it was.
    """
    checked = _RowCheck(description, index_of)
    stored = sorted(checked.stored(rows))
    if not stored:
        raise NoRowsError("The delivery has no rows. A version has at least one.")
    return write_version(description, _tagged(description, stored, mark_of), target=target, key=key)


class _RowCheck:
    """Reads every row, so that one delivery names all its first breaches together."""

    def __init__(self, description: DatasetDescription, index_of: IndexOf) -> None:
        self._description = description
        self._index_of = index_of
        self._breaches: list[Breach] = []
        self._more = False
        self._seen: set[object] = set()

    def stored(self, rows: Iterable[Row]) -> Iterator[StoredRow]:
        for row in rows:
            found = self._stored_row(row)
            if found is not None:
                yield found
        if self._breaches:
            raise RowsRefusedError(self._breaches, more=self._more)

    def _stored_row(self, row: Row) -> StoredRow | None:
        before = len(self._breaches)
        stored: list[int] = []
        if self._description.subject is not None:
            stored.append(self._subject_index(row, self._description.subject.column))
        for column in self._description.columns:
            value = row.values[column.name]
            try:
                if isinstance(value, str) and len(value) > LONGEST_VALUE:
                    raise NotInColumnError("is too long")
                stored.append(column.stored(value))
            except NotInColumnError as broken:
                self._note(row, column.name, str(broken))
        if len(self._breaches) > before or self._more:
            return None
        self._note_repeat(row, stored)
        return tuple(stored)

    def _subject_index(self, row: Row, column: str) -> int:
        value = row.values[column]
        if value is None or value == "" or isinstance(value, bool | float):
            self._note(row, column, "is not a subject's key")
            return -1
        try:
            index = self._index_of(str(value))
        except LookupError:
            self._note(row, column, "is not an enrolled subject")
            return -1
        if not 0 <= index < MOST_SUBJECTS:
            raise ValueError(f"A subject index is from 0 to {MOST_SUBJECTS - 1}.")
        return index

    def _note_repeat(self, row: Row, stored: list[int]) -> None:
        unique = self._description.one_row_per
        if unique is None:
            return
        if self._description.one_row_per_subject:
            found = stored[0]
        else:
            found = stored[self._description.place_of(unique) + self._description.personal]
        if found in self._seen:
            self._note(row, unique, "comes a second time")
        self._seen.add(found)

    def _note(self, row: Row, column: str, rule: str) -> None:
        if len(self._breaches) < MOST_BREACHES_NAMED:
            self._breaches.append(Breach(row.number, column, rule, row.counted))
        else:
            self._more = True


def _tagged(
    description: DatasetDescription, stored: list[StoredRow], mark_of: MarkOf
) -> Iterator[tuple[int, ...]]:
    if not description.personal:
        yield from stored
        return
    for subject, of_one_subject in groupby(stored, key=lambda row: row[0]):
        mark = mark_of(subject)
        for _, equal in groupby(of_one_subject):  # rows are sorted
            for ordinal, row in enumerate(equal):
                yield (subject, row_tag(mark, description.digest, row[1:], ordinal), *row[1:])


def row_tag(mark: bytes, dataset: bytes, values: tuple[int, ...], ordinal: int) -> int:
    """64 bits that stand for a subject's row: the same in every version of a dataset that has this row of hers.

    A keyed BLAKE2b over the stored values and `ordinal`, which counts her equal rows. Sets of rows are compared by the
    exclusive or of their tags: two different sets of a subject's rows agree by accident once in 2^64, and who does not
    have her mark cannot look for one.
    """
    content = ",".join(map(str, (*values, ordinal))).encode("ascii")
    return int.from_bytes(hashlib.blake2b(dataset + content, digest_size=TAG_BYTES, key=mark).digest())
