"""contracts/INVARIANTS.md lists what always holds: its tests exist, and no test of that kind is missing there."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "contracts" / "INVARIANTS.md"
FORGE = ROOT / "contracts" / "test"

CONTRACT = re.compile(r"^(?:abstract )?contract (\w+)", re.MULTILINE)
TEST = re.compile(r"function ((?:invariant_|testFuzz_)\w+)\(")


@dataclass(frozen=True)
class Sentence:
    number: int
    text: str
    tests: tuple[str, ...]


def sentences(page: str) -> list[Sentence]:
    """The numbered sentences of the page, each with the tests named on the lines below it."""
    found: list[Sentence] = []
    for block in re.split(r"\n(?=\d+\. |#)", page):
        numbered = re.match(r"(\d+)\. (.*)", block)
        if numbered:
            named = re.findall(r"^ +`([^`]+)`$", block, re.MULTILINE)
            found.append(Sentence(int(numbered[1]), numbered[2], tuple(named)))
    return found


def forge_tests() -> set[str]:
    """Every invariant and fuzz test below contracts/test, as Contract.function."""
    names: set[str] = set()
    for file in FORGE.glob("*.sol"):
        parts = CONTRACT.split(file.read_text("utf-8"))
        for contract, body in zip(parts[1::2], parts[2::2], strict=True):
            names |= {f"{contract}.{test}" for test in TEST.findall(body)}
    return names


SENTENCES = sentences(PAGE.read_text("utf-8"))
NAMED = [test for sentence in SENTENCES for test in sentence.tests]


def test_the_sentences_are_numbered_from_one() -> None:
    assert [sentence.number for sentence in SENTENCES] == list(range(1, len(SENTENCES) + 1))
    assert len(SENTENCES) > 40


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda sentence: str(sentence.number))
def test_a_sentence_ends_and_names_a_test(sentence: Sentence) -> None:
    assert sentence.text.endswith(".")
    assert sentence.tests


@pytest.mark.parametrize("name", NAMED)
def test_a_named_test_exists(name: str) -> None:
    if "::" not in name:
        assert name in forge_tests()
        return
    file, test = name.split("::")
    assert re.search(rf"^def {test}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE)


def test_every_invariant_and_fuzz_test_belongs_to_one_sentence() -> None:
    by_forge = [name for name in NAMED if "::" not in name]

    assert sorted(by_forge) == sorted(forge_tests())


def test_a_test_that_does_not_exist_and_one_that_nobody_names_would_be_found() -> None:
    page = "# Page\n\n1. It holds.\n   `Nobody.invariant_Nothing`\n2. It does.\n\n## More\n"

    assert sentences(page) == [
        Sentence(1, "It holds.", ("Nobody.invariant_Nothing",)),
        Sentence(2, "It does.", ()),
    ]
    assert "Nobody.invariant_Nothing" not in forge_tests()
    assert "ConsentsInvariants.invariant_RevokedConsentNeverHoldsAgain" in forge_tests()
