"""Notices: the sentences citizens sign, rendered from a use case's terms by one template per language.

A statement has no date, number or name that varies by person. A template is a published document, and a decision
names the templates by which its use case asks, so that an auditor can render each sentence again.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from ledger.enums import NoticeKind
from marketplace.use_cases.purposes import PURPOSES

VERSION = "notice-template/1"
MOST_WORDS = 60
BLANK = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class NoticeFacts:
    """What a sentence is made of."""

    recipient: str
    purpose: str
    """The IRI of its term."""
    titles: tuple[dict[str, str], ...]
    """Per source, in the order of the scope's bits, how it is called in each language."""
    k: int
    period: tuple[str, str] | None = None
    """The first and the last day of the data that is used (ISO 8601); None: all of it."""


@dataclass(frozen=True, slots=True)
class Template:
    """How a notice of one kind is made in one language."""

    language: str
    kind: NoticeKind
    sentence: str
    """With a blank each for {recipient}, {data} and {purpose}, and for {k} where totals are promised."""
    conjunction: str
    """What stands before the last of several datasets."""
    purposes: Mapping[str, str]
    """What is said for a purpose, by its IRI."""
    period: str = ""
    """What follows the data where only some days of it are used, with a blank each for {first} and {last}."""

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Template":
        """The template that a published document holds."""
        return cls(
            language=document["language"],
            kind=NoticeKind[document["kind"].upper()],
            sentence=document["sentence"],
            conjunction=document["and"],
            purposes=document["purposes"],
            period=document.get("period", ""),
        )

    @property
    def document(self) -> dict[str, Any]:
        return {
            "stoa": VERSION,
            "language": self.language,
            "kind": self.kind.name.lower(),
            "sentence": self.sentence,
            "and": self.conjunction,
            "purposes": dict(self.purposes),
            "period": self.period,
        }

    def statement(self, facts: NoticeFacts, scope: int) -> str:
        """The sentence for one choice of scope. What fills a blank is never looked at for blanks."""
        *before, last = [titles[self.language] for bit, titles in enumerate(facts.titles) if scope >> bit & 1]
        data = self.conjunction.join([", ".join(before), last]) if before else last
        values = {
            "recipient": facts.recipient,
            "data": data + self._days(facts),
            "purpose": self.purposes[facts.purpose],
            "k": str(facts.k),
        }
        return unicodedata.normalize("NFC", BLANK.sub(lambda blank: values[blank[1]], self.sentence))

    def _days(self, facts: NoticeFacts) -> str:
        if facts.period is None:
            return ""
        first, last = facts.period
        days = {"first": first, "last": last}
        return BLANK.sub(lambda blank: days[blank[1]], self.period)


PERIODS = {"en": " from {first} to {last}", "de": " vom {first} bis zum {last}"}


def _template(language: str, kind: NoticeKind, conjunction: str, sentence: str) -> Template:
    phrases = {purpose.iri: purpose.phrases[language] for purpose in PURPOSES}
    return Template(language, kind, sentence, conjunction, phrases, PERIODS[language])


TEMPLATES = (
    _template(
        "en",
        NoticeKind.CONSENT,
        " and ",
        "I allow {recipient} to have {data} about me counted so that it can {purpose}. "
        "It gets totals about at least {k} people, never my data. I can stop this at any time.",
    ),
    _template(
        "de",
        NoticeKind.CONSENT,
        " und ",
        "Ich erlaube, dass {recipient} {data} über mich auszählen lässt, um {purpose} zu können. "
        "Weitergegeben werden nur Summen über mindestens {k} Menschen, nie meine Daten. "
        "Ich kann das jederzeit beenden.",
    ),
    _template(
        "en",
        NoticeKind.OBJECTION,
        " and ",
        "I object to {recipient} having {data} about me counted so that it can {purpose}. "
        "I can take this back at any time.",
    ),
    _template(
        "de",
        NoticeKind.OBJECTION,
        " und ",
        "Ich widerspreche: {recipient} darf {data} über mich nicht auszählen lassen, um {purpose} zu können. "
        "Ich kann das jederzeit zurücknehmen.",
    ),
)
"""What the city asks by now. What a decision named before stays as it was."""


def admissible_scopes(sources: Sequence[tuple[bool, bool]]) -> Iterator[int]:
    """Every choice a citizen has, the fullest first: `sources` says per source (asks for consent, is optional)."""
    choices = [
        (1 << bit, 0) if asked and optional else (1 << bit if asked else 0,)
        for bit, (asked, optional) in enumerate(sources)
    ]
    for chosen in product(*choices):
        if any(chosen):
            yield sum(chosen)
