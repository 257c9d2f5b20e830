"""The purposes a use case may have: terms of the W3C Data Privacy Vocabulary, and how a notice says them.

Terms that the city never admits (selling data on, targeted advertising, political campaigning) are not in the list.
"""

from dataclasses import dataclass

from ledger.digests import text_digest
from marketplace.errors import InvalidError

DPV = "https://w3id.org/dpv#"


class UnknownPurposeError(InvalidError):
    """Not a purpose that a use case can have."""

    code = "unknown_purpose"


@dataclass(frozen=True, slots=True)
class Purpose:
    term: str
    phrases: dict[str, str]
    """Per language, what follows "so that it can"."""

    @property
    def iri(self) -> str:
        return DPV + self.term

    @property
    def digest(self) -> bytes:
        return text_digest(self.iri)


PURPOSES = (
    Purpose("ImproveTransportMobility", {"en": "improve transport", "de": "den Verkehr verbessern"}),
    Purpose("CombatClimateChange", {"en": "use less energy", "de": "Energie sparen helfen"}),
    Purpose(
        "ImprovePublicServices", {"en": "improve public services", "de": "öffentliche Dienste verbessern"}
    ),
    Purpose(
        "ProvideOfficialStatistics", {"en": "make official statistics", "de": "amtliche Statistik machen"}
    ),
    Purpose("ImproveHealthcare", {"en": "improve health care", "de": "die Gesundheitsversorgung verbessern"}),
    Purpose("ScientificResearch", {"en": "do research", "de": "forschen"}),
)
BY_TERM = {purpose.term: purpose for purpose in PURPOSES}
BY_DIGEST = {purpose.digest: purpose for purpose in PURPOSES}


def purpose_named(term: str) -> Purpose:
    """The purpose of a term, given as `ImproveTransportMobility` or as its IRI."""
    found = BY_TERM.get(term.removeprefix(DPV).removeprefix("dpv:"))
    if found is None:
        known = ", ".join(BY_TERM)
        raise UnknownPurposeError(
            f"{term[:60]!r} is not a purpose a use case may have. Choose one of: {known}."
        )
    return found
