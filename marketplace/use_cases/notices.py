"""Notices: the sentences citizens sign, rendered from a use case's terms by one template per language.

A statement has no date, number or name that varies by person. The template is an artefact of its own, so that an
auditor can render the sentence again.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

TEMPLATES = {
    "en": (
        "I allow {recipient} to have {data} about me counted so that it can {purpose}. "
        "It gets totals about at least {k} people, never my data. I can stop this at any time."
    ),
    "de": (
        "Ich erlaube, dass {recipient} {data} über mich auszählen lässt, um {purpose} zu können. "
        "Weitergegeben werden nur Summen über mindestens {k} Menschen, nie meine Daten. "
        "Ich kann das jederzeit beenden."
    ),
}
AND = {"en": " and ", "de": " und "}
MOST_WORDS = 60


@dataclass(frozen=True, slots=True)
class NoticeFacts:
    """What a sentence is made of."""

    recipient: str
    purpose: dict[str, str]
    titles: tuple[dict[str, str], ...]
    """Per source, in the order of the scope's bits, how it is called in each language."""
    k: int


def statement(facts: NoticeFacts, language: str, scope: int) -> str:
    named = [titles[language] for bit, titles in enumerate(facts.titles) if scope >> bit & 1]
    data = AND[language].join([", ".join(named[:-1]), named[-1]]) if len(named) > 1 else named[0]
    text = TEMPLATES[language].format(
        recipient=facts.recipient, data=data, purpose=facts.purpose[language], k=facts.k
    )
    return unicodedata.normalize("NFC", text)


def admissible_scopes(sources: Sequence[tuple[bool, bool]]) -> Iterator[int]:
    """Every choice a citizen has, the fullest first: `sources` says per source (asks for consent, is optional)."""
    choices = [
        (1 << bit, 0) if asked and optional else (1 << bit if asked else 0,)
        for bit, (asked, optional) in enumerate(sources)
    ]
    for chosen in product(*choices):
        if any(chosen):
            yield sum(chosen)
