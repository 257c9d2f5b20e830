"""Stopping what may still be on its way: it ends as it arrives, and counts in no run between the two."""

import time

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.revocation_code import RevocationCode
from marketplace.consent import stopping
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
        stopping.stop_by_code(session, vault, house, code)
    except UnknownConsentError:
        on_its_way = list(vault.scalars(select(LinkRow.consent).where(LinkRow.code == str(code))))
        if not on_its_way:
            raise
        for consent in on_its_way:
            stopping.require_not_lost(session, consent)
            _note(session, vault, consent)


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
