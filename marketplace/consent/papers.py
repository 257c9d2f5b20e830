"""What stands on a citizen's paper."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from marketplace.catalogue import artefacts
from marketplace.consent.queries import UnknownConsentError
from marketplace.consent.standing import Person, Standing, standings_of, subject_of
from marketplace.consent.tables import LinkRow


@dataclass(frozen=True, slots=True)
class Paper:
    """One consent as its paper has it. `statement` is None until the ledger has the consent."""

    standing: Standing
    statement: str | None
    code: str | None
    """In groups of four; None if she did not leave it here."""
    assisted: bool


def paper_of(session: Session, vault: Session, *, person: Person, consent: bytes) -> Paper:
    """Raises UnknownConsentError: she gave no such consent."""
    link = vault.get(LinkRow, consent)
    if link is None or link.subject != subject_of(vault, person):
        raise UnknownConsentError("You have given no such consent.")
    standing = next(one for one in standings_of(session, vault, person) if one.id == consent)
    given = standing.given
    return Paper(
        standing=standing,
        statement=None if given is None else artefacts.text(session, given.terms.statement),
        code=link.code,
        assisted=link.assisted,
    )
