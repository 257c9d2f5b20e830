"""What a terminal shows of rows, however narrow it is."""

import io

import pytest
from rich.console import Console

from api.cli import terminal

COLUMNS = ("when (UTC)", "for what", "you were counted")
ROWS = [
    ("2026-11-25 23:57", "ImprovePublicServices", "yes"),
    ("2026-11-26 08:00", "ScientificResearch", "no"),
]


def shown(monkeypatch: pytest.MonkeyPatch, width: int) -> list[str]:
    written = io.StringIO()
    monkeypatch.setattr(terminal, "console", Console(file=written, width=width, highlight=False))
    terminal.table("Who used your data", COLUMNS, ROWS, empty="Nobody has.")
    return [line.rstrip() for line in written.getvalue().splitlines()]


def test_rows_stand_side_by_side_where_each_fits_on_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, 80) == [
        "Who used your data",
        "when (UTC)        for what               you were counted",
        "2026-11-25 23:57  ImprovePublicServices  yes",
        "2026-11-26 08:00  ScientificResearch     no",
    ]


def test_a_narrow_terminal_shows_each_cell_on_a_line_of_its_own_and_cuts_no_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert shown(monkeypatch, 56) == [
        "Who used your data",
        "",
        "when (UTC)        2026-11-25 23:57",
        "for what          ImprovePublicServices",
        "you were counted  yes",
        "",
        "when (UTC)        2026-11-26 08:00",
        "for what          ScientificResearch",
        "you were counted  no",
    ]
