"""A result as bars in a terminal, with its table's empty places and its honesty label."""

from typing import Any

WIDTH = 26
FULL = "█"
PARTS = " ▏▎▍▌▋▊▉"
HIDDEN = "—"


def chart(result: dict[str, Any]) -> str:
    """Bars over the last dimension, one block per label of the first; a figure that is not shown is a dash."""
    first, last = (dimension["labels"] for dimension in result["dimensions"])
    cells = result["cells"]
    largest = max((cell[0] for cell in cells if cell is not None), default=1)
    lines: list[str] = []
    for row, group in enumerate(first):
        lines.append(f"{group}")
        for column, label in enumerate(last):
            cell = cells[row * len(last) + column]
            lines.append(f"  {label}  {HIDDEN if cell is None else bar(cell[0], largest)}")
    honesty = result["honesty"]
    lines.append(f"Honestly: {honesty['label']}. {honesty['sources'][0]['sentence']}")
    lines.append(f"{HIDDEN} fewer than {result['k']} people, nobody, or hidden to protect such a group.")
    return "\n".join(lines)


def bar(value: int, largest: int) -> str:
    eighths = round(value / largest * WIDTH * 8)
    return f"{FULL * (eighths // 8)}{PARTS[eighths % 8].strip()} {value:,}"
