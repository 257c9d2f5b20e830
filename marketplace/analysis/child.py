"""The worker process of one run: reads an order from standard input, answers on standard output, and ends.

It gets paths, keys, bitmaps and one compiled query, and knows nothing else: no settings, no database, no ledger.
Whatever goes wrong, it answers a code of its own; what the engine says stays inside, for it may quote a row.

It imports only what it needs, and all of it before it locks itself in.
"""

import gc
import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import duckdb

from marketplace.analysis import cage
from marketplace.catalogue.private_files import PrivateFile, private_file
from marketplace.catalogue.sealed_file import SealBrokenError, WrongBindingError, unseal_path

LARGEST_ANSWER = 256 * 1024 * 1024
LARGEST_NUMBER = 2**53 - 1


class NotAnswerableError(Exception):
    """Ends the run with a code that the runner knows."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def main() -> None:
    answer = _answered(sys.stdin.buffer.read())
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()
    # Nothing of the interpreter's end may write, wait, or complain.
    os._exit(0)


def _answered(order: bytes) -> bytes:
    try:
        return _encoded(_run(json.loads(order)))
    except NotAnswerableError as refused:
        code = refused.code
    except (MemoryError, duckdb.OutOfMemoryException):
        code = "run_out_of_memory"
    except Exception:  # its text may quote a row
        code = "run_failed"
    return _encoded({"error": code})


def _run(order: dict[str, Any]) -> dict[str, Any]:
    limits = order["limits"]
    layers = cage.leave_network()
    layers += cage.limit(cpu_seconds=limits["cpu_seconds"], address_space_bytes=limits["address_space_bytes"])
    with ExitStack() as files:
        opened = [_opened(files, source) for source in order["sources"]]
        layers += cage.drop_privileges()
        layers += cage.refuse_writing_and_talking()
        engine = _locked_engine([plain.path for plain in opened], limits["engine_memory_bytes"])
        layers.append("locked_engine")
        cells = _cells(engine, order)
    return {"cells": cells, "layers": layers}


def _opened(files: ExitStack, source: dict[str, Any]) -> PrivateFile:
    """The plain Parquet file of a version, in memory and read-only from here on."""
    plain = files.enter_context(private_file())
    try:
        unseal_path(
            Path(source["path"]),
            plain.stream,
            key=bytes.fromhex(source.pop("key")),
            binding=bytes.fromhex(source["binding"]),
        )
    except (SealBrokenError, FileNotFoundError):
        raise NotAnswerableError("version_corrupted") from None
    except WrongBindingError:
        raise NotAnswerableError("version_mismatch") from None
    plain.freeze()
    return plain


def _locked_engine(paths: list[str], memory_bytes: int) -> duckdb.DuckDBPyConnection:
    engine = duckdb.connect(
        ":memory:",
        config={
            "threads": "1",
            "memory_limit": f"{memory_bytes // 1_000_000}MB",
            "temp_directory": "",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "allow_persistent_secrets": "false",
            "python_enable_replacements": "false",
        },
    )
    for number, path in enumerate(paths):
        engine.execute(f"CREATE VIEW s{number} AS FROM read_parquet('{path}')")
    allowed = ", ".join(f"'{path}'" for path in paths)
    engine.execute(f"SET allowed_paths = [{allowed}]")
    engine.execute("SET enable_external_access = false")
    engine.execute("SET lock_configuration = true")
    return engine


def _cells(engine: duckdb.DuckDBPyConnection, order: dict[str, Any]) -> list[dict[str, Any]]:
    bound: dict[str, Any] = dict(order["parameters"])
    for number, source in enumerate(order["sources"]):
        if source["subjects"] is not None:
            bound[f"consent_{number}"] = _padded(engine, number, bytes.fromhex(source["subjects"]))
    dimensions, measures, personal = order["dimensions"], order["measures"], order["personal"]
    found: list[dict[str, Any]] = []
    size = 0
    cursor = engine.execute(order["sql"], bound)
    gc.disable()
    while row := cursor.fetchone():
        cell: dict[str, Any] = {
            "at": list(row[:dimensions]),
            "values": [_exact(value) for value in row[dimensions : dimensions + measures]],
        }
        if personal:
            cell["subjects"] = row[-2]
            cell["tags"] = "".join(f"{tag:016x}" for tag in row[-1])
            size += 24 * len(row[-2])
        size += 64
        if size > LARGEST_ANSWER:
            raise NotAnswerableError("run_result_too_large")
        found.append(cell)
    return found


def _padded(engine: duckdb.DuckDBPyConnection, number: int, bits: bytes) -> bytes:
    """As many bits as the version has subject indexes: one that the set does not name has not consented."""
    highest = engine.execute(f"SELECT max(subject_index) FROM s{number}").fetchone()  # noqa: S608
    assert highest is not None
    return bits.ljust((highest[0] or 0) // 8 + 1, b"\0")


def _exact(value: int) -> int:
    if abs(value) > LARGEST_NUMBER:
        raise NotAnswerableError("run_number_too_large")
    return int(value)


def _encoded(answer: dict[str, Any]) -> bytes:
    """RFC 8785 bytes, for there are only ASCII texts and whole numbers."""
    return json.dumps(answer, sort_keys=True, separators=(",", ":")).encode("ascii")


if __name__ == "__main__":
    main()
