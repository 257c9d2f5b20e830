"""An assessment in a terminal says yes and no, and per cent."""

import pytest

from api.cli.report import in_words, worded


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("active_consent", True, "yes"),
        ("second_decider", False, "no"),
        ("covered_share", 9_853, "98.53 %"),
        ("cells_below_k_share", 0, "0.00 %"),
        ("unique_people_share", 10_000, "100.00 %"),
        ("k", 10, "10"),
        ("cells_below_k", 3, "3"),
    ],
)
def test_a_figure_is_told_as_people_read_it(name: str, value: object, told: str) -> None:
    assert in_words(name, value) == told


def test_a_name_is_words() -> None:
    assert worded("second_decider") == "second decider"
