"""What became of each consent a person gave."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.enums import How
from ledger.node import Block
from ledger.outbox import messages
from ledger.outbox.tables import MessageRow
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
    LOST = "lost"
    """It never reached the ledger: refused there, or sent too late. Nothing of it counts; she may answer again."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One of her consents or objections. `given` is None while it is on its way to the ledger, and when it was lost."""

    id: bytes
    use_case: int
    state: State
    given: GivenConsent | None
    code_kept: bool
    objection: bool


def subject_of(vault: Session, person: Person) -> int | None:
    """Her dense index; None when nothing here is hers."""
    kind, key = person
    return vault.scalar(select(SubjectRow.index).where(SubjectRow.kind == kind, SubjectRow.key == key))


def standings_of(session: Session, vault: Session, person: Person) -> list[Standing]:
    subject = subject_of(vault, person)
    return [] if subject is None else standings(session, vault, subject)


def standings(session: Session, vault: Session, subject: int) -> list[Standing]:
    """Her consents, in the order they came to the ledger; those that were lost first, those on their way last."""
    now = head(session)
    hers = LinkRow.subject == subject
    stopping = set(
        vault.scalars(select(StopRow.consent).join(LinkRow, LinkRow.consent == StopRow.consent).where(hers))
    )
    links = vault.scalars(select(LinkRow).where(hers))
    found = [_standing(session, link, now, link.consent in stopping) for link in links]
    return sorted(found, key=_place)


def _place(one: Standing) -> tuple[int, int, bytes]:
    if one.given is None:
        return (0 if one.state is State.LOST else 2), 0, one.id
    return 1, one.given.consent.granted_in, one.id


def _standing(session: Session, link: LinkRow, now: Block, stopping: bool) -> Standing:
    try:
        given = queries.given(session, link.consent)
    except queries.UnknownConsentError:
        given = None
    lost = given is None and is_lost(session, link.consent)
    state = state_of(given, now, stopping=stopping, lost=lost)
    return Standing(link.consent, link.use_case, state, given, link.code is not None, link.objection)


def is_lost(session: Session, consent: bytes) -> bool:
    """Whether a consent that is not on the ledger was refused there, or dropped when it was too late to send it."""
    fate = messages.fate(session, grant_key(consent))
    return fate is not None and fate.failed


def can_arrive(session: Session, consent: bytes, now: Block) -> bool:
    """Whether a consent that is not on the ledger may come there: whoever has it can send it until its deadline."""
    deadline = session.scalar(
        select(MessageRow.expires_at).where(MessageRow.business_key == grant_key(consent))
    )
    return not is_lost(session, consent) or deadline is None or now.timestamp <= deadline


def grant_key(consent: bytes) -> str:
    """The outbox key by which a consent goes to the ledger."""
    return f"grant:{consent.hex()}"


def state_of(given: GivenConsent | None, now: Block, *, stopping: bool = False, lost: bool = False) -> State:
    if lost:
        return State.LOST
    if given is None:
        return State.STOPPING if stopping else State.ON_ITS_WAY
    if given.consent.revoked_in is not None:
        return State.STOPPED
    if now.timestamp >= given.consent.valid_until:
        return State.EXPIRED
    return State.STOPPING if stopping else State.IN_FORCE


def how_it_ended(given: GivenConsent) -> str | None:
    return None if given.how is None else How(given.how).name.lower()
