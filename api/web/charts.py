"""Bar charts for pages. What they show stands in a table beside them; what is not shown has a dashed outline alone."""

from collections.abc import Sequence
from dataclasses import dataclass

ROW = 24
WIDTH = 360
LABEL_WIDTH = 130
LONGEST_LABEL = 18
VALUE_WIDTH = 64


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    value: int | None
    """None: suppressed or empty, which look alike."""
    y: int
    length: int

    @property
    def shortened(self) -> str:
        return self.label if len(self.label) <= LONGEST_LABEL else f"{self.label[: LONGEST_LABEL - 1]}…"


@dataclass(frozen=True, slots=True)
class BarChart:
    bars: tuple[Bar, ...]
    width: int = WIDTH
    label_width: int = LABEL_WIDTH
    row: int = ROW

    @property
    def height(self) -> int:
        return len(self.bars) * ROW


def bar_chart(values: Sequence[tuple[str, int | None]]) -> BarChart:
    """One bar per label, as long as its share of the largest. Values below zero have no bar."""
    largest = max((value for _, value in values if value is not None), default=0)
    longest = WIDTH - LABEL_WIDTH - VALUE_WIDTH
    return BarChart(
        tuple(
            Bar(label, value, number * ROW, max(0, (value or 0) * longest // largest) if largest > 0 else 0)
            for number, (label, value) in enumerate(values)
        )
    )
