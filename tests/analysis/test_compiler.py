"""Nothing of a document is in the SQL: names are generated, values are bound, hostile texts are only texts."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.analysis.compiler import compile_routine
from marketplace.analysis.plan import RoutineError
from marketplace.analysis.routine import parse_routine
from marketplace.analysis.runner import SourceInput, VersionFile, run
from marketplace.analysis.subjects import everybody
from marketplace.catalogue.documents import DocumentError
from marketplace.catalogue.ingest import ingest
from marketplace.catalogue.sources import Row
from tests.analysis.samples import BAND_BY_DISTRICT, by_labels, written
from tests.catalogue.samples import JOURNEYS, KEY, METERS, RESIDENTS, ZONE_FACTS, described

DESCRIPTIONS = {d["name"]: described(d) for d in (RESIDENTS, JOURNEYS, METERS, ZONE_FACTS)}

OUR_WORDS = re.compile(
    r"(?:[dmsct]\d+|t\d+\.[kv]|[kv]|s\d+\.c\d+|s\d+\.subject_index|s0\.row_tag|\$p\d+|\$consent_\d+|\d+|subject|tag|one|"
    r"SELECT|FROM|WHERE|AND|AS|JOIN|ON|GROUP|ORDER|BY|HAVING|BETWEEN|BIT|BIGINT|INTEGER|"
    r"count|sum|list|bit_xor|get_bit|unnest|range|list_contains|list_position|make_timestamp|year|month)"
)

HOSTILE = [
    "'; DROP TABLE s0; --",
    "' OR '1'='1",
    "x') UNION SELECT list(subject_index) FROM s0 --",
    "\"; ATTACH 'leak.db'; --",
    "$1",
    "$consent_0",
    "?",
    "%s",
    "{0}",
    "\\'; --",
    "/* */ 1",
    "s0.subject_index",
    "read_text('/etc/passwd')",
    "1e400",
    "NULL",
    "a b",
    "ﬀ",
    "💥",
]


def assert_ours(sql: str) -> None:
    """Every word of the SQL is one of the compiler's own."""
    words = re.findall(r"[^\s,()=*/+\-:%>\[\]]+", sql)
    assert not [word for word in words if not OUR_WORDS.fullmatch(word)]


def test_the_compiled_query_is_made_of_our_words_only() -> None:
    assert_ours(compile_routine(written(BAND_BY_DISTRICT), DESCRIPTIONS).sql)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    "place",
    [
        ("sources", 0),
        ("joins", 0, "left"),
        ("joins", 0, "on"),
        ("measures", "source"),
        ("measures", "of", 1, "column"),
        ("measures", "of", 0, "kind"),
        ("dimensions", 0, "name"),
        ("dimensions", 0, "source"),
        ("filters", 0, "dimension"),
        ("filters", 0, "in", 0),
    ],
    ids=lambda place: ".".join(map(str, place)),
)
def test_hostile_text_in_a_routine_is_refused_by_name(place: tuple[str | int, ...], text: str) -> None:
    document: Any = copy.deepcopy(BAND_BY_DISTRICT)
    inner = document
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = text

    with pytest.raises((DocumentError, RoutineError)) as refused:
        compile_routine(written(document), DESCRIPTIONS)

    assert refused.value.code.startswith(("document_", "routine_"))


def test_hostile_words_in_a_domain_are_only_words(tmp_path: Path) -> None:
    words = [text for text in HOSTILE if text.isprintable()]
    document: dict[str, Any] = copy.deepcopy(JOURNEYS)
    document["columns"][0]["domain"] = words
    document["dimensions"] = [document["dimensions"][0]]
    description = described(document)
    version = VersionFile(tmp_path / "v", KEY)
    rows = [
        Row(n, {"person_id": "anna", "mode": word, "hour": 7, "minutes": n, "to_zone": 1})
        for n, word in enumerate(words)
    ]
    ingest(description, rows, index_of=lambda _: 0, target=version.path, key=KEY)
    routine = written(
        {
            "v": 1,
            "sources": ["journeys"],
            "measures": {"source": "journeys", "of": [{"kind": "sum", "column": "minutes"}]},
            "dimensions": [{"source": "journeys", "name": "mode"}],
            "filters": [{"source": "journeys", "dimension": "mode", "in": words[1:]}],
        }
    )

    query = compile_routine(routine, {"journeys": description})
    found = run(query, {"journeys": SourceInput(version, everybody(1))})

    assert_ours(query.sql)
    assert by_labels(query.grid, found.cells) == {(word,): (n,) for n, word in enumerate(words) if n}


NAMES = st.sampled_from(
    [
        "residents",
        "journeys",
        "meters",
        "zones",
        "age_band",
        "district",
        "mode",
        "hour",
        "at",
        "minutes",
        "wh",
    ]
) | st.sampled_from(HOSTILE)
LABELS = st.lists(NAMES | st.sampled_from(["bus", "0-19", "07", "2026-01"]), max_size=3)
GRAINS = st.sampled_from(["day", "month", "hour_of_day", "second"])
ROUTINES = st.fixed_dictionaries(
    {
        "v": st.just(1),
        "sources": st.lists(NAMES, min_size=1, max_size=3),
        "measures": st.fixed_dictionaries(
            {
                "source": NAMES,
                "of": st.lists(
                    st.sampled_from([{"kind": "rows"}, {"kind": "people"}])
                    | st.fixed_dictionaries({"kind": st.just("sum"), "column": NAMES}),
                    min_size=1,
                    max_size=3,
                ),
            }
        ),
    },
    optional={
        "joins": st.lists(
            st.fixed_dictionaries({"left": NAMES, "right": NAMES, "on": st.just("subject")}), max_size=2
        ),
        "dimensions": st.lists(
            st.fixed_dictionaries({"source": NAMES, "name": NAMES}, optional={"grain": GRAINS}), max_size=3
        ),
        "filters": st.lists(
            st.fixed_dictionaries(
                {"source": NAMES, "dimension": NAMES, "in": LABELS}, optional={"grain": GRAINS}
            )
            | st.fixed_dictionaries({"source": NAMES, "dimension": NAMES, "from": NAMES, "to": NAMES}),
            max_size=2,
        ),
    },
)


@settings(max_examples=400)
@given(ROUTINES)
def test_any_routine_is_refused_by_name_or_compiled_in_our_words(document: dict[str, Any]) -> None:
    try:
        query = compile_routine(parse_routine(json.dumps(document).encode()), DESCRIPTIONS)
    except (DocumentError, RoutineError):
        return
    assert_ours(query.sql)
