"""Consents that were given on paper: taken at the desk in bulk, each with the checks of a single one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.orm import Session

from ledger.bindings import Grant, Own, Signature, Terms
from ledger.revocation_code import RevocationCode
from ledger.typed_data import consent_id
from marketplace.consent.service import Member, Whose, WrongTermsError, import_batch, require_terms
from marketplace.errors import StoaError
from marketplace.house import House
from marketplace.registrar.service import Ask, DeskAsk, Registered, UnknownLetterError


class RegistrarAtDesk(Protocol):
    """The registrar, as the desk may ask it."""

    def references(
        self, use_case: int, people: Sequence[tuple[str, str]]
    ) -> dict[tuple[str, str], Registered]: ...

    def countersign(self, asks: Sequence[DeskAsk]) -> list[Signature | StoaError]: ...


@dataclass(frozen=True, slots=True)
class OnPaper:
    """One consent that somebody gave at the desk: whose rows, and what was signed for her."""

    kind: str
    key: str
    own: Own
    signature: Signature
    salt: bytes
    code: RevocationCode | None


def take_from_desk(
    session: Session,
    vault: Session,
    house: House,
    registrar: RegistrarAtDesk,
    *,
    terms: Terms,
    papers: Sequence[OnPaper],
) -> list[bytes | StoaError]:
    """Take what can be taken; a refusal stands in its place. The ids, in order.

    Raises:
        WrongTermsError, UseCaseNotOpenError, RegistrarDownError: nothing is taken then.
    """
    with house.database.reading() as reading:
        require_terms(reading, terms)
    for paper in papers:
        if paper.code is not None and paper.code.hash != paper.own.revocation_hash:
            raise WrongTermsError("A code is not the one whose hash was signed.")
    known = registrar.references(terms.use_case, [(paper.kind, paper.key) for paper in papers])
    answers = registrar.countersign(
        [
            DeskAsk(paper.kind, paper.key, Ask(terms, paper.own, paper.signature, paper.salt))
            for paper in papers
        ]
    )
    members: list[Member] = []
    outcomes: list[bytes | StoaError] = []
    for paper, answer in zip(papers, answers, strict=True):
        found = known.get((paper.kind, paper.key))
        if isinstance(answer, StoaError) or found is None:
            outcomes.append(answer if isinstance(answer, StoaError) else unknown())
            continue
        outcomes.append(consent_id(house.city.domains.consents, terms, paper.own))
        members.append(member_of(paper, answer, found))
    if members:
        import_batch(session, vault, house, terms=terms, members=members)
    return outcomes


def member_of(paper: OnPaper, countersignature: Signature, found: Registered) -> Member:
    return Member(
        grant=Grant(paper.own, paper.signature, countersignature),
        whose=Whose(found.kind, found.key, found.reference),
        salt=paper.salt,
        code=paper.code,
    )


def unknown() -> StoaError:
    return UnknownLetterError("Nobody like this is in the register.")
