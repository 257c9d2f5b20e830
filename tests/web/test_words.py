"""What pages say: the same in each language, in words for everybody."""

import re
from collections.abc import Iterable
from pathlib import Path
from string import Formatter

import api.web
from api.web import words

HERE = Path(api.web.__file__).parent
LANGUAGES = words.read()
FOR_ENGINEERS = {
    "en": "ledger|block|hash|digest|transaction|wallet|gas|key|signature|cohort|relayer",
    "de": "ledger|block|hash|digest|transaktion|wallet|gas|schlüssel|signatur|kohorte|relayer",
}
"""Words that no citizen meets outside "Technical details"."""
TECHNICAL = {
    "ask.signing_text", "receipt.block", "receipt.ended_block", "receipt.commitment", "receipt.city",
    "uses.at_block", "uses.root", "uses.order", "uses.proof_in", "uses.proof_left_out", "uses.proof_out",
    "uses.proof_empty",
}  # fmt: skip
"""Texts that stand under "Technical details" alone; the browser tests look where they really stand."""


def engineers_words(language: str, text: str) -> list[str]:
    return re.findall(rf"\b(?:{FOR_ENGINEERS[language]})(?:s|es|e|en)?\b", text, re.IGNORECASE)


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_language_says_the_same_things_with_the_same_blanks() -> None:
    english = LANGUAGES["en"].texts

    assert set(LANGUAGES) == {"en", "de"}
    for one in LANGUAGES.values():
        assert {key: blanks(text) for key, text in one.texts.items()} == {
            key: blanks(text) for key, text in english.items()
        }
        assert [key for key, text in one.texts.items() if not text.strip()] == []


def test_no_text_outside_the_technical_details_has_an_engineers_word() -> None:
    assert engineers_words("en", "Block by block, the ledger's keys") == ["Block", "block", "ledger", "keys"]
    for language, one in LANGUAGES.items():
        found = {key: engineers_words(language, text) for key, text in one.texts.items()}
        assert {key: met for key, met in found.items() if met and key not in TECHNICAL} == {}


def sources() -> Iterable[str]:
    for path in HERE.rglob("*"):
        if path.suffix in {".py", ".html"}:
            yield path.read_text(encoding="utf-8").replace("'", '"')


def test_every_text_is_used() -> None:
    written = "\n".join(sources())
    begun = {*re.findall(r'"([a-z_.]+\.)" ~', written), *re.findall(r'f"([a-z_.]+\.)\{', written)}

    unused = [
        key
        for key in LANGUAGES["en"].texts
        if f'"{key}"' not in written and not any(key.startswith(one) for one in begun)
    ]

    assert unused == []
