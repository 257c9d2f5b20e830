"""docs/cli.md tells every command, option and exit code as they are."""

import subprocess
import sys
from pathlib import Path

import pytest

from api.cli.later import everything
from api.cli.reference import TARGET
from api.cli.refusing import MEANINGS, Exit

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / TARGET).read_text("utf-8")


def test_the_page_is_what_the_commands_say() -> None:
    """In a process of its own: here, tests have made errors that no command answers with."""
    made = subprocess.run(
        [sys.executable, "-c", "from api.cli.reference import reference; print(reference(), end='')"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert made.stdout == GUIDE, "Run `python -m api.cli.reference --write`."


def commands() -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for name, one in everything().items():
        inside = getattr(one, "commands", {"": one})
        found += [(" ".join(f"stoa {name} {each}".split()), command) for each, command in inside.items()]
    return found


@pytest.mark.parametrize(("path", "command"), commands(), ids=[path for path, _ in commands()])
def test_every_command_is_told_with_an_example_of_itself(path: str, command: object) -> None:
    assert f"### `{path}" in GUIDE
    assert getattr(command, "help", None)
    epilog = getattr(command, "epilog", None)
    assert epilog, "It has no example."
    assert epilog.startswith("Example: ")
    assert path.removeprefix("stoa ") in epilog


def test_every_exit_code_means_something() -> None:
    assert set(MEANINGS) == set(Exit)
