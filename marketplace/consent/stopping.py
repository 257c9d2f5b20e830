"""Ending consents: with the code, with the key, or by her letter alone when both are lost.

What she stops counts no more from the next run on. The ledger hears of one stop at once, and of several spread in
time, so that nobody who reads it learns that they were one person's.

Where both databases are written, the main one is touched first: two writers never wait for each other.
"""

import secrets
import time

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.abi import Call
from ledger.bindings import Own, Signature, Terms
from ledger.outbox import messages
from ledger.revocation_code import RevocationCode
from ledger.typed_data import consent_id, recovered, revocation_digest
from marketplace.catalogue import artefacts
from marketplace.consent import queries
from marketplace.consent.queries import UnknownConsentError
from marketplace.consent.service import (
    AlreadyRevokedError,
    WrongConsentSignatureError,
    end_with_code,
    revoke_by_code,
    revoke_by_mandate,
)
from marketplace.consent.standing import Person, State, can_arrive, is_lost, standings_of, subject_of
from marketplace.consent.tables import ConsentRow, LinkRow, StopRow, TombstoneRow
from marketplace.errors import ConflictError, InvalidError
from marketplace.house import House
from marketplace.provenance.queries import head

REVOKE_GAS = 200_000


class ConsentLostError(ConflictError):
    """The consent never reached the ledger: there is nothing to stop."""

    code = "consent_lost"


class WrongCodeError(InvalidError):
    """The code is of another consent."""

    code = "wrong_revocation_code"


def stop_by_code(session: Session, vault: Session, house: House, code: RevocationCode) -> str:
    """End the consent whose paper has this code, without any account. Returns the outbox key.

    Raises:
        UnknownConsentError, AlreadyRevokedError
    """
    now = head(session).timestamp
    ended = revoke_by_code(session, house, code)
    for consent in ended:
        if vault.get(LinkRow, consent) is not None:
            vault.merge(_stop(consent, now, int(time.time())))
    return f"revoke:{ended[0].hex()}"


def stop_by_halves(session: Session, house: House, *, terms: Terms, own: Own, code: RevocationCode) -> str:
    """End a consent by its receipt and code, also one that has not arrived: it will be refused then.

    Raises:
        WrongCodeError, AlreadyRevokedError
    """
    if code.hash != own.revocation_hash:
        raise WrongCodeError("This is the code of another consent. Compare it with the paper.")
    call = house.contracts.consents.revoke_by_code(terms, own, code.value)
    return _put(session, _running(session, house, terms, own), call)


def stop_by_signature(session: Session, house: House, *, terms: Terms, own: Own, signature: Signature) -> str:
    """End a consent with the key that gave it. Anyone may bring the signature.

    Raises:
        WrongConsentSignatureError, AlreadyRevokedError
    """
    id_ = _running(session, house, terms, own)
    if recovered(revocation_digest(house.city.domains.consents, id_), signature) != own.signer:
        raise WrongConsentSignatureError("The revocation is not signed by the key that gave the consent.")
    return _put(session, id_, house.contracts.consents.revoke_by_signature(terms, own, signature))


def stop_one(session: Session, vault: Session, house: House, *, person: Person, consent: bytes) -> str:
    """End one consent of hers, by her letter. Returns the outbox key.

    Raises:
        UnknownConsentError: it is not hers, or not on the ledger yet.
        ConsentLostError, AlreadyRevokedError
    """
    now = head(session).timestamp
    link = vault.get(LinkRow, consent)
    if link is None or link.subject != subject_of(vault, person):
        raise UnknownConsentError("You have given no such consent.")
    if session.get(ConsentRow, consent) is None:
        require_not_lost(session, consent)
    if queries.given(session, consent).consent.revoked_in is not None:
        raise AlreadyRevokedError("This consent has ended already. There is nothing left to stop.")
    vault.merge(_stop(consent, now, int(time.time())))
    return end(session, house, link)


def stop_everything(session: Session, vault: Session, *, person: Person, spread: int) -> list[bytes]:
    """Nothing of hers counts from now on. The ends on the ledger follow within `spread` seconds. Which consents.

    Her objections stay: they keep her out.
    """
    now, due = head(session).timestamp, int(time.time())
    stopped: list[bytes] = []
    for one in standings_of(session, vault, person):
        if one.state in {State.IN_FORCE, State.ON_ITS_WAY} and not one.objection:
            vault.merge(_stop(one.id, now, due + secrets.randbelow(spread + 1)))
            stopped.append(one.id)
    vault.flush()
    return stopped


def send_due_stops(house: House, now: int) -> bool:
    """Put the ends that are due into the outbox, each a message of its own. Whether any was put."""
    with house.vault.reading() as vault, house.database.reading() as session:
        due = vault.scalars(select(StopRow.consent).where(~StopRow.sent, StopRow.due_at <= now))
        ready = [consent for consent in due if not _is_on_its_way(session, vault, consent)]
    for consent in ready:
        _send(house, consent)
    return bool(ready)


def _is_on_its_way(session: Session, vault: Session, consent: bytes) -> bool:
    """Whether it ends when it arrives, and not before."""
    return (
        session.get(ConsentRow, consent) is None
        and vault.get(LinkRow, consent) is not None
        and can_arrive(session, consent, head(session))
    )


def _send(house: House, consent: bytes) -> None:
    # The message is committed before the note that it was sent: sent twice is put once.
    with house.vault.writing() as vault, house.database.writing() as session:
        row = session.get(ConsentRow, consent)
        link = vault.get(LinkRow, consent)
        if link is not None and row is not None and row.revoked_in is None:
            end(session, house, link)
        vault.get_one(StopRow, consent).sent = True


def end(session: Session, house: House, link: LinkRow) -> str:
    """Queue the end of one running consent: by its code if that is kept, else on the mandate that her wish is."""
    if link.code is not None:
        code = RevocationCode.parse(link.code)
        return end_with_code(session, house, queries.given(session, link.consent), code)
    wish = {"v": 1, "wish": "stop", "consent": "0x" + link.consent.hex(), "shown": "letter"}
    return revoke_by_mandate(session, house, link.consent, artefacts.keep_document(session, "mandate", wish))


def require_not_lost(session: Session, consent: bytes) -> None:
    """Raises ConsentLostError."""
    if is_lost(session, consent):
        raise ConsentLostError(
            "This never reached the ledger. Nothing of it counts, and nothing is left to stop."
        )


def _stop(consent: bytes, asked_at: int, due_at: int) -> StopRow:
    return StopRow(consent=consent, asked_at=asked_at, due_at=due_at, sent=False)


def _running(session: Session, house: House, terms: Terms, own: Own) -> bytes:
    id_ = consent_id(house.city.domains.consents, terms, own)
    row = session.get(ConsentRow, id_)
    if session.get(TombstoneRow, id_) is not None or (row is not None and row.revoked_in is not None):
        raise AlreadyRevokedError("This consent has ended already. There is nothing left to stop.")
    return id_


def _put(session: Session, id_: bytes, call: Call) -> str:
    key = f"revoke:{id_.hex()}"
    messages.put(session, call, key=key, signer="revoker", gas=REVOKE_GAS)
    return key
