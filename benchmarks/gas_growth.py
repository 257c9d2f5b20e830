"""What each operation costs in a small and in a large city: `python -m benchmarks.gas_growth`.

Measures every operation of `tests/contracts/gas.py` where 1, 100 and 10,000 consents, licences and orders exist, all
of them for one use case, one tariff and one buyer, put there by transactions. Prints a Markdown table, widest
difference first; exits with 1 when an operation grew by more than 200 gas. 10,000 take some minutes.
"""

import argparse
import sys
import time

from tests.contracts.gas import ALLOWED_GROWTH, measured, stage_with
from tests.town import Town

SIZES = (1, 100, 10_000)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES, help="how many of each exist")
    sizes: tuple[int, ...] = tuple(parser.parse_args().sizes)
    gas = {size: measured_with(size) for size in sizes}
    growth = {
        name: max(gas[size][name] for size in sizes) - min(gas[size][name] for size in sizes)
        for name in gas[sizes[0]]
    }
    print("| Operation | " + " | ".join(f"{size:,}" for size in sizes) + " | Widest difference |")
    print("| --- |" + " --: |" * (len(sizes) + 1))
    for name in sorted(growth, key=growth.__getitem__, reverse=True):
        figures = " | ".join(f"{gas[size][name]:,}" for size in sizes)
        print(f"| {name} | {figures} | {growth[name]} |")
    return 1 if max(growth.values()) > ALLOWED_GROWTH else 0


def measured_with(size: int) -> dict[str, int]:
    """Gas by operation where so many consents, licences and orders exist."""
    started = time.monotonic()
    town = Town.found()
    with town.devnet, stage_with(town, size) as stage:
        filled = time.monotonic()
        gas = measured(stage)
    print(
        f"{size:,}: filled in {filled - started:.0f} s, measured in {time.monotonic() - filled:.0f} s",
        file=sys.stderr,
    )
    return gas


if __name__ == "__main__":
    sys.exit(main())
