"""Stopping what may still be on its way: it ends as it arrives, and counts in no run between the two."""

import time

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.revocation_code import RevocationCode
from marketplace.consent import queries, stopping
from marketplace.consent.queries import UnknownConsentError
from marketplace.consent.standing import Person, subject_of
from marketplace.consent.tables import ConsentRow, LinkRow, StopRow
from marketplace.house import House
from marketplace.provenance.queries import head


def stop_by_code(session: Session, vault: Session, house: House, code: RevocationCode) -> None:
    """End the consent whose paper has this code, wherever it is.

    Raises:
        UnknownConsentError, ConsentLostError, AlreadyRevokedError
    """
    try:
        found = queries.by_code(session, code).consent.id
    except UnknownConsentError:
        on_its_way = vault.scalar(select(LinkRow.consent).where(LinkRow.code == str(code)))
        if on_its_way is None:
            raise
        stopping.require_not_lost(session, on_its_way)
        _note(session, vault, on_its_way)
    else:
        stopping.stop_by_code(session, house, code)
        if vault.get(LinkRow, found) is not None:
            _note(session, vault, found)


def stop_one(session: Session, vault: Session, house: House, *, person: Person, consent: bytes) -> None:
    """End one consent of hers, wherever it is.

    Raises:
        UnknownConsentError: it is not hers.
        ConsentLostError, AlreadyRevokedError
    """
    if session.get(ConsentRow, consent) is not None:
        stopping.stop_one(session, vault, house, person=person, consent=consent)
        return
    link = vault.get(LinkRow, consent)
    if link is None or link.subject != subject_of(vault, person):
        raise UnknownConsentError("You have given no such consent.")
    stopping.require_not_lost(session, consent)
    _note(session, vault, consent)


def _note(session: Session, vault: Session, consent: bytes) -> None:
    now = head(session).timestamp
    vault.merge(StopRow(consent=consent, asked_at=now, due_at=int(time.time()), sent=False))
