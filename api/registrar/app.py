"""The registrar's office: a small server of its own, with its own database and key, on loopback.

It knows who people are; the city does not. The city's token opens what needs a person's letter as well. What needs no
letter, because she stands there with her papers, opens with the desk's token, which the city does not have.
"""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, FastAPI, Request
from sqlalchemy.orm import Session

from api.http import problems
from api.http.bodies import StrictBodies
from api.http.consent_shapes import CompactSignature
from api.registrar.shapes import (
    Agrees,
    Countersigning,
    DeskAnswer,
    DeskAnswers,
    DeskAsks,
    Disagrees,
    Done,
    Forgotten,
    IsDesk,
    KnownPeople,
    KnownPerson,
    LetterForUseCase,
    LetterShown,
    LetterTo,
    MovesIn,
    PeopleAtDesk,
    Person,
    Refusal,
    Resident,
    WrittenLetter,
)
from ledger.bindings import Signature
from ledger.city import City, Contracts
from ledger.keys import Signer
from ledger.node import Node
from ledger.storage import Database
from marketplace.errors import NotSignedInError, StoaError, UnavailableError
from marketplace.registrar import service, sharing
from marketplace.registrar.service import Ask

LARGEST_BODY = 2_000_000


class WrongTokenError(NotSignedInError):
    """The registrar does not know this token."""

    code = "wrong_registrar_token"


class RegisterBusyError(UnavailableError):
    """Somebody reads the register just now."""

    code = "register_busy"


@dataclass(frozen=True)
class RegistrarOffice:
    """What the registrar works with."""

    city: City
    node: Node
    database: Database
    signer: Signer
    city_token: str
    desk_token: str


def office(request: Request) -> RegistrarOffice:
    return cast("RegistrarOffice", request.app.state.office)


Here = Annotated[RegistrarOffice, Depends(office)]


def register(here: Here) -> Iterator[Session]:
    with here.database.writing() as session:
        yield session


Register = Annotated[Session, Depends(register, scope="function")]


def require_token(request: Request, expected: str) -> None:
    shown = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not hmac.compare_digest(shown.encode(), expected.encode()):
        raise WrongTokenError("The registrar does not know this token. Compare the token files.")


def from_city(request: Request, here: Here) -> None:
    require_token(request, here.city_token)


def from_desk(request: Request, here: Here) -> None:
    require_token(request, here.desk_token)


def create_registrar_app(here: RegistrarOffice) -> FastAPI:
    app = FastAPI(title="Stoa registrar", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.office = here
    problems.install(app)
    app.add_middleware(StrictBodies, largest=LARGEST_BODY)
    app.add_middleware(problems.LastResort)
    app.post("/v1/person", dependencies=[Depends(from_city)])(person)
    app.post("/v1/whose", dependencies=[Depends(from_city)])(whose)
    app.post("/v1/countersignatures", dependencies=[Depends(from_city)])(countersign)
    app.post("/v1/forgettings", dependencies=[Depends(from_city)])(forget)
    app.post("/v1/desk/here", dependencies=[Depends(from_desk)])(is_desk)
    app.post("/v1/desk/people", dependencies=[Depends(from_desk)])(people_at_desk)
    app.post("/v1/desk/countersignatures", dependencies=[Depends(from_desk)])(countersign_at_desk)
    app.post("/v1/desk/residents", dependencies=[Depends(from_desk)])(move_in)
    app.post("/v1/desk/residents/gone", dependencies=[Depends(from_desk)])(move_out)
    app.post("/v1/desk/agreements", dependencies=[Depends(from_desk)])(agree_at_desk)
    app.post("/v1/desk/agreements/withdrawn", dependencies=[Depends(from_desk)])(disagree_at_desk)
    app.post("/v1/desk/letters", dependencies=[Depends(from_desk)])(write_letter)
    app.get("/healthz")(healthz)
    return app


def healthz() -> dict[str, str]:
    return {"status": "alive"}


def person(shown: LetterShown, session: Register) -> Person:
    """Whose letter it is."""
    found = service.person_of_letter(session, shown.letter)
    return Person(kind=found.kind, key=found.key)


def whose(shown: LetterForUseCase, session: Register) -> KnownPerson:
    """Whose letter it is, with her reference for one use case."""
    found = service.person_of_letter(session, shown.letter)
    return known(service.registered(session, found, shown.use_case))


def countersign(asked: Countersigning, here: Here) -> CompactSignature:
    """Countersign the consent of the person of this letter. A yes that waits for others is kept, though refused."""
    ask = Ask(asked.terms.struct, asked.own.struct, asked.signature.struct, asked.salt)
    pen = pen_of(here)
    with here.database.writing() as session:
        service.note_agreement(session, asked.letter, ask, pen)
    with here.database.writing() as session:
        person = service.person_of_letter(session, asked.letter)
        return CompactSignature.of(service.countersign_for(session, person, ask, pen))


def pen_of(here: RegistrarOffice) -> service.Pen:
    contracts = Contracts(here.city, here.node)
    return service.Pen(
        domain=here.city.domains.consents,
        signer=here.signer,
        on_ledger=contracts.consents.consent,
        now=here.node.head().timestamp,
        is_objection=service.objections_on(contracts),
    )


def forget(shown: LetterShown, here: Here) -> Forgotten:
    """Erase the person of this letter. Asked again, there is nobody left to erase.

    Raises:
        RegisterBusyError: she is erased, but the database's log could not be cut.
    """
    with here.database.writing() as session:
        forgotten = forgotten_by_letter(session, shown.letter)
    if not here.database.truncate_log():
        raise RegisterBusyError("The register is read, and its log still holds what was erased. Ask again.")
    return Forgotten(forgotten=forgotten)


def forgotten_by_letter(session: Session, letter: str) -> bool:
    try:
        found = service.person_of_letter(session, letter)
    except service.UnknownLetterError:
        return False
    return bool(service.forget(session, kind=found.kind, key=found.key))


def is_desk() -> IsDesk:
    """Whether the token is the desk's: whoever gets this answer is the desk."""
    return IsDesk(desk=True)


def people_at_desk(asked: PeopleAtDesk, session: Register) -> KnownPeople:
    """The references of people who stand at the desk; who is not registered, or too young, is left out."""
    people = [(one.kind, one.key) for one in asked.people]
    found = service.references_for(session, asked.use_case, people)
    return KnownPeople(people=[known(one) for one in found.values()])


def countersign_at_desk(asked: DeskAsks, session: Register, here: Here) -> DeskAnswers:
    """Countersign what the desk took; each is checked as a single one is."""
    answers = service.countersign_at_desk(
        session,
        [
            service.DeskAsk(
                one.kind, one.key, Ask(one.terms.struct, one.own.struct, one.signature.struct, one.salt)
            )
            for one in asked.asks
        ],
        pen_of(here),
    )
    return DeskAnswers(answers=[desk_answer(one) for one in answers])


def write_letter(asked: LetterTo, session: Register) -> WrittenLetter:
    """A new code for the letter to one person; an earlier letter's code ends."""
    code = service.write_letter(session, kind=asked.kind, key=asked.key, resident=asked.resident)
    return WrittenLetter(code=code)


def move_in(asked: MovesIn, session: Register) -> Done:
    """Enter somebody who shares a home."""
    entry = service.Entry(asked.kind, asked.key, asked.age, asked.resident)
    return Done(done=bool(service.enrol(session, [entry])))


def move_out(asked: Resident, session: Register) -> Done:
    """Take somebody out of a home that she shares no more."""
    shared = service.person_at_desk(session, kind=asked.kind, key=asked.key)
    sharing.move_out(session, shared, asked.resident)
    return Done(done=True)


def agree_at_desk(asked: Agrees, session: Register, here: Here) -> Done:
    """Note the yes of one of those who share a home, who stands at the desk."""
    service.agree_at_desk(
        session,
        kind=asked.kind,
        key=asked.key,
        resident=asked.resident,
        use_case=asked.use_case,
        scope=asked.scope,
        valid_until=asked.valid_until,
        now=here.node.head().timestamp,
    )
    return Done(done=True)


def disagree_at_desk(asked: Disagrees, session: Register) -> Done:
    """Take back the yes of one of those who share a home, while it waits for the others."""
    withdrawn = service.disagree_at_desk(
        session, kind=asked.kind, key=asked.key, resident=asked.resident, use_case=asked.use_case
    )
    return Done(done=withdrawn)


def desk_answer(answer: Signature | StoaError) -> DeskAnswer:
    if isinstance(answer, StoaError):
        return DeskAnswer(refusal=Refusal(code=answer.code, detail=str(answer)))
    return DeskAnswer(signature=CompactSignature.of(answer))


def known(found: service.Registered) -> KnownPerson:
    return KnownPerson(kind=found.kind, key=found.key, reference=found.reference)
