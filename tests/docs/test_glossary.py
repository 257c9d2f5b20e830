"""The glossary speaks of code that exists."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROWS = re.findall(r"^\| .+ \| `([\w/.-]+):(\w+)` \|$", (ROOT / "GLOSSARY.md").read_text(), re.MULTILINE)


def names_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef | ast.FunctionDef)}


def test_every_row_names_code() -> None:
    rows = [line for line in (ROOT / "GLOSSARY.md").read_text().splitlines() if line.startswith("| ")]
    assert len(ROWS) == len(rows) - 2


@pytest.mark.parametrize(("path", "name"), ROWS)
def test_what_the_glossary_names_is_there(path: str, name: str) -> None:
    assert name in names_in(ROOT / path)
