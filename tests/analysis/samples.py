"""Routines over the made-up town, and their answers computed a second way: loops over Python's own rows."""

import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from marketplace.analysis.grid import Cell, Grid
from marketplace.analysis.routine import Routine, parse_routine
from tests.catalogue.samples import Journey, Resident, Town

BAND_BY_DISTRICT: dict[str, Any] = {
    "v": 1,
    "sources": ["residents", "journeys"],
    "joins": [{"left": "journeys", "right": "residents", "on": "subject"}],
    "measures": {
        "source": "journeys",
        "of": [{"kind": "rows"}, {"kind": "sum", "column": "minutes"}, {"kind": "people"}],
    },
    "dimensions": [
        {"source": "residents", "name": "age_band"},
        {"source": "residents", "name": "district"},
    ],
    "filters": [{"source": "journeys", "dimension": "transit", "in": ["public transport"]}],
}


def written(document: dict[str, Any]) -> Routine:
    return parse_routine(json.dumps(document).encode())


def recomputed(
    town: Town,
    allowed: set[str],
    labels: Callable[[Resident, Journey], tuple[str, ...] | None],
) -> dict[tuple[str, ...], tuple[int, int, int]]:
    """People, journeys and minutes by labels, over the journeys of those allowed; None leaves a journey out."""
    by_key = {resident.key: resident for resident in town.residents}
    found: dict[tuple[str, ...], list[Journey]] = defaultdict(list)
    for journey in town.journeys:
        at = labels(by_key[journey.key], journey) if journey.key in allowed else None
        if at is not None:
            found[at].append(journey)
    return {
        at: (len({j.key for j in journeys}), len(journeys), sum(j.minutes for j in journeys))
        for at, journeys in found.items()
    }


def by_labels(grid: Grid, cells: tuple[Cell, ...]) -> dict[tuple[str, ...], tuple[int, ...]]:
    return {
        tuple(d.labels[place] for d, place in zip(grid.dimensions, cell.at, strict=True)): cell.values
        for cell in cells
    }


def band_and_district(resident: Resident, journey: Journey) -> tuple[str, str] | None:
    if journey.mode not in ("bus", "tram"):
        return None
    band = resident.age // 20 * 20
    return f"{band}-{band + 19}", f"district {(resident.zone - 1) // 10 + 1}"
