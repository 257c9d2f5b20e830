"""An answer in a terminal: what is counted, bars with a dash where a figure is not shown, and how honest it is."""

import itertools
from typing import Any

WIDTH = 26
FULL = "█"
PARTS = " ▏▎▍▌▋▊▉"
HIDDEN = "—"


def shown(result: dict[str, Any]) -> str:
    """An answer's figures, grouped by all but the last dimension, with its total, its legend and its honesty label."""
    dimensions, cells = result["dimensions"], result["cells"]
    lines = [heading(result)]
    largest = max((cell[0] for cell in cells if cell is not None), default=1)
    places = itertools.product(*(dimension["labels"] for dimension in dimensions)) if dimensions else []
    last_group: tuple[str, ...] = ()
    for (*group, label), cell in zip(places, cells, strict=False):
        if tuple(group) != last_group:
            last_group = tuple(group)
            lines.append(", ".join(group))
        lines.append(f"  {label}  {figure(cell, largest)}")
    lines.append(f"In all: {figure(result['total'])}")
    lines += [f"Honestly: {one['label']}. {one['sentence']}" for one in result["honesty"]["sources"]]
    if None in [*cells, result["total"]]:
        why = "nothing was counted"
        if result["k"] is not None:
            why = f"fewer than {result['k']} people, nobody, or hidden to protect such a group"
        lines.append(f"{HIDDEN} {why}.")
    return "\n".join(lines)


def heading(result: dict[str, Any]) -> str:
    measures = ", ".join(result["measures"])
    by = " and ".join(dimension["name"].replace("_", " ") for dimension in result["dimensions"])
    return f"{measures.capitalize()}{f' by {by}' if by else ''}"


def figure(values: list[int] | None, largest: int | None = None) -> str:
    """Values in the order of the measures; with a bar for the first one where the largest is named."""
    if values is None:
        return HIDDEN
    numbers = ", ".join(f"{value:,}" for value in values)
    return numbers if largest is None else f"{bar(values[0], largest)}{numbers}"


def bar(value: int, largest: int) -> str:
    eighths = round(value / largest * WIDTH * 8) if largest else 0
    drawn = f"{FULL * (eighths // 8)}{PARTS[eighths % 8].strip()}"
    return f"{drawn} " if drawn else ""
