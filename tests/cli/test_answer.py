"""An answer in a terminal says what its figures are, and why some are missing."""

from typing import Any

import pytest

from api.cli.answer import shown

HONESTY = {"label": "model", "sources": [{"dataset": "sport", "label": "model", "sentence": "Made up."}]}
BANDS = {"source": "sport", "name": "age_group", "grain": None, "labels": ["18-39", "40-64"]}
PLACES = {"source": "sport", "name": "district", "grain": None, "labels": ["north", "south"]}


def answer(
    dimensions: list[dict[str, Any]],
    cells: list[list[int] | None],
    total: list[int] | None,
    k: int | None = 5,
) -> str:
    return shown(
        {
            "k": k,
            "dimensions": dimensions,
            "measures": ["people", "sum of minutes"],
            "cells": cells,
            "total": total,
            "honesty": HONESTY,
        }
    )


def test_it_names_its_measures_its_total_its_honesty_and_the_dash() -> None:
    lines = answer([BANDS], [[6, 872], None], [12, 1880]).splitlines()
    assert lines[0] == "People, sum of minutes by age group"
    assert lines[1].endswith(" 6, 872")
    assert lines[2:] == [
        "  40-64  —",
        "In all: 12, 1,880",
        "Honestly: model. Made up.",
        "— fewer than 5 people, nobody, or hidden to protect such a group.",
    ]


def test_two_dimensions_are_grouped_by_the_first() -> None:
    lines = answer([BANDS, PLACES], [[6, 1], [7, 2], [8, 3], [9, 4]], [30, 10]).splitlines()
    assert [line.split()[0] for line in lines[1:7]] == ["18-39", "north", "south", "40-64", "north", "south"]


@pytest.mark.parametrize(("cells", "dashes"), [([[6, 1], [7, 2]], 0), ([[6, 1], None], 2)])
def test_what_is_not_about_people_speaks_of_none(cells: list[list[int] | None], dashes: int) -> None:
    told = answer([BANDS], cells, [13, 3], k=None)
    assert "None" not in told
    assert "people," not in told
    assert told.count("—") == dashes


def test_without_dimensions_there_is_the_total_alone() -> None:
    assert answer([], [[12, 1880]], [12, 1880]).splitlines() == [
        "People, sum of minutes",
        "In all: 12, 1,880",
        "Honestly: model. Made up.",
    ]
