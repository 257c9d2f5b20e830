"""The linters and the proofs of the contracts: what they would miss if nobody looked at whether they looked."""

import tomllib
from pathlib import Path

import pytest

from contracts.toolchain import prove
from contracts.toolchain.compiler import CONTRACTS
from contracts.toolchain.lint import (
    ACCEPTED,
    Finding,
    LinterFailedError,
    accepted,
    forge_finding,
    judged,
    require,
    slither_finding,
)

TIME = Finding("forge", "block-timestamp", "src/Box.sol: if (block.timestamp > end) revert Late();")
CAST = Finding("forge", "unsafe-typecast", "src/Box.sol: return uint8(size);")
ENTRY = """
[[accepted]]
tool = "forge"
rule = "block-timestamp"
why = "{why}"
where = ["src/Box.sol: if (block.timestamp > end) revert Late();"]
"""


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "accepted.toml"
    path.write_text(ENTRY.format(why="Validity is block time."), "utf-8")
    return path


def test_a_justified_finding_stays(book: Path) -> None:
    assert judged("forge", {TIME}, book) == []


def test_a_new_finding_is_a_complaint(book: Path) -> None:
    assert judged("forge", {TIME, CAST}, book) == [
        "forge unsafe-typecast: src/Box.sol: return uint8(size); (mend it, or justify it in accepted.toml)"
    ]


def test_a_tool_that_did_not_look_is_noticed_by_what_it_did_not_find(book: Path) -> None:
    assert judged("forge", set(), book) == [f"{TIME} is justified in accepted.toml and not found any more"]


def test_each_tool_is_held_to_its_own_entries(book: Path) -> None:
    assert judged("slither", set(), book) == []


def test_nothing_is_accepted_without_a_reason(book: Path) -> None:
    book.write_text(ENTRY.format(why=" "), "utf-8")

    with pytest.raises(LinterFailedError, match="without a reason"):
        judged("forge", {TIME}, book)


def test_both_tools_have_justified_findings_so_neither_can_go_silent() -> None:
    assert {each.tool for each in accepted(ACCEPTED)} == {"forge", "slither"}


def test_every_accepted_line_is_in_the_sources() -> None:
    """slither names elements and forge names lines: a line that is gone would be justified for nothing."""
    for each in accepted(ACCEPTED):
        if each.tool == "forge":
            file, line = each.where.split(": ", 1)
            assert line in (CONTRACTS / file).read_text("utf-8"), each


def test_a_missing_linter_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(LinterFailedError, match="slither is not installed"):
        require(tmp_path / "slither", "make lint-contracts")


def test_findings_are_known_by_what_they_are_about_and_not_by_line_numbers() -> None:
    message = {
        "code": {"code": "block-timestamp"},
        "spans": [
            {"is_primary": False},
            {
                "is_primary": True,
                "file_name": "src/Box.sol",
                "line_start": 7,
                "text": [{"text": "   " + TIME[2][13:]}],
            },
        ],
    }
    described = {
        "check": "timestamp",
        "description": "Box.open(uint40) (src/Box.sol#5-9) uses timestamp for comparisons\n",
    }

    assert forge_finding(message) == TIME
    assert slither_finding(described) == Finding("slither", "timestamp", "Box.open(uint40)")


def test_linters_and_tests_never_write_into_each_others_folders() -> None:
    """forge lint leaves artifacts without bytecode where a source has changed, and forge test would deploy them."""
    profiles = tomllib.loads((CONTRACTS / "foundry.toml").read_text("utf-8"))["profile"]
    ours = [profiles[name] for name in ("default", "lint", "slither")]

    assert len({each["out"] for each in ours}) == len(ours)
    assert len({each["cache_path"] for each in ours}) == len(ours)


def test_a_proof_that_did_not_run_or_failed_is_noticed() -> None:
    page = "1. It holds.\n   `BoxInvariants.invariant_Holds`\n   `BoxFuzz.testFuzz_Holds`\n   `tests/box.py::test_it`\n"
    output = [
        "Ran 2 tests for test/Box.t.sol:BoxInvariants\n",
        "[PASS] invariant_Holds() (runs: 32, calls: 2048, reverts: 0)\n",
        "Ran 1 test for test/Box.t.sol:BoxFuzz\n",
        '[FAIL: NotTrue("held")] testFuzz_Holds(uint256) (runs: 3)\n',
    ]

    assert prove.named(page) == {"BoxInvariants.invariant_Holds", "BoxFuzz.testFuzz_Holds"}
    assert prove.passed(output) == {"BoxInvariants.invariant_Holds"}
    assert prove.passed([]) == set()


def test_the_page_names_forge_tests() -> None:
    assert len(prove.named(prove.PAGE.read_text("utf-8"))) > 40
