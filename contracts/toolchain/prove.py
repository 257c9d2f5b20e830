"""Run the fuzz and invariant tests of the contracts, and make sure that all of them ran.

python -m contracts.toolchain.prove             as CI does, from the seed in foundry.toml
python -m contracts.toolchain.prove --patient   many more runs, from a new seed that is printed

forge is content when it finds no test at all. So every forge test that INVARIANTS.md names must have passed.
"""

import argparse
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterable

from contracts.toolchain.compiler import CONTRACTS, TOOLCHAIN, ToolchainMissingError, require_toolchain

FORGE = TOOLCHAIN / "node_modules" / ".bin" / "forge"
PAGE = CONTRACTS / "INVARIANTS.md"
SUITE = re.compile(r"Ran \d+ tests? for [^:]+:(\w+)")
PASSED = re.compile(r"\[PASS\] (\w+)\(")
NAMED = re.compile(r"^ +`(\w+\.\w+)`$", re.MULTILINE)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m contracts.toolchain.prove",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--patient", action="store_true", help="many more runs, from a new seed")
    patient: bool = parser.parse_args(arguments).patient
    try:
        require_toolchain()
    except ToolchainMissingError as failure:
        print(failure, file=sys.stderr)
        return 1
    if not FORGE.exists():
        print("forge is not installed. Run: cd contracts/toolchain && npm ci", file=sys.stderr)
        return 1
    code, output = tested(patient=patient)
    unproved = sorted(named(PAGE.read_text("utf-8")) - passed(output))
    print(*(f"{name} did not pass" for name in unproved), sep="\n", file=sys.stderr)
    return 1 if code or unproved else 0


def tested(*, patient: bool) -> tuple[int, list[str]]:
    """Exit code and lines of `forge test`, which are printed as they come."""
    seed = ["--fuzz-seed", f"0x{secrets.token_hex(8)}"] if patient else []
    with subprocess.Popen(
        [FORGE, "test", *seed],
        cwd=CONTRACTS,
        env=os.environ | {"FOUNDRY_PROFILE": "prove" if patient else "default", "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as forge:
        lines: list[str] = []
        for line in forge.stdout or ():
            print(line, end="", flush=True)
            lines.append(line)
    return forge.returncode, lines


def named(page: str) -> set[str]:
    """The forge tests that the page names, as Contract.function."""
    return set(NAMED.findall(page))


def passed(lines: Iterable[str]) -> set[str]:
    """The tests that forge says have passed, as Contract.function."""
    names: set[str] = set()
    suite = ""
    for line in lines:
        if begun := SUITE.search(line):
            suite = begun[1]
        elif test := PASSED.search(line):
            names.add(f"{suite}.{test[1]}")
    return names


if __name__ == "__main__":
    sys.exit(main())
