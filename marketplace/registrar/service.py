"""The registrar ties a person to her rows once and countersigns her consents; it is never the operator.

It signs at most one consent and one objection in force per person and use case, so revoking that one is enough.
Whether an earlier one is still in force, and which of the two a sentence is, it asks the ledger itself.
"""

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from ledger.bindings import Consent, Own, Signature, Terms
from ledger.city import Contracts
from ledger.consents import Opening, SignedConsent, countersign
from ledger.digests import sha256
from ledger.keys import Signer
from ledger.node import RevertedError
from ledger.typed_data import Domain, consent_id, recovered
from marketplace.errors import ConflictError, InvalidError, NotAllowedError, StoaError
from marketplace.registrar.rules import YOUNGEST, born_by, may_be_asked
from marketplace.registrar.tables import CountersignedRow, PersonRow, ReferenceRow

LETTER_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
LETTER_LENGTH = 16

ConsentOnLedger = Callable[[bytes], Consent]
IsObjection = Callable[[Terms], bool]


class UnknownLetterError(NotAllowedError):
    """The code is of no letter."""

    code = "unknown_letter"


class TooYoungError(NotAllowedError):
    """Nobody below the age of consent is asked."""

    code = "too_young"


class WrongCommitmentError(InvalidError):
    """The commitment is not to this person."""

    code = "wrong_commitment"


class ConsentInForceError(ConflictError):
    """She has a consent in force for this use case already."""

    code = "consent_in_force"


class WrongConsentSignatureError(NotAllowedError):
    """The consent is not signed by the key it names."""

    code = "wrong_signature"


@dataclass(frozen=True, slots=True)
class Registered:
    """What the city may know of somebody who showed her letter: her rows, not her name."""

    kind: str
    key: str
    reference: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """One person for the register."""

    kind: str
    key: str
    age: int
    """Today; the register keeps when she can have been born, so that she grows older in it."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A signed consent that asks for a countersignature."""

    terms: Terms
    own: Own
    signature: Signature
    salt: bytes


def objections_on(contracts: Contracts) -> IsObjection:
    """Whether terms are those of an objection, as the ledger has their sentence. Each is asked for once."""

    @cache
    def is_objection(terms: Terms) -> bool:
        try:
            _, objection = contracts.use_cases.require_grantable(
                terms.use_case, terms.statement, terms.recipient, terms.scope
            )
        except RevertedError:
            return False  # the ledger takes neither a consent nor an objection under these terms
        return objection

    return is_objection


def letter_code() -> str:
    code = "".join(secrets.choice(LETTER_ALPHABET) for _ in range(LETTER_LENGTH))
    return "-".join(code[start : start + 4] for start in range(0, LETTER_LENGTH, 4))


def letter_hash(code: str) -> bytes:
    return sha256("".join(sign for sign in code.upper() if sign.isalnum()).encode())


def enrol(session: Session, entries: Iterable[Entry]) -> int:
    """Put people into the register; those who are there already stay as they are. How many are new."""
    known = {(kind, key) for kind, key in session.execute(select(PersonRow.kind, PersonRow.key))}
    fresh = [entry for entry in entries if (entry.kind, entry.key) not in known]
    day = today()
    session.add_all(
        PersonRow(kind=entry.kind, key=entry.key, born_by=born_by(entry.age, day).isoformat())
        for entry in fresh
    )
    return len(fresh)


def write_letter(session: Session, *, kind: str, key: str) -> str:
    """A new code for the letter to one person; an earlier letter's code ends.

    Raises:
        UnknownLetterError: nobody like this is in the register.
        TooYoungError
    """
    person = person_at_desk(session, kind=kind, key=key)
    code = letter_code()
    person.letter_hash = letter_hash(code)
    return code


def person_of_letter(session: Session, code: str) -> PersonRow:
    """Raises UnknownLetterError, TooYoungError."""
    person = session.scalar(select(PersonRow).where(PersonRow.letter_hash == letter_hash(code)))
    if person is None:
        raise UnknownLetterError("This is the code of no letter. Compare each character, or ask the desk.")
    _require_age(person)
    return person


def person_at_desk(session: Session, *, kind: str, key: str) -> PersonRow:
    """Somebody who stands at the desk with her papers."""
    person = session.scalar(select(PersonRow).where(PersonRow.kind == kind, PersonRow.key == key))
    if person is None:
        raise UnknownLetterError("Nobody like this is in the register.")
    _require_age(person)
    return person


def registered(session: Session, person: PersonRow, use_case: int) -> Registered:
    """Her reference for one use case, made when it is first asked for."""
    row = session.get(ReferenceRow, (person.id, use_case))
    if row is None:
        row = ReferenceRow(person=person.id, use_case=use_case, reference=secrets.token_bytes(32))
        session.add(row)
        session.flush()
    return Registered(person.kind, person.key, row.reference)


@dataclass(frozen=True, slots=True)
class Pen:
    """What the registrar countersigns with: its key, and what it looks at before."""

    domain: Domain
    signer: Signer
    on_ledger: ConsentOnLedger
    now: int
    is_objection: IsObjection

    def countersign(self, ask: Ask, reference: bytes, earlier: CountersignedRow | None) -> Signature:
        """Countersign the consent of the person with this reference, whose last one was `earlier`.

        The same consent again gets the same countersignature: a lost answer costs nothing.

        Raises:
            WrongCommitmentError, WrongConsentSignatureError, ConsentInForceError
        """
        id_ = consent_id(self.domain, ask.terms, ask.own)
        if Opening(reference, ask.salt).commitment != ask.own.commitment:
            raise WrongCommitmentError("The consent's commitment is not to the person of this letter.")
        if recovered(id_, ask.signature) != ask.own.signer:
            raise WrongConsentSignatureError("The consent is not signed by the key it names.")
        if earlier is not None and earlier.consent == id_:
            return Signature(earlier.r, earlier.vs)
        if earlier is not None and _may_be_in_force(earlier, self.on_ledger, self.now):
            raise ConsentInForceError("A consent for this request is in force already. Stop that one first.")
        return countersign(self.domain, self.signer, SignedConsent(id_, ask.terms, ask.own, ask.signature))

    def entry(self, person: int, ask: Ask, signature: Signature) -> CountersignedRow:
        """What the register keeps of a countersignature."""
        return CountersignedRow(
            person=person,
            use_case=ask.terms.use_case,
            objection=self.is_objection(ask.terms),
            consent=consent_id(self.domain, ask.terms, ask.own),
            valid_until=ask.terms.valid_until,
            deadline=ask.terms.deadline,
            r=signature.r,
            vs=signature.vs,
        )


def countersign_for(session: Session, person: PersonRow, ask: Ask, pen: Pen) -> Signature:
    """Countersign her consent.

    Raises:
        WrongCommitmentError, WrongConsentSignatureError, ConsentInForceError
    """
    reference = registered(session, person, ask.terms.use_case).reference
    place = person.id, ask.terms.use_case, pen.is_objection(ask.terms)
    earlier = session.get(CountersignedRow, place)
    signature = pen.countersign(ask, reference, earlier)
    session.merge(pen.entry(person.id, ask, signature))
    session.flush()
    return signature


@dataclass(frozen=True, slots=True)
class DeskAsk:
    """A consent given at the desk by somebody who showed her papers."""

    kind: str
    key: str
    ask: Ask


def references_for(
    session: Session, use_case: int, people: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], Registered]:
    """The references of many people for one use case; those who are not registered or too young are left out."""
    by_key = {
        (row.kind, row.key): row.id
        for row in session.execute(
            select(PersonRow.id, PersonRow.kind, PersonRow.key).where(
                PersonRow.born_by <= born_by(YOUNGEST, today()).isoformat()
            )
        )
    }
    known = {
        row.person: row.reference
        for row in session.execute(
            select(ReferenceRow.person, ReferenceRow.reference).where(ReferenceRow.use_case == use_case)
        )
    }
    fresh: list[dict[str, object]] = []
    found: dict[tuple[str, str], Registered] = {}
    for kind, key in people:
        person = by_key.get((kind, key))
        if person is None:
            continue
        reference = known.get(person)
        if reference is None:
            reference = secrets.token_bytes(32)
            fresh.append({"person": person, "use_case": use_case, "reference": reference})
        found[kind, key] = Registered(kind, key, reference)
    if fresh:
        session.execute(insert(ReferenceRow), fresh)
    return found


def countersign_at_desk(session: Session, asks: Sequence[DeskAsk], pen: Pen) -> list[Signature | StoaError]:
    """Countersign what the desk took, each with the same checks as a single consent; a refusal stands in its place."""
    people = _people_at_desk(session, asks)
    numbers = [person.id for person in people.values()]
    references = {
        (row.person, row.use_case): row.reference
        for row in session.scalars(select(ReferenceRow).where(ReferenceRow.person.in_(numbers)))
    }
    last = {
        (row.person, row.use_case, row.objection): row
        for row in session.scalars(select(CountersignedRow).where(CountersignedRow.person.in_(numbers)))
    }
    answers: list[Signature | StoaError] = []
    for one in asks:
        try:
            person = people.get((one.kind, one.key)) or person_at_desk(session, kind=one.kind, key=one.key)
            _require_age(person)
            named = person.id, one.ask.terms.use_case
            if named not in references:
                references[named] = registered(session, person, one.ask.terms.use_case).reference
            place = *named, pen.is_objection(one.ask.terms)
            signature = pen.countersign(one.ask, references[named], last.get(place))
        except StoaError as refusal:
            answers.append(refusal)
            continue
        entry = pen.entry(person.id, one.ask, signature)
        if place in last:
            session.merge(entry)
        else:
            session.add(entry)
        last[place] = entry
        answers.append(signature)
    session.flush()
    return answers


def _people_at_desk(session: Session, asks: Sequence[DeskAsk]) -> dict[tuple[str, str], PersonRow]:
    keys = {one.key for one in asks}
    return {
        (row.kind, row.key): row for row in session.scalars(select(PersonRow).where(PersonRow.key.in_(keys)))
    }


def forget(session: Session, *, kind: str, key: str) -> int:
    """Erase somebody from the register: her references open nothing any more. How many rows went."""
    person = session.scalar(select(PersonRow).where(PersonRow.kind == kind, PersonRow.key == key))
    if person is None:
        return 0
    gone = 1
    for table in (ReferenceRow, CountersignedRow):
        for row in session.scalars(select(table).where(table.person == person.id)):
            session.delete(row)
            gone += 1
    session.delete(person)
    session.flush()
    return gone


def _may_be_in_force(earlier: CountersignedRow, on_ledger: ConsentOnLedger, now: int) -> bool:
    if now >= earlier.valid_until:
        return False
    slot = on_ledger(earlier.consent)
    if slot.revoked_in:
        return False
    # Not granted yet: until its deadline it may still arrive.
    return bool(slot.granted_in) or now <= earlier.deadline


def today() -> date:
    """The day on which ages are counted, in UTC: a matter of the calendar, not of a block."""
    return datetime.now(UTC).date()


def _require_age(person: PersonRow) -> None:
    if not may_be_asked(date.fromisoformat(person.born_by), today()):
        raise TooYoungError(f"Nobody below {YOUNGEST} is asked.")
