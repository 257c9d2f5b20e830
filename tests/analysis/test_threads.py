"""One digest, however many threads the engine has: orders and sums of whole numbers do not depend on them."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ledger.digests import canonical
from marketplace.analysis.compiler import CompiledQuery, compile_routine
from marketplace.analysis.runner import run
from marketplace.analysis.subjects import engine_bits, everybody
from marketplace.catalogue.sealed_file import unseal_path
from tests.analysis.samples import BAND_BY_DISTRICT, written
from tests.catalogue.samples import Town, build_town

PEOPLE = 5_000
SMALL_GROUPS = 2_048
"""Rows per row group, the engine's unit of parallel work: many of them, so that threads have something to share."""


@pytest.fixture(scope="module")
def large_town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return build_town(tmp_path_factory.mktemp("large"), PEOPLE)


@contextmanager
def engine_with(threads: int, town: Town, query: CompiledQuery, folder: Path) -> Iterator[Any]:
    """The engine over the same rows, in small groups, with as many threads as are wanted."""
    engine = duckdb.connect(config={"threads": threads})
    for number, source in enumerate(query.sources):
        version = town.versions[source.dataset]
        plain, small = folder / f"{number}.parquet", folder / f"{number}-{threads}.parquet"
        with plain.open("wb") as stream:
            unseal_path(version.path, stream, key=version.key, binding=source.description_digest)
        engine.execute(f"COPY (FROM '{plain}') TO '{small}' (FORMAT parquet, ROW_GROUP_SIZE {SMALL_GROUPS})")
        engine.execute(f"CREATE VIEW s{number} AS FROM read_parquet('{small}')")
    yield engine
    engine.close()


def digest_with(threads: int, town: Town, query: CompiledQuery, folder: Path) -> str:
    bits = engine_bits(everybody(PEOPLE))
    consents = {f"consent_{number}": bits for number, source in enumerate(query.sources) if source.personal}
    with engine_with(threads, town, query, folder) as engine:
        rows = engine.execute(query.sql, {**query.parameters, **consents}).fetchall()
    shown = [[str(value) for value in row] for row in rows]
    return sha256(canonical(shown)).hexdigest()


def test_the_compiled_query_gives_one_digest_at_any_number_of_threads(
    large_town: Town, tmp_path: Path
) -> None:
    query = compile_routine(written(BAND_BY_DISTRICT), large_town.descriptions)

    digests = {
        digest_with(threads, large_town, query, tmp_path) for threads in (1, 2, 4, 8) for _ in range(3)
    }

    assert len(digests) == 1


def test_the_locked_process_computes_what_eight_threads_do(large_town: Town, tmp_path: Path) -> None:
    query = compile_routine(written(BAND_BY_DISTRICT), large_town.descriptions)
    bits = engine_bits(everybody(PEOPLE))
    consents = {f"consent_{number}": bits for number, _ in enumerate(query.sources)}
    dimensions, measures = len(query.grid.dimensions), len(query.grid.measures)

    alone = run(query, large_town.inputs(everybody(PEOPLE), "residents", "journeys"))

    with engine_with(8, large_town, query, tmp_path) as engine:
        rows = engine.execute(query.sql, {**query.parameters, **consents}).fetchall()
    assert [(cell.at, cell.values) for cell in alone.cells] == [
        (row[:dimensions], row[dimensions : dimensions + measures]) for row in rows
    ]
