"""What each operation cost when somebody last looked, and the table of it.

python -m tests.contracts.gas_snapshot            measure and print; exit 1 when something moved by more than 2 %
python -m tests.contracts.gas_snapshot --write    also rewrite gas_snapshot.json and the table in docs/gas.md
"""

import argparse
import json
import sys
from pathlib import Path

from tests.contracts.gas import OPERATIONS, measured, stage_with
from tests.town import Town

SNAPSHOT = Path(__file__).with_name("gas_snapshot.json")
PAGE = Path(__file__).parents[2] / "docs" / "gas.md"
BEGIN, END = "<!-- operations -->\n", "<!-- end of operations -->"
TOLERANCE = 0.02
BUDGETS = {each.name: each.budget for each in OPERATIONS if each.budget is not None}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.contracts.gas_snapshot",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--write", action="store_true", help="rewrite the snapshot and the page")
    options = parser.parse_args(arguments)
    town = Town.found()
    with town.devnet, stage_with(town, 1) as stage:
        now = measured(stage)
    before = read()
    print(table(now))
    for name, gas in now.items():
        if name in before and before[name] != gas:
            print(f"{name}: {before[name]:,} -> {gas:,} ({gas / before[name] - 1:+.2%})")
    if options.write:
        write(now)
    moved = [name for name in now.keys() | before.keys() if has_moved(now.get(name), before.get(name))]
    return 1 if moved and not options.write else 0


def read() -> dict[str, int]:
    return json.loads(SNAPSHOT.read_text("utf-8")) if SNAPSHOT.exists() else {}


def write(gas: dict[str, int]) -> None:
    SNAPSHOT.write_text(json.dumps(gas, indent=2) + "\n", "utf-8")
    PAGE.write_text(page_with(PAGE.read_text("utf-8"), gas), "utf-8")


def has_moved(now: int | None, before: int | None) -> bool:
    """Whether two figures differ by more than 2 % of the earlier one, or one of them is missing."""
    return now is None or before is None or abs(now - before) > TOLERANCE * before


def table(gas: dict[str, int]) -> str:
    """A Markdown table of gas by operation, with the budget where there is one."""
    rows = [
        f"| {name} | {amount:,} | {f'{BUDGETS[name]:,}' if name in BUDGETS else ''} |"
        for name, amount in gas.items()
    ]
    return "\n".join(["| Operation | Gas | Budget |", "| --- | --: | --: |", *rows]) + "\n"


def page_with(page: str, gas: dict[str, int]) -> str:
    """The page with its table replaced."""
    head, rest = page.split(BEGIN)
    _, tail = rest.split(END)
    return f"{head}{BEGIN}{table(gas)}{END}{tail}"


if __name__ == "__main__":
    sys.exit(main())
