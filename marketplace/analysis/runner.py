"""Running a compiled query where it can do no harm: in a process of its own, without a network, for one answer.

The parent starts `marketplace.analysis.child` with an empty environment, hands it the order on standard input
(a key on a command line or in an environment could be read by others), and kills it when its time is up.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from marketplace.analysis.compiler import CompiledQuery, CompiledSource
from marketplace.analysis.grid import NO_CONTRIBUTIONS, Cell, Contributions
from marketplace.analysis.subjects import SubjectSet, engine_bits, subject_set
from marketplace.errors import UnavailableError

# -I lets the child import from the standard places only; our own package may lie elsewhere.
_OUR_PLACE = str(Path(__file__).resolve().parents[2])
_START = "import sys; sys.path.append(sys.argv[1]); import marketplace.analysis.child as c; c.main()"


class RunError(UnavailableError):
    """A run gave no answer. The message is one of ours, whatever the engine said."""

    code = "run_failed"
    sentence = "The run failed. Nothing of it is kept; it may be tried again."

    def __init__(self) -> None:
        super().__init__(self.sentence)


class RunTimeoutError(RunError):
    code = "run_timeout"
    sentence = "The run took longer than it may. Choose fewer cells or raise the limit."


class RunOutOfMemoryError(RunError):
    code = "run_out_of_memory"
    sentence = "The run needed more memory than it may. Choose fewer cells or raise the limit."


class RunResultTooLargeError(RunError):
    code = "run_result_too_large"
    sentence = "The answer is too large. Choose fewer cells."


class RunNumberTooLargeError(RunError):
    code = "run_number_too_large"
    sentence = "A sum is above 2^53 - 1. Measure in a larger unit."


class RunVersionCorruptedError(RunError):
    code = "version_corrupted"
    sentence = "A version's file is missing, was changed, or has another key. Restore it or publish it again."


class RunVersionMismatchError(RunError):
    code = "version_mismatch"
    sentence = "A version was made under another description than the routine was checked against."


_ERRORS = {
    error.code: error
    for error in (
        RunTimeoutError,
        RunOutOfMemoryError,
        RunResultTooLargeError,
        RunNumberTooLargeError,
        RunVersionCorruptedError,
        RunVersionMismatchError,
    )
}


@dataclass(frozen=True, repr=False)
class VersionFile:
    """An encrypted version on disk and its 256-bit key. It does not print."""

    path: Path
    key: bytes


@dataclass(frozen=True, repr=False)
class SourceInput:
    """A version to read, and whose rows of it may be used (None for a dataset that is not personal)."""

    version: VersionFile
    subjects: SubjectSet | None


@dataclass(frozen=True)
class Limits:
    """What one run may take. The engine's memory is part of the address space, and well below it."""

    wall_seconds: float = 60
    cpu_seconds: int = 60
    address_space_bytes: int = 2 * 1024**3
    engine_memory_bytes: int = 512 * 1024**2


@dataclass(frozen=True)
class Run:
    """The cells that have rows, in the grid's order, and the protections that stood while they were computed."""

    cells: tuple[Cell, ...]
    layers: tuple[str, ...]


def run(query: CompiledQuery, inputs: Mapping[str, SourceInput], limits: Limits | None = None) -> Run:
    """Run a compiled query over these versions, one input for each of its sources.

    Raises:
        ValueError: an input is missing, or says nothing about subjects where there are some.
        RunError: one of its subclasses; nothing of the run is left behind.
    """
    limits = limits or Limits()
    order = {
        "sql": query.sql,
        "parameters": query.parameters,
        "sources": [_source(source, inputs) for source in query.sources],
        "dimensions": len(query.grid.dimensions),
        "measures": len(query.grid.measures),
        "personal": query.personal,
        "limits": {
            "cpu_seconds": limits.cpu_seconds,
            "address_space_bytes": limits.address_space_bytes,
            "engine_memory_bytes": limits.engine_memory_bytes,
        },
    }
    answer = _answer(json.dumps(order).encode(), limits.wall_seconds)
    if "error" in answer:
        raise _ERRORS.get(answer["error"], RunError)()
    return Run(
        cells=tuple(_cell(cell) for cell in answer["cells"]),
        layers=(*answer["layers"], "watchdog"),
    )


def _source(source: CompiledSource, inputs: Mapping[str, SourceInput]) -> dict[str, Any]:
    if source.dataset not in inputs:
        raise ValueError(f'The run lacks a version of "{source.dataset}".')
    given = inputs[source.dataset]
    if source.personal != (given.subjects is not None):
        raise ValueError(f'Subjects go with personal datasets only; see the input of "{source.dataset}".')
    return {
        "path": str(given.version.path.absolute()),
        "key": given.version.key.hex(),
        "binding": source.description_digest.hex(),
        "subjects": None if given.subjects is None else engine_bits(given.subjects).hex(),
    }


def _answer(order: bytes, wall_seconds: float) -> dict[str, Any]:
    child = subprocess.Popen(
        [sys.executable, "-I", "-B", "-c", _START, _OUR_PLACE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={"LC_ALL": "C.UTF-8"},
        close_fds=True,
        start_new_session=True,
    )
    with child:
        try:
            answer, _ = child.communicate(order, timeout=wall_seconds)
        except subprocess.TimeoutExpired:
            raise RunTimeoutError from None
        finally:
            child.kill()
    if child.returncode == -signal.SIGXCPU:
        raise RunTimeoutError
    if child.returncode == -signal.SIGKILL:
        raise RunOutOfMemoryError  # not killed by us: the system was short of memory
    if child.returncode != 0:
        raise RunError
    return _parsed(answer)


def _parsed(answer: bytes) -> dict[str, Any]:
    try:
        found: object = json.loads(answer)
    except ValueError:
        raise RunError from None
    if not isinstance(found, dict):
        raise RunError
    return cast(dict[str, Any], found)


def _cell(found: dict[str, Any]) -> Cell:
    contributions = NO_CONTRIBUTIONS
    if "subjects" in found:
        tags = bytes.fromhex(found["tags"])
        contributions = Contributions(
            subject_set(found["subjects"]),
            tuple(int.from_bytes(tags[start : start + 8]) for start in range(0, len(tags), 8)),
        )
    return Cell(tuple(found["at"]), tuple(found["values"]), contributions)
