"""The guide from one's own CSV to a first answer, run out of the docs as it stands, in a city opened for it."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.processes import free_port
from tests.cli.command import STOA, serving

pytestmark = pytest.mark.e2e

DOC = Path(__file__).parents[2] / "docs" / "own-data.md"
PATIENCE = 900
"""Seconds for some fifty commands, of which a dozen wait for the ledger."""
BLOCK = re.compile(r"<!-- own-data: (run|file (\S+)) -->\n```\w*\n(.*?)```", re.DOTALL)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "my-city"
    home.mkdir()
    addresses = {name: f"http://127.0.0.1:{free_port(0)}" for name in ("node", "registrar", "public")}
    (home / "settings.json").write_text(json.dumps(addresses))
    with serving(home, "serve", "--name", "My City", until="Ctrl-C stops it."):
        yield home


def test_the_guide_leads_from_a_csv_to_an_answer_that_the_auditor_confirms(
    home: Path, tmp_path: Path
) -> None:
    environment = {**os.environ, "STOA_HOME": str(home), "PATH": f"{STOA.parent}:{os.environ['PATH']}"}
    commands: list[str] = []
    for kind, file, content in BLOCK.findall(DOC.read_text("utf-8")):
        if kind == "run":
            commands.append(content)
        else:
            (tmp_path / file).write_text(content)

    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", "".join(commands)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    said = " ".join(done.stdout.split())
    assert "Use case 1 is allowed." in said
    for hour, bicycles in (("07", "120"), ("08", "605"), ("17", "280")):
        assert re.search(rf" {hour} [█▏▎▍▌▋▊▉]+ {bicycles} ", said), said
    assert "09 —" in said
    assert "In all: 1,005" in said
    assert "Everything was checked, and everything holds." in said

    assert "Of the register's 13 keys of kind person, no delivered dataset knows 1:" in said
    assert "Use case 2 is applied." in said
    assert "Use case 2 is allowed." in said
    for label, people, books in answered():
        assert re.search(rf" {label} [█▏▎▍▌▋▊▉]+ {people}, {books} ", said), said
    _, _, afterwards = said.partition("Honestly: simulated.")
    assert "Stopped. It counts in no run that starts from now on." in afterwards
    assert not (tmp_path / "letters.txt").exists()


def answered() -> list[tuple[str, int, int]]:
    """What the guide's answer about readers has to be: by the guide's own rows, all of whom say yes."""
    files = {file: content for kind, file, content in BLOCK.findall(DOC.read_text("utf-8")) if kind != "run"}
    rows = [tuple(map(int, line.split(","))) for line in files["readers.csv"].splitlines()[1:]]
    return [
        (label, len(found := [books for _, age, books in rows if (age < 50) == young]), sum(found))
        for label, young in (("under 50", True), ("50 and over", False))
    ]
