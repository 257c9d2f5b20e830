"""Joining, admitting and freezing organisations."""

from collections.abc import Collection

from sqlalchemy.orm import Session

from ledger.bindings import Join, Signature
from ledger.digests import text_digest
from ledger.enums import Class, Status
from ledger.outbox import messages
from ledger.typed_data import join_digest, recovered
from marketplace.catalogue import artefacts
from marketplace.errors import ConflictError, InvalidError, NotAllowedError
from marketplace.house import House
from marketplace.participants import queries
from marketplace.participants.rules import checked_name
from marketplace.provenance.queries import head


class AlreadyJoinedError(ConflictError):
    """This account, or this name, is enrolled."""

    code = "already_joined"


class WrongSignatureError(NotAllowedError):
    """The form was not signed by the account it names."""

    code = "wrong_signature"


class FormExpiredError(InvalidError):
    """The form's deadline has passed."""

    code = "form_expired"


class ClassNotOpenError(NotAllowedError):
    """Nobody joins as this class by form."""

    code = "class_not_open"


class WrongStatusError(ConflictError):
    """The participant's status does not allow this."""

    code = "wrong_status"


def join(session: Session, house: House, *, form: Join, name: str, signature: Signature) -> str:
    """Enrol an organisation under its own signature. Returns the outbox key to ask for.

    Raises:
        NameNotAllowedError, WrongSignatureError, FormExpiredError, AlreadyJoinedError, ClassNotOpenError
    """
    published = checked_name(name)
    if text_digest(published) != form.name:
        raise WrongSignatureError("The signed form names another name than the one that was sent.")
    if form.class_ not in set(Class) - {Class.NONE, Class.CITY}:
        raise ClassNotOpenError("Join as registrar, supplier, commercial, public service or auditor.")
    if recovered(join_digest(house.city.domains.participants, form), signature) != form.account:
        raise WrongSignatureError("The form is not signed by the account it names.")
    if head(session).timestamp > form.deadline:
        raise FormExpiredError("The form's deadline has passed. Sign a new one.")
    for known in queries.everybody(session):
        if known.account == form.account or known.name == published:
            raise AlreadyJoinedError(f"{known.name} is participant {known.number} already.")

    artefacts.keep_text(session, "name", published)
    key = f"join:{form.account}"
    messages.put(session, house.contracts.participants.join(form, signature), key=key, signer="relay")
    return key


def admit(session: Session, house: House, number: int) -> str:
    key = f"admit:{number}"
    messages.put(session, house.contracts.participants.admit(number), key=key, signer="operator")
    return key


def admit_waiting(session: Session, house: House, classes: Collection[Class]) -> int:
    """Admit everybody who joined as one of `classes`: the published policy for them is that anyone may.

    Returns how many were admitted now.
    """
    waiting = [
        one for one in queries.everybody(session) if one.status is Status.JOINED and one.class_ in classes
    ]
    return sum(
        messages.put(
            session,
            house.contracts.participants.admit(one.number),
            key=f"admit:{one.number}",
            signer="operator",
            once=True,
        )
        for one in waiting
    )


def freeze(session: Session, house: House, number: int, reason: str) -> str:
    """Stop an organisation within one block.

    Raises:
        UnknownParticipantError, WrongStatusError
    """
    require_status(session, number, Status.ACTIVE)
    digest = artefacts.keep_text(session, "reason", reason)
    key = f"freeze:{number}:{head(session).number}"
    messages.put(session, house.contracts.participants.freeze(number, digest), key=key, signer="guardian")
    return key


def unfreeze(session: Session, house: House, number: int, reason: str) -> str:
    """Let a frozen organisation act again.

    Raises:
        UnknownParticipantError, WrongStatusError
    """
    require_status(session, number, Status.FROZEN)
    digest = artefacts.keep_text(session, "reason", reason)
    key = f"unfreeze:{number}:{head(session).number}"
    messages.put(session, house.contracts.participants.unfreeze(number, digest), key=key, signer="operator")
    return key


def require_status(session: Session, number: int, status: Status) -> None:
    """Raises UnknownParticipantError, WrongStatusError."""
    found = queries.by_number(session, number)
    if found.status is not status:
        raise WrongStatusError(
            f"Participant {number} is {found.status.name.lower()}, not {status.name.lower()}. Nothing has changed."
        )
