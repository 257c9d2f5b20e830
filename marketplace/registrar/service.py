"""The registrar ties a person to her rows once and countersigns her consents; it is never the operator.

It signs at most one consent and one objection in force per person and use case, so revoking that one is enough.
Whether an earlier one is still in force, and which of the two a sentence is, it asks the ledger itself.
"""

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache

from sqlalchemy import insert, or_, select
from sqlalchemy.orm import Session

from ledger.bindings import Consent, Own, Signature, Terms
from ledger.city import Contracts
from ledger.consents import Opening, SignedConsent, countersign
from ledger.digests import sha256
from ledger.keys import Signer
from ledger.node import RevertedError
from ledger.typed_data import Domain, consent_id, recovered
from marketplace.errors import ConflictError, InvalidError, NotAllowedError, StoaError
from marketplace.registrar import sharing
from marketplace.registrar.rules import SHARED, YOUNGEST, born_by, may_be_asked
from marketplace.registrar.tables import CountersignedRow, PersonRow, ReferenceRow, ResidentRow

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
    resident: str = ""
    """Of what several share: which one of them this is."""


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
    known = entered(session)
    day = today()
    new = 0
    sharing_it: list[Entry] = []
    for entry in entries:
        if (entry.kind, entry.key) not in known:
            known.add((entry.kind, entry.key))
            session.add(
                PersonRow(kind=entry.kind, key=entry.key, born_by=born_by(entry.age, day).isoformat())
            )
            new += not entry.resident
        if entry.resident:
            sharing_it.append(entry)
    session.flush()
    for entry in sharing_it:
        shared = person_at_desk(session, kind=entry.kind, key=entry.key)
        new += sharing.move_in(session, shared, entry.resident, entry.age, day)
    return new


def entered(session: Session) -> set[tuple[str, str]]:
    """(kind, key) of everybody, and of what is shared, in the register."""
    return {(str(kind), str(key)) for kind, key in session.execute(select(PersonRow.kind, PersonRow.key))}


def has_letter(session: Session, *, kind: str, key: str, resident: str = "") -> bool:
    """Whether a letter is out to her, whose code another letter would end.

    Raises:
        UnknownLetterError: nobody like this is in the register.
        UnknownResidentError: it is shared, and by nobody of this name.
    """
    person = person_at_desk(session, kind=kind, key=key)
    addressee = sharing.known_resident(session, person, resident) if kind in SHARED else person
    return addressee.letter_hash is not None


def write_letter(session: Session, *, kind: str, key: str, resident: str = "") -> str:
    """A new code for the letter to one person, or to one of those who share something; an earlier letter's code ends.

    Raises:
        UnknownLetterError: nobody like this is in the register.
        UnknownResidentError: it is shared, and by nobody of this name.
        TooYoungError
    """
    person = person_at_desk(session, kind=kind, key=key)
    code = letter_code()
    if person.kind in SHARED:
        one = sharing.known_resident(session, person, resident)
        _require_age_of(one.born_by)
        one.letter_hash = letter_hash(code)
    else:
        person.letter_hash = letter_hash(code)
    session.flush()
    return code


def person_of_letter(session: Session, code: str) -> PersonRow:
    """Whose letter it is, or what is shared by her whose letter it is.

    Raises:
        UnknownLetterError, TooYoungError
    """
    resident = resident_of_letter(session, code)
    if resident is not None:
        _require_age_of(resident.born_by)
        return session.get_one(PersonRow, resident.entry)
    person = session.scalar(select(PersonRow).where(PersonRow.letter_hash == letter_hash(code)))
    if person is None:
        raise UnknownLetterError("This is the code of no letter. Compare each character, or ask the desk.")
    _require_age(person)
    return person


def resident_of_letter(session: Session, code: str) -> ResidentRow | None:
    """Which of those who share something has this letter; None: it is the letter of somebody alone, or of nobody."""
    return session.scalar(select(ResidentRow).where(ResidentRow.letter_hash == letter_hash(code)))


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
        known = self.checked(ask, reference, earlier)
        id_ = consent_id(self.domain, ask.terms, ask.own)
        consent = SignedConsent(id_, ask.terms, ask.own, ask.signature)
        return known or countersign(self.domain, self.signer, consent)

    def checked(self, ask: Ask, reference: bytes, earlier: CountersignedRow | None) -> Signature | None:
        """As `countersign`, without signing: the countersignature that this very consent has already, or None."""
        id_ = consent_id(self.domain, ask.terms, ask.own)
        if Opening(reference, ask.salt).commitment != ask.own.commitment:
            raise WrongCommitmentError("The consent's commitment is not to the person of this letter.")
        if recovered(id_, ask.signature) != ask.own.signer:
            raise WrongConsentSignatureError("The consent is not signed by the key it names.")
        if earlier is not None and earlier.consent == id_:
            return Signature(earlier.r, earlier.vs)
        if earlier is not None and _may_be_in_force(earlier, self.on_ledger, self.now):
            raise ConsentInForceError("A consent for this request is in force already. Stop that one first.")
        return None

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


def note_agreement(session: Session, code: str, ask: Ask, pen: Pen) -> None:
    """Where several share what this letter opens, note its holder's yes: her consent, checked, is her agreement.

    Raises:
        UnknownLetterError, TooYoungError, WrongCommitmentError, WrongConsentSignatureError, ConsentInForceError
    """
    person, resident = person_of_letter(session, code), resident_of_letter(session, code)
    if resident is None or pen.is_objection(ask.terms):
        return
    reference = registered(session, person, ask.terms.use_case).reference
    earlier = session.get(CountersignedRow, (person.id, ask.terms.use_case, False))
    if pen.checked(ask, reference, earlier) is None:
        terms = ask.terms
        sharing.agree(
            session,
            resident,
            use_case=terms.use_case,
            scope=terms.scope,
            valid_until=terms.valid_until,
            now=pen.now,
        )


def agree_at_desk(
    session: Session,
    *,
    kind: str,
    key: str,
    resident: str,
    use_case: int,
    scope: int,
    valid_until: int,
    now: int,
) -> None:
    """Note the yes of somebody who shares this and stands at the desk with her papers.

    Raises:
        UnknownLetterError, UnknownResidentError, TooYoungError
    """
    shared = person_at_desk(session, kind=kind, key=key)
    one = sharing.known_resident(session, shared, resident)
    _require_age_of(one.born_by)
    sharing.agree(session, one, use_case=use_case, scope=scope, valid_until=valid_until, now=now)


def disagree_at_desk(session: Session, *, kind: str, key: str, resident: str, use_case: int) -> bool:
    """Take back a yes that waits for the others. Whether there was one.

    Raises:
        UnknownLetterError, UnknownResidentError
    """
    shared = person_at_desk(session, kind=kind, key=key)
    return sharing.disagree(session, sharing.known_resident(session, shared, resident), use_case)


def countersign_for(session: Session, person: PersonRow, ask: Ask, pen: Pen) -> Signature:
    """Countersign her consent; where several share what it is about, once every adult of them has agreed.

    Raises:
        WrongCommitmentError, WrongConsentSignatureError, ConsentInForceError, NobodyLivesThereError,
        WaitsForOthersError
    """
    reference = registered(session, person, ask.terms.use_case).reference
    place = person.id, ask.terms.use_case, pen.is_objection(ask.terms)
    earlier = session.get(CountersignedRow, place)
    _require_agreed(session, person, ask, pen, reference, earlier)
    signature = pen.countersign(ask, reference, earlier)
    session.merge(pen.entry(person.id, ask, signature))
    session.flush()
    return signature


def _require_agreed(
    session: Session,
    person: PersonRow,
    ask: Ask,
    pen: Pen,
    reference: bytes,
    earlier: CountersignedRow | None,
) -> None:
    """Before a new consent to what several share: that all of them agreed. What they said is used up by it."""
    if person.kind not in SHARED or pen.is_objection(ask.terms):
        return
    if pen.checked(ask, reference, earlier) is None:
        sharing.require_everybody(session, person, ask.terms, day=today(), now=pen.now)
        sharing.forget_agreements(session, person, ask.terms.use_case)


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
                or_(
                    PersonRow.kind.in_(SHARED),
                    PersonRow.born_by <= born_by(YOUNGEST, today()).isoformat(),
                )
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
            _require_agreed(session, person, one.ask, pen, references[named], last.get(place))
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
    for resident in session.scalars(select(ResidentRow).where(ResidentRow.entry == person.id)):
        sharing.move_out(session, person, resident.name)
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
    if person.kind not in SHARED:  # those who share it are asked, each by her own age
        _require_age_of(person.born_by)


def _require_age_of(born: str) -> None:
    if not may_be_asked(date.fromisoformat(born), today()):
        raise TooYoungError(f"Nobody below {YOUNGEST} is asked.")
