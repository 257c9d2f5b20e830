"""Sets of subjects are the same set in Python, in storage and in the engine."""

import duckdb
from hypothesis import given
from hypothesis import strategies as st

from marketplace.analysis.subjects import (
    engine_bits,
    everybody,
    from_bytes,
    members,
    subject_set,
    to_bytes,
)

INDEXES = st.sets(st.integers(0, 3000), max_size=60)


@given(INDEXES)
def test_a_set_keeps_its_members(indexes: set[int]) -> None:
    found = subject_set(indexes)

    assert list(members(found)) == sorted(indexes)
    assert from_bytes(to_bytes(found)) == found
    assert found & everybody(3001) == found


def test_the_engine_finds_exactly_the_members() -> None:
    indexes = {0, 1, 7, 8, 15, 64, 99}
    query = "SELECT i FROM range(104) r(i) WHERE get_bit(?::BLOB::BIT, i::INTEGER) = 1 ORDER BY i"

    found = duckdb.connect().execute(query, [engine_bits(subject_set(indexes))]).fetchall()

    assert [index for (index,) in found] == sorted(indexes)
