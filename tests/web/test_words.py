"""What pages say: the same in each language, in words for everybody."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

import pytest
from babel.messages.pofile import read_po

import api.web
from api.web import words

HERE = Path(api.web.__file__).parent
LANGUAGES = words.read()
FOR_ENGINEERS = {
    "en": "ledger|block|hash|digest|transaction|wallet|gas|key|signature|cohort|relayer",
    "de": "ledger|block|hash|digest|transaktion|wallet|gas|schlüssel|signatur|kohorte|relayer",
    "ar": "سجل موزع|كتلة|تجزئة|معاملة|محفظة|غاز|مفتاح|توقيع",
}
"""Words that no citizen meets outside "Technical details"."""
TECHNICAL = {
    "ask.signing_text", "receipt.block", "receipt.ended_block", "receipt.commitment", "receipt.city",
    "uses.at_block", "uses.root", "uses.order", "uses.proof_in", "uses.proof_left_out", "uses.proof_out",
    "uses.proof_empty", "public.verify.technical",
}  # fmt: skip
"""Texts that stand under "Technical details" alone; the browser tests look where they really stand."""


FOR_ORGANISATIONS = ("audit.", "city.", "enter.", "partner.", "supplier.", "wallet.")
"""Texts of pages that no citizen is led to."""


def engineers_words(language: str, text: str) -> list[str]:
    return re.findall(
        rf"\b(?:ال|وال|بال)?(?:{FOR_ENGINEERS[language]})(?:s|es|e|en|ات|ك|ه)?\b", text, re.IGNORECASE
    )


def texts(language: str) -> dict[str, str]:
    """What a language says under each key of its own, all its plural forms together."""
    with (words.LANGUAGES / f"{language}.po").open("rb") as file:
        said = {one.id: one.string for one in read_po(file, abort_invalid=True) if one.id}
    return {
        (key if isinstance(key, str) else key[0]): (text if isinstance(text, str) else " ".join(text))
        for key, text in said.items()
    }


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_language_says_the_same_things_with_the_same_blanks() -> None:
    assert set(LANGUAGES) == {"ar", "de", "en"}
    for language in LANGUAGES:
        assert {key: blanks(text) for key, text in texts(language).items()} == {
            key: blanks(text) for key, text in texts("en").items()
        }, language


def test_no_text_outside_the_technical_details_has_an_engineers_word() -> None:
    assert engineers_words("en", "Block by block, the ledger's keys") == ["Block", "block", "ledger", "keys"]
    assert engineers_words("ar", "المفتاح في محفظتك") == ["المفتاح"]
    for language in LANGUAGES:
        found = {
            key: engineers_words(language, text)
            for key, text in texts(language).items()
            if not key.startswith(FOR_ORGANISATIONS)
        }
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
        for key in LANGUAGES["en"].keys
        if f'"{key}"' not in written and not any(key.startswith(one) for one in begun)
    ]

    assert unused == []


ENGLISH = """msgid ""
msgstr "Language: en_GB\\nContent-Type: text/plain; charset=utf-8\\nPlural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "language"
msgstr "English"

msgid "people"
msgid_plural "people"
msgstr[0] "{n} person"
msgstr[1] "{n} people"

msgid "money"
msgstr "{amount} credits"
"""
WELSH = """msgid ""
msgstr "Language: cy\\nContent-Type: text/plain; charset=utf-8\\n"

msgid "language"
msgstr "Cymraeg"

#, fuzzy
msgid "money"
msgstr "{amount} rhywbeth"
"""


def test_a_language_is_one_file_and_says_in_english_what_it_does_not_have_yet(tmp_path: Path) -> None:
    (tmp_path / "en.po").write_text(ENGLISH, encoding="utf-8")
    (tmp_path / "cy.po").write_text(WELSH, encoding="utf-8")

    welsh = words.read(tmp_path)["cy"]

    assert welsh("language") == "Cymraeg"
    assert welsh("people", n=1_200) == "1,200 people"
    assert welsh.credits(1_234_560_000) == "1,234.56 credits"
    assert "language" in welsh
    assert "people" not in welsh
    with pytest.raises(KeyError):
        welsh("nothing")


def test_counts_dates_and_amounts_are_written_as_the_language_writes_them() -> None:
    summer = datetime(2027, 7, 1, 22, 30, tzinfo=UTC)
    vienna = words.read(zone=ZoneInfo("Europe/Vienna"))

    assert vienna["en"].moment(int(summer.timestamp())) == "2 July 2027, 00:30 CEST"
    assert vienna["de"].moment(int(summer.timestamp())) == "2. Juli 2027, 00:30 MESZ"
    assert vienna["en"].day(int(summer.timestamp())) == "1 July 2027"
    assert vienna["de"].credits(1_234_567_899_999) == "1.234.567,89 Credits"
    assert vienna["ar"].day(int(summer.timestamp())) == "1 يوليو 2027"
    assert [vienna[one].direction for one in ("ar", "de", "en")] == ["rtl", "ltr", "ltr"]
