"""What a run finds is what loops over the same rows find, for those who consent and nobody else."""

import copy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from marketplace.analysis.compiler import compile_routine, compile_subjects
from marketplace.analysis.runner import SourceInput, run
from marketplace.analysis.subjects import everybody, members, subject_set
from marketplace.catalogue.dimensions import Grain
from tests.analysis.samples import BAND_BY_DISTRICT, band_and_district, by_labels, recomputed, written
from tests.catalogue.samples import Journey, Resident, Town, build_meters


def answer(town: Town, document: dict[str, Any], subjects: int) -> dict[tuple[str, ...], tuple[int, ...]]:
    query = compile_routine(written(document), town.descriptions)
    names = [source.dataset for source in query.sources]
    return by_labels(query.grid, run(query, town.inputs(subjects, *names)).cells)


def test_a_join_of_csv_and_sql_agrees_with_loops_over_the_rows(town: Town) -> None:
    everyone = set(town.index)

    found = answer(town, BAND_BY_DISTRICT, everybody(len(everyone)))

    assert found == recomputed(town, everyone, band_and_district)
    assert len(found) > 15


def test_only_those_who_consent_are_in_the_answer(town: Town) -> None:
    consenting = {key for key, number in town.index.items() if number % 3}

    found = answer(town, BAND_BY_DISTRICT, subject_set(town.index[key] for key in consenting))

    assert found == recomputed(town, consenting, band_and_district)
    assert found != recomputed(town, set(town.index), band_and_district)


def test_one_revocation_takes_exactly_her_rows_out(town: Town) -> None:
    anna = next(j.key for j in town.journeys if j.mode == "bus")
    everyone = everybody(len(town.index))

    found = answer(town, BAND_BY_DISTRICT, everyone & ~(1 << town.index[anna]))

    assert found == recomputed(town, set(town.index) - {anna}, band_and_district)


def test_nobody_consents_and_the_answer_has_no_cells(town: Town) -> None:
    assert answer(town, BAND_BY_DISTRICT, 0) == {}


def test_a_consent_may_cover_one_source_and_not_the_other(town: Town) -> None:
    query = compile_routine(written(BAND_BY_DISTRICT), town.descriptions)
    first_half, odd = everybody(200), subject_set(range(1, 400, 2))
    inputs = {
        "residents": SourceInput(town.versions["residents"], first_half),
        "journeys": SourceInput(town.versions["journeys"], odd),
    }

    found = by_labels(query.grid, run(query, inputs).cells)

    both = {key for key, number in town.index.items() if number < 200 and number % 2}
    assert found == recomputed(town, both, band_and_district)


def test_contributors_are_those_whose_rows_were_measured(town: Town) -> None:
    query = compile_routine(written(BAND_BY_DISTRICT), town.descriptions)
    cells = run(query, town.inputs(everybody(400), "residents", "journeys")).cells
    residents = {resident.key: resident for resident in town.residents}
    expected: dict[tuple[str, ...], set[int]] = {}
    for journey in town.journeys:
        at = band_and_district(residents[journey.key], journey)
        if at is not None:
            expected.setdefault(at, set()).add(town.index[journey.key])

    found = {
        tuple(d.labels[p] for d, p in zip(query.grid.dimensions, cell.at, strict=True)): set(
            members(cell.contributions.subjects)
        )
        for cell in cells
    }

    assert found == expected


def test_the_whole_town_without_dimensions_is_one_cell(town: Town) -> None:
    document = copy.deepcopy(BAND_BY_DISTRICT) | {"dimensions": [], "filters": []}
    everyone = set(town.index)

    assert answer(town, document, everybody(400)) == recomputed(town, everyone, lambda r, j: ())


def test_runs_of_labels_filter_and_cut_the_grid(town: Town) -> None:
    document = copy.deepcopy(BAND_BY_DISTRICT) | {
        "dimensions": [{"source": "journeys", "name": "hour"}, {"source": "journeys", "name": "mode"}],
        "filters": [
            {"source": "journeys", "dimension": "hour", "from": "07", "to": "09"},
            {"source": "journeys", "dimension": "mode", "in": ["car", "tram"]},
            {"source": "residents", "dimension": "age_band", "from": "20-39", "to": "40-59"},
        ],
    }

    def kept(resident: Resident, journey: Journey) -> tuple[str, str] | None:
        if journey.hour not in (7, 8, 9) or journey.mode not in ("car", "tram"):
            return None
        return (f"{journey.hour:02}", journey.mode) if 20 <= resident.age <= 59 else None

    assert answer(town, document, everybody(400)) == recomputed(town, set(town.index), kept)


def test_a_public_table_is_joined_by_its_key(town: Town) -> None:
    document = copy.deepcopy(BAND_BY_DISTRICT) | {
        "sources": ["journeys", "zones"],
        "joins": [{"left": "journeys", "right": "zones", "on": ["to_zone", "zone"]}],
        "dimensions": [{"source": "zones", "name": "kind"}],
        "filters": [],
    }

    found = answer(town, document, everybody(400))

    assert found == recomputed(
        town, set(town.index), lambda r, j: ("centre" if j.to_zone <= 12 else "suburb",)
    )


def test_a_public_table_reached_through_a_person(town: Town) -> None:
    document = copy.deepcopy(BAND_BY_DISTRICT) | {
        "sources": ["journeys", "residents", "zones"],
        "joins": [
            {"left": "residents", "right": "zones", "on": ["home_zone", "zone"]},
            {"left": "journeys", "right": "residents", "on": "subject"},
        ],
        "dimensions": [{"source": "zones", "name": "kind"}],
        "filters": [],
    }

    # `zone` and `home_zone` mean the same numbers, which their descriptions say.
    found = answer(town, document, everybody(400))

    assert found == recomputed(town, set(town.index), lambda r, j: ("centre" if r.zone <= 12 else "suburb",))


def test_a_public_dataset_needs_no_subjects(town: Town) -> None:
    document = {
        "v": 1,
        "sources": ["zones"],
        "measures": {"source": "zones", "of": [{"kind": "rows"}, {"kind": "sum", "column": "stops"}]},
        "dimensions": [{"source": "zones", "name": "kind"}],
    }

    found = answer(town, document, 0)

    assert found == {
        ("centre",): (12, sum(zone % 7 for zone in range(1, 13))),
        ("suburb",): (28, sum(zone % 7 for zone in range(13, 41))),
    }


def test_the_same_run_gives_the_same_cells_in_the_grids_order(town: Town) -> None:
    query = compile_routine(written(BAND_BY_DISTRICT), town.descriptions)
    inputs = town.inputs(everybody(400), "residents", "journeys")

    one, other = run(query, inputs).cells, run(query, inputs).cells

    assert one == other
    assert [cell.at for cell in one] == sorted(cell.at for cell in one)


def test_a_population_is_found_by_its_bounds(town: Town) -> None:
    query = compile_subjects(town.descriptions["residents"], "age", 16, 40)

    [cell] = run(query, town.inputs(everybody(400), "residents")).cells

    assert set(members(cell.contributions.subjects)) == {
        town.index[resident.key] for resident in town.residents if 16 <= resident.age <= 40
    }


@pytest.fixture(scope="module")
def readings() -> list[dict[str, Any]]:
    first = datetime(2025, 12, 30, 22, 30, tzinfo=UTC)
    return [
        {"home": f"h{home:02}", "at": (first + timedelta(hours=7 * n)).isoformat(), "wh": home + n}
        for home in range(12)
        for n in range(100)
    ]


@pytest.mark.parametrize(
    ("grain", "pattern"),
    [
        (Grain.MONTH, "%Y-%m"),
        (Grain.DAY, "%Y-%m-%d"),
        (Grain.HOUR, "%Y-%m-%dT%H"),
        (Grain.DAY_OF_WEEK, "%A"),
        (Grain.HOUR_OF_DAY, "%H"),
    ],
)
def test_time_is_cut_as_the_calendar_cuts_it(
    tmp_path: Path, readings: list[dict[str, Any]], grain: Grain, pattern: str
) -> None:
    description, version = build_meters(tmp_path, readings)
    document = {
        "v": 1,
        "sources": ["meters"],
        "measures": {"source": "meters", "of": [{"kind": "sum", "column": "wh"}]},
        "dimensions": [{"source": "meters", "name": "at", "grain": grain.value}],
    }
    query = compile_routine(written(document), {"meters": description})
    expected: dict[tuple[str, ...], tuple[int, ...]] = {}
    for reading in readings:
        label = (datetime.fromisoformat(reading["at"]).strftime(pattern),)
        expected[label] = (expected.get(label, (0,))[0] + 1000 * reading["wh"],)

    found = run(query, {"meters": SourceInput(version, everybody(12))})

    assert by_labels(query.grid, found.cells) == expected
