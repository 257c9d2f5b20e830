"""A routine has one canonical spelling, agrees with its schema, and must fit the datasets it names."""

import copy
import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.analysis.plan import (
    FilterError,
    GrainError,
    GridTooLargeError,
    JoinError,
    MeasureError,
    RoutineError,
    UnknownDatasetError,
    UnknownDimensionError,
    check,
    plan,
)
from marketplace.analysis.routine import parse_routine
from marketplace.catalogue.documents import (
    DocumentError,
    MissingFieldError,
    UnknownFieldError,
    ValueNotAllowedError,
    WrongTypeError,
)
from marketplace.errors import InvalidError
from tests.analysis.samples import BAND_BY_DISTRICT, written
from tests.catalogue.samples import JOURNEYS, METERS, RESIDENTS, ZONE_FACTS, described

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schemas/routine.schema.json").read_text("utf-8"))
DESCRIPTIONS = {d["name"]: described(d) for d in (RESIDENTS, JOURNEYS, METERS, ZONE_FACTS)}

Change = Callable[[dict[str, Any]], object]

BY_HOUR_OF_HOMES: dict[str, Any] = {
    "v": 1,
    "sources": ["meters"],
    "measures": {"source": "meters", "of": [{"kind": "sum", "column": "wh"}]},
    "dimensions": [{"source": "meters", "name": "at", "grain": "hour_of_day"}],
    "filters": [
        {"source": "meters", "dimension": "at", "grain": "day", "from": "2026-01-01", "to": "2026-01-31"}
    ],
}


def run_of(source: str, dimension: str, first: str = "other", last: str | None = None) -> dict[str, str]:
    return {"source": source, "dimension": dimension, "from": first, "to": last or first}


def with_source(routine: dict[str, Any], name: str, on: object) -> None:
    routine["sources"].append(name)
    routine["joins"].append({"left": "journeys", "right": name, "on": on})


def measured_by(routine: dict[str, Any], name: str) -> None:
    routine["measures"] = {"source": name, "of": [{"kind": "rows"}]}


def measured_over_public(routine: dict[str, Any]) -> None:
    """Residents of each zone, measured over the zones: then a cell would not know whose rows it has."""
    routine.update(
        sources=["zones", "residents"],
        joins=[{"left": "zones", "right": "residents", "on": "subject"}],
        measures={"source": "zones", "of": [{"kind": "people"}]},
        dimensions=[],
        filters=[],
    )


WRONG_SHAPES: list[tuple[str, type[DocumentError], Change]] = [
    ("an unknown field", UnknownFieldError, lambda r: r.update(sql="SELECT 1")),
    ("no sources", ValueNotAllowedError, lambda r: r.update(sources=[])),
    ("sources as text", WrongTypeError, lambda r: r.update(sources="residents")),
    ("a source with a quote", ValueNotAllowedError, lambda r: r.update(sources=['x" OR 1=1 --'])),
    ("no measures", MissingFieldError, lambda r: r.pop("measures")),
    ("no measure", ValueNotAllowedError, lambda r: r["measures"].update(of=[])),
    ("an average", ValueNotAllowedError, lambda r: r["measures"]["of"][0].update(kind="avg")),
    ("a sum of nothing", MissingFieldError, lambda r: r["measures"]["of"][1].pop("column")),
    ("rows of a column", ValueNotAllowedError, lambda r: r["measures"]["of"][0].update(column="minutes")),
    ("an expression", ValueNotAllowedError, lambda r: r["measures"]["of"][1].update(column="minutes*2;")),
    ("an unknown grain", ValueNotAllowedError, lambda r: r["dimensions"][0].update(grain="second")),
    ("a filter by nothing", MissingFieldError, lambda r: r["filters"][0].pop("in")),
    ("a filter by a number", WrongTypeError, lambda r: r["filters"][0].update({"in": [1]})),
    ("a filter two ways", ValueNotAllowedError, lambda r: r["filters"][0].update({"from": "a", "to": "b"})),
    ("an outer join", UnknownFieldError, lambda r: r["joins"][0].update(kind="left")),
    ("a join on text", WrongTypeError, lambda r: r["joins"][0].update(on="person_id")),
    ("seven sources", ValueNotAllowedError, lambda r: r.update(sources=[f"s{n}" for n in range(7)])),
]
DOES_NOT_FIT: list[tuple[str, type[RoutineError], Change]] = [
    ("a dataset that is not there", UnknownDatasetError, lambda r: r["sources"].append("homes")),
    ("a dimension's source left out", UnknownDatasetError, lambda r: r.update(sources=["journeys"])),
    (
        "a dimension that is not there",
        UnknownDimensionError,
        lambda r: r["dimensions"][0].update(name="age_group"),
    ),
    (
        "the subject as a dimension",
        UnknownDimensionError,
        lambda r: r["dimensions"][0].update(name="person_id"),
    ),
    ("a grain without time", GrainError, lambda r: r["dimensions"][0].update(grain="day")),
    ("a sum of a category", MeasureError, lambda r: r["measures"]["of"][1].update(column="mode")),
    ("a sum of an hour", MeasureError, lambda r: r["measures"]["of"][1].update(column="hour")),
    ("a sum of the subject", MeasureError, lambda r: r["measures"]["of"][1].update(column="person_id")),
    ("no join", JoinError, lambda r: r.update(joins=[])),
    ("the same join twice", JoinError, lambda r: r["joins"].append(r["joins"][0])),
    ("a source joined to itself", JoinError, lambda r: r["joins"][0].update(right="journeys")),
    ("persons measured over homes", JoinError, lambda r: with_source(r, "meters", "subject")),
    ("a join to a public column", JoinError, lambda r: with_source(r, "zones", ["to_zone", "stops"])),
    ("a join of unlike columns", JoinError, lambda r: with_source(r, "zones", ["minutes", "zone"])),
    (
        "a personal table joined by column",
        JoinError,
        lambda r: r["joins"][0].update(on=["to_zone", "home_zone"]),
    ),
    (
        "journeys doubled by residents",
        JoinError,
        lambda r: r["joins"][0].update(left="residents", right="journeys") or measured_by(r, "residents"),
    ),
    ("persons joined to what is public", JoinError, measured_over_public),
    (
        "a label outside the domain",
        FilterError,
        lambda r: r["filters"][0].update({"in": ["metro' OR '1'='1"]}),
    ),
    ("listed labels as a run", FilterError, lambda r: r.update(filters=[run_of("journeys", "transit")])),
    (
        "a run as listed labels",
        FilterError,
        lambda r: r.update(filters=[{"source": "journeys", "dimension": "hour", "in": ["08"]}]),
    ),
    (
        "a run that is not aligned",
        FilterError,
        lambda r: r.update(filters=[run_of("residents", "age_band", "16-99")]),
    ),
    (
        "a run that ends before it begins",
        FilterError,
        lambda r: r.update(filters=[run_of("residents", "age_band", "40-59", "0-19")]),
    ),
    (
        "a filter that keeps everything",
        FilterError,
        lambda r: r["filters"][0].update({"in": ["other", "public transport"]}),
    ),
    (
        "too many cells",
        GridTooLargeError,
        lambda r: r["dimensions"].extend(
            {"source": s, "name": n} for s, n in (("residents", "age"), ("journeys", "hour"))
        ),
    ),
]


def changed(change: Change) -> dict[str, Any]:
    document = copy.deepcopy(BAND_BY_DISTRICT)
    change(document)
    return document


@pytest.mark.parametrize("document", [BAND_BY_DISTRICT, BY_HOUR_OF_HOMES])
def test_a_routine_fits_its_datasets_and_its_schema(document: dict[str, Any]) -> None:
    check(written(document), DESCRIPTIONS)
    jsonschema.validate(document, SCHEMA)


@given(st.randoms(use_true_random=False))
def test_order_does_not_change_the_digest(chance: random.Random) -> None:
    document = copy.deepcopy(BAND_BY_DISTRICT)
    for items in (document["sources"], document["dimensions"], document["measures"]["of"]):
        chance.shuffle(items)
    fields = list(document.items())
    chance.shuffle(fields)

    assert written(dict(fields)).canonical == written(BAND_BY_DISTRICT).canonical


def test_a_label_listed_twice_means_what_it_means_once() -> None:
    twice = changed(lambda r: r["filters"][0].update({"in": ["public transport"] * 2}))

    assert written(twice).digest == written(BAND_BY_DISTRICT).digest


def test_an_absent_list_and_an_empty_one_mean_the_same() -> None:
    without = changed(lambda r: r.pop("filters"))

    assert written(without).digest == written(changed(lambda r: r.update(filters=[]))).digest


def test_canonical_bytes_are_read_as_the_same_routine() -> None:
    routine = written(BY_HOUR_OF_HOMES)

    assert parse_routine(routine.canonical) == routine


@pytest.mark.parametrize(("what", "error", "change"), WRONG_SHAPES, ids=[case[0] for case in WRONG_SHAPES])
def test_parser_and_schema_refuse_the_same_shapes(
    what: str, error: type[DocumentError], change: Change
) -> None:
    document = changed(change)

    with pytest.raises(error):
        written(document)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)


@pytest.mark.parametrize(("what", "error", "change"), DOES_NOT_FIT, ids=[case[0] for case in DOES_NOT_FIT])
def test_what_the_datasets_do_not_offer_is_refused_by_name(
    what: str, error: type[RoutineError], change: Change
) -> None:
    with pytest.raises(error):
        check(written(changed(change)), DESCRIPTIONS)


CHOICES: list[tuple[str, Change, str]] = [
    (
        "a source",
        lambda r: (
            r["sources"].append("rides")
            or r["joins"].append({"left": "journeys", "right": "rides", "on": "subject"})
        ),
        'source "rides" is no dataset. There are: "journeys", "meters", "residents", "zones".',
    ),
    (
        "a source of a dimension",
        lambda r: r["dimensions"][0].update(source="zones"),
        'uses "zones", which is no source of it. Its sources are: "journeys", "residents".',
    ),
    (
        "a measure",
        lambda r: r["measures"]["of"][1].update(kind="average"),
        "routine.measures.of[1].kind must be one of: people, rows, sum.",
    ),
    (
        "a column to sum",
        lambda r: r["measures"]["of"][1].update(column="mode"),
        'and "mode" is none. There are: "minutes", "to_zone".',
    ),
    (
        "a dimension",
        lambda r: r["dimensions"][1].update(name="borough"),
        '"residents" has no dimension "borough". It has: "age", "age_band", "sex", "zone", "district".',
    ),
    (
        "a grain that there is nowhere",
        lambda r: r["dimensions"][0].update(grain="week"),
        "grain must be one of: day, day_of_week, hour, hour_of_day, month.",
    ),
    (
        "a grain where there is no time",
        lambda r: r["dimensions"][0].update(grain="day"),
        "does not offer the grain day. It has no time, so leave the grain out.",
    ),
    (
        "a label",
        lambda r: r["filters"][0].update({"in": ["metro"]}),
        'has the label "metro", which is none of the dimension. There are: public transport, other.',
    ),
    (
        "a label in a run",
        lambda r: r.update(filters=[run_of("residents", "age", "20", "twenty")]),
        'has the label "twenty", which is none of the dimension. There are: 0, 1, 2, 3',
    ),
    (
        "labels where there is a run",
        lambda r: r.update(filters=[{"source": "journeys", "dimension": "hour", "in": ["08"]}]),
        'must be given as a run, "from" and "to". There are: 05, 06, 07',
    ),
    (
        "what to join on",
        lambda r: r["joins"][0].update(on="person"),
        'routine.joins[0].on must be "subject", or a list of two columns',
    ),
    (
        "a column to join on",
        lambda r: with_source(r, "zones", ["zone", "zone"]),
        '"journeys" has no column "zone" to be joined on. It has: "mode", "hour", "minutes", "to_zone".',
    ),
    (
        "a column that rows share",
        lambda r: with_source(r, "zones", ["to_zone", "stops"]),
        '"zones" may have several rows per "stops". It has one row per "zone".',
    ),
    (
        "whom a source is about",
        lambda r: with_source(r, "meters", "subject"),
        '"journeys" is about person, "meters" is about home.',
    ),
    ("a source left over", lambda r: r.update(joins=[]), 'measured source "journeys": "residents". Join it'),
    ("a field", lambda r: r.update(where="x"), 'Remove it; there may be: "dimensions", "filters", "joins"'),
]


@pytest.mark.parametrize(("what", "change", "told"), CHOICES, ids=[case[0] for case in CHOICES])
def test_a_mistake_in_a_routine_is_told_with_what_there_is_to_choose_from(
    what: str, change: Change, told: str
) -> None:
    with pytest.raises(InvalidError, match=re.escape(told)):
        check(written(changed(change)), DESCRIPTIONS)


def test_a_grain_that_a_dimension_does_not_offer_is_told_with_those_it_does() -> None:
    monthly = METERS | {"dimensions": [METERS["dimensions"][0] | {"grains": ["month", "day"]}]}

    with pytest.raises(GrainError, match=r"the grain hour_of_day. It offers: month, day."):
        check(written(BY_HOUR_OF_HOMES), {"meters": described(monthly)})


def test_every_mistake_in_a_routine_is_named_at_once() -> None:
    def wrong(r: dict[str, Any]) -> None:
        r["measures"]["of"][1].update(kind="average")
        r["dimensions"][0].update(grain="week")
        r["filters"][0].update({"in": [7]})
        r.pop("sources")

    with pytest.raises(DocumentError, match=r"There are 4 mistakes.*\(1\).*\(4\)"):
        written(changed(wrong))


def test_a_time_dimension_needs_one_of_its_grains() -> None:
    without = copy.deepcopy(BY_HOUR_OF_HOMES)
    del without["dimensions"][0]["grain"]

    with pytest.raises(GrainError, match="hour_of_day"):
        check(written(without), DESCRIPTIONS)


def test_people_cannot_be_counted_where_there_are_none() -> None:
    routine = written(
        {"v": 1, "sources": ["zones"], "measures": {"source": "zones", "of": [{"kind": "people"}]}}
    )

    with pytest.raises(MeasureError):
        check(routine, DESCRIPTIONS)


def test_labels_that_the_routine_filters_out_are_not_cells() -> None:
    january = changed(lambda r: r["filters"].append(run_of("residents", "age_band", "20-39", "60-79")))

    grid = plan(written(january), DESCRIPTIONS).grid

    assert grid.dimensions[0].labels == ("20-39", "40-59", "60-79")
