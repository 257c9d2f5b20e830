"""The auditor is worth something because it shares nothing with what it audits."""

import ast
import json
import re
import sys
import tomllib
from pathlib import Path

import pytest
from stoa_audit import contracts

ROOT = Path(__file__).parents[2]
AUDITOR = ROOT / "auditor" / "stoa_audit"
DECLARED = {"coincurve", "cryptography", "httpx", "orjson", "rfc8785", "Crypto"}
"""What its own pyproject.toml names, as it is imported."""


def imported(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports relatively"
            found.add((node.module or "").split(".")[0])
    return found


@pytest.mark.parametrize("file", sorted(AUDITOR.rglob("*.py")), ids=lambda file: file.stem)
def test_the_auditor_imports_nothing_of_the_city(file: Path) -> None:
    foreign = imported(file) - set(sys.stdlib_module_names) - {"stoa_audit"}

    assert foreign <= DECLARED


def test_the_auditors_distribution_needs_what_it_imports_and_no_more() -> None:
    project = tomllib.loads((ROOT / "auditor" / "pyproject.toml").read_text())["project"]
    needed = {re.split("[<>=]", requirement)[0] for requirement in project["dependencies"]}

    assert {"pycryptodome" if name == "Crypto" else name for name in DECLARED} == needed


@pytest.mark.parametrize("name", contracts.NAMES)
def test_the_auditors_copy_of_a_contract_is_the_published_one(name: str) -> None:
    published = json.loads((ROOT / "contracts" / "artifacts" / f"{name}.json").read_text())
    copy = json.loads((AUDITOR / "abi" / f"{name}.json").read_text())

    assert copy == {"abi": published["abi"], "storageLayout": published["storageLayout"]}


def test_the_copies_are_of_every_deployed_contract() -> None:
    assert {path.stem for path in (AUDITOR / "abi").glob("*.json")} == set(contracts.NAMES)
