"""What became of each consent a person gave."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.enums import How
from ledger.node import Block
from marketplace.catalogue.tables import SubjectRow
from marketplace.consent import queries
from marketplace.consent.queries import GivenConsent
from marketplace.consent.tables import LinkRow, StopRow
from marketplace.provenance.queries import head

Person = tuple[str, str]
"""What a column of the city's data calls somebody: (kind, key)."""


class State(StrEnum):
    ON_ITS_WAY = "on_its_way"
    IN_FORCE = "in_force"
    STOPPING = "stopping"
    """It counts no more; the ledger hears of it soon."""
    STOPPED = "stopped"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Standing:
    """One of her consents. `given` is None while it is on its way to the ledger."""

    id: bytes
    use_case: int
    state: State
    given: GivenConsent | None
    code_kept: bool


def subject_of(vault: Session, person: Person) -> int | None:
    """Her dense index; None when nothing here is hers."""
    kind, key = person
    return vault.scalar(select(SubjectRow.index).where(SubjectRow.kind == kind, SubjectRow.key == key))


def standings_of(session: Session, vault: Session, person: Person) -> list[Standing]:
    subject = subject_of(vault, person)
    return [] if subject is None else standings(session, vault, subject)


def standings(session: Session, vault: Session, subject: int) -> list[Standing]:
    """Her consents, in the order they came to the ledger; those on their way last."""
    now = head(session)
    stopping = set(vault.scalars(select(StopRow.consent)))
    links = vault.scalars(select(LinkRow).where(LinkRow.subject == subject))
    found = [_standing(session, link, now, link.consent in stopping) for link in links]
    return sorted(
        found, key=lambda one: (one.given is None, one.given.consent.granted_in if one.given else 0, one.id)
    )


def _standing(session: Session, link: LinkRow, now: Block, stopping: bool) -> Standing:
    try:
        given = queries.given(session, link.consent)
    except queries.UnknownConsentError:
        given = None
    return Standing(
        link.consent, link.use_case, state_of(given, now, stopping=stopping), given, link.code is not None
    )


def state_of(given: GivenConsent | None, now: Block, *, stopping: bool = False) -> State:
    if given is None:
        return State.STOPPING if stopping else State.ON_ITS_WAY
    if given.consent.revoked_in is not None:
        return State.STOPPED
    if now.timestamp >= given.consent.valid_until:
        return State.EXPIRED
    return State.STOPPING if stopping else State.IN_FORCE


def how_it_ended(given: GivenConsent) -> str | None:
    return None if given.how is None else How(given.how).name.lower()
