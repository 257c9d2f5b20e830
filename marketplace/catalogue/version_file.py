"""A version's file: written, checked, read back by its owner, and rewritten without one subject."""

import errno
import hashlib
import json
import os
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ledger.durable import put_in_place
from marketplace.catalogue.columns import Column
from marketplace.catalogue.description import DatasetDescription
from marketplace.catalogue.private_files import PrivateFile, private_file
from marketplace.catalogue.sealed_file import (
    KEY_BYTES,
    SealBrokenError,
    WrongBindingError,
    seal,
    unseal_path,
)
from marketplace.catalogue.sources import IngestError

_BATCH = 10_000
_LARGEST_INTEGER = 2**31 - 1


class VersionCorruptedError(IngestError):
    """The file was changed or cut off, or the key is not its key."""

    code = "version_corrupted"


class VersionMismatchError(IngestError):
    """The file is whole, but was made under another description."""

    code = "version_mismatch"


class VersionNotWrittenError(IngestError):
    """There was no room or no right to write the file. What was there before is unchanged."""

    code = "version_not_written"


class SubjectNotInVersionError(IngestError):
    code = "subject_not_in_version"


@dataclass(frozen=True)
class WrittenVersion:
    """What is known of a version once it is on disk. `size` is the file's, in bytes."""

    rows: int
    subjects: int
    size: int


def write_version(
    description: DatasetDescription, rows: Iterable[tuple[int, ...]], *, target: Path, key: bytes
) -> WrittenVersion:
    """Write sorted rows (subject index, row tag, stored values; or stored values alone) to `target`."""
    with private_file() as plain, _engine() as engine:
        for row in rows:
            plain.stream.write((",".join(map(str, row)) + "\n").encode("ascii"))
        plain.stream.flush()
        columns = ", ".join(f"'{name}': '{kind}'" for name, kind in _layout(description))
        engine.execute(
            f"CREATE TABLE rows AS FROM read_csv('{plain.path}', header = false, delim = ',', "
            f"auto_detect = false, columns = {{{columns}}})"
        )
        return _sealed(engine, description, target, key)


def verify_version(description: DatasetDescription, path: Path, key: bytes) -> None:
    """Check that a version is whole, has this key, and belongs to this description.

    Raises:
        VersionCorruptedError, VersionMismatchError
    """
    with _opened(description, path, key):
        pass


def subject_digests(description: DatasetDescription, path: Path, key: bytes) -> Iterator[tuple[int, bytes]]:
    """For each subject of a version, by index ascending, the SHA-256 over her rows in their order.

    A row counts as the RFC 8785 bytes of an object with the described columns (categories as words, instants
    as text), followed by a line feed. A dataset that is not personal has one entry, index 0, over all rows.
    """
    with _opened(description, path, key) as (engine, source):
        index = "subject_index" if description.personal else "0"
        order = ", ".join(name for name, _ in _layout(description) if name != "row_tag")
        stored = ", ".join(f"c{place}" for place in range(len(description.columns)))
        query = f"SELECT {index}, {stored} FROM {source} ORDER BY {order}"  # noqa: S608 (all names are ours)
        cursor = engine.execute(query)
        current, hasher = -1, hashlib.sha256()
        while batch := cursor.fetchmany(_BATCH):
            for subject, *values in batch:
                if subject != current:
                    if current >= 0:
                        yield current, hasher.digest()
                    current, hasher = subject, hashlib.sha256()
                hasher.update(canonical_row(description.columns, values))
        if current >= 0:
            yield current, hasher.digest()


def canonical_row(columns: tuple[Column, ...], stored: list[int]) -> bytes:
    readable = {c.name: c.readable(value) for c, value in zip(columns, stored, strict=True)}
    # Equal to RFC 8785 here: names are ASCII and numbers are whole. A test compares the two.
    return json.dumps(readable, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def erase_subject(
    description: DatasetDescription, path: Path, key: bytes, *, subject: int, target: Path, new_key: bytes
) -> WrittenVersion:
    """Write the version again, to `target` and under `new_key`, without the rows of one subject.

    Every other subject's rows, and so her digest, stay what they were. Destroy the old key, and the rows are
    gone.

    Raises:
        SubjectNotInVersionError: nobody of that index has rows here.
        VersionCorruptedError, VersionMismatchError
    """
    if not description.personal:
        raise SubjectNotInVersionError("This dataset is not about persons: there is nobody to erase.")
    with _opened(description, path, key) as (engine, source):
        engine.execute(f"CREATE TABLE rows AS FROM {source} WHERE subject_index <> ?", [subject])
        if _count(engine, "count(*)", "rows") == _count(engine, "count(*)", source):
            raise SubjectNotInVersionError("No rows of this subject are in the version.")
        return _sealed(engine, description, target, new_key)


def _layout(description: DatasetDescription) -> list[tuple[str, str]]:
    """The columns of the file with their types, in the order rows are sorted by."""
    head = [("subject_index", "INTEGER"), ("row_tag", "UBIGINT")] if description.personal else []
    return head + [(f"c{place}", _width(column)) for place, column in enumerate(description.columns)]


def _width(column: Column) -> str:
    lowest, highest = column.range
    return "INTEGER" if lowest >= -_LARGEST_INTEGER and highest <= _LARGEST_INTEGER else "BIGINT"


def _count(engine: duckdb.DuckDBPyConnection, what: str, source: str) -> int:
    found = engine.execute(f"SELECT {what} FROM {source}").fetchone()  # noqa: S608 (all names are ours)
    assert found is not None
    return int(found[0])


def _sealed(
    engine: duckdb.DuckDBPyConnection, description: DatasetDescription, target: Path, key: bytes
) -> WrittenVersion:
    order = ", ".join(name for name, _ in _layout(description) if name != "row_tag")
    with private_file() as parquet:
        engine.execute(
            f"COPY (FROM rows ORDER BY {order}) TO '{parquet.path}' "
            "(FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)"
        )
        size = _written_whole(parquet, target, key, description.digest)
    subjects = _count(engine, "count(DISTINCT subject_index)", "rows") if description.personal else 0
    return WrittenVersion(rows=_count(engine, "count(*)", "rows"), subjects=subjects, size=size)


def _written_whole(plain: PrivateFile, target: Path, key: bytes, binding: bytes) -> int:
    """Write beside the target, then take its place: a crash leaves the old file or the new one."""
    if len(key) != KEY_BYTES:
        raise ValueError("A version's key has 32 bytes.")
    unfinished = target.with_name(target.name + ".unfinished")
    try:
        with open(unfinished, "wb", opener=_private) as sealed:
            plain.stream.seek(0)
            size = seal(plain.stream, sealed, key=key, binding=binding)
            sealed.flush()
            os.fsync(sealed.fileno())
        put_in_place(unfinished, target)
    except OSError as error:
        raise VersionNotWrittenError(
            f"The version's file cannot be written ({errno.errorcode.get(error.errno or 0, 'unknown')}). "
            "Make room or give the right to write, and deliver again."
        ) from None
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
    return size


def _private(path: str, flags: int) -> int:
    """How a file is opened that only its owner may read."""
    return os.open(path, flags, 0o600)


@contextmanager
def _opened(
    description: DatasetDescription, path: Path, key: bytes
) -> Generator[tuple[duckdb.DuckDBPyConnection, str]]:
    """An engine, and the SQL that names the version's rows in it."""
    with private_file() as plain, _engine() as engine:
        try:
            unseal_path(path, plain.stream, key=key, binding=description.digest)
        except SealBrokenError:
            raise VersionCorruptedError("The version was changed, cut off, or has another key.") from None
        except WrongBindingError:
            raise VersionMismatchError("The version was made under another description.") from None
        plain.stream.flush()
        yield engine, f"read_parquet('{plain.path}')"


@contextmanager
def _engine() -> Generator[duckdb.DuckDBPyConnection]:
    engine = duckdb.connect(
        ":memory:",
        config={
            "threads": "1",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "temp_directory": "",
            "memory_limit": "1GB",
        },
    )
    try:
        yield engine
    except duckdb.Error:
        # Its text may quote a row.
        raise VersionNotWrittenError(
            "The rows cannot be worked on: too little memory or room for them. Free some and try again."
        ) from None
    finally:
        engine.close()
