"""The city's way to its registrar. A refusal over there is the same refusal here."""

from collections.abc import Sequence
from typing import TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from api.http.consent_shapes import CompactSignature, Own, Terms
from api.registrar.shapes import (
    Agrees,
    Countersigning,
    DeskAnswers,
    DeskAsk,
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
    Nothing,
    PeopleAtDesk,
    Person,
    Refusal,
    Resident,
    WrittenLetter,
)
from ledger import bindings
from marketplace.consent.service import Whose
from marketplace.errors import (
    ConflictError,
    InvalidError,
    NotAllowedError,
    NotFoundError,
    NotSignedInError,
    StoaError,
    UnavailableError,
)
from marketplace.registrar import service

SECONDS = 10.0

KIND_OF_STATUS: dict[int, type[StoaError]] = {
    403: NotAllowedError,
    404: NotFoundError,
    409: ConflictError,
    422: InvalidError,
}

Answer = TypeVar("Answer", bound=BaseModel)


class RegistrarDownError(UnavailableError):
    """The registrar's office does not answer."""

    code = "registrar_unavailable"


class WrongDeskTokenError(NotSignedInError):
    """The desk showed a token that the registrar does not know."""

    code = "wrong_desk_token"


class RegistrarClient:
    """The registrar's office over HTTP (`marketplace.consent.service.Registrar`)."""

    def __init__(self, client: httpx.Client, token: str, *, of_desk: bool = False) -> None:
        self._client = client
        self._token = token
        self._of_desk = of_desk

    @classmethod
    def at(cls, url: str, token: str) -> "RegistrarClient":
        """The registrar at `url`; connections are opened when they are needed."""
        return cls(httpx.Client(base_url=url, timeout=SECONDS), token)

    def whose(self, letter: str, use_case: int) -> Whose:
        found = self.ask("whose", LetterForUseCase(letter=letter, use_case=use_case), KnownPerson)
        return Whose(found.kind, found.key, found.reference)

    def person(self, letter: str) -> tuple[str, str]:
        """(kind, key) of whoever showed this letter."""
        found = self.ask("person", LetterShown(letter=letter), Person)
        return found.kind, found.key

    def countersign(
        self,
        letter: str,
        terms: bindings.Terms,
        own: bindings.Own,
        signature: bindings.Signature,
        salt: bytes,
    ) -> bindings.Signature:
        asked = Countersigning(
            letter=letter,
            terms=Terms.of(terms),
            own=Own.of(own),
            signature=CompactSignature.of(signature),
            salt=salt,
        )
        return self.ask("countersignatures", asked, CompactSignature).struct

    def forget(self, letter: str) -> bool:
        """Erase the person of this letter from the register. False: she is not in it."""
        return self.ask("forgettings", LetterShown(letter=letter), Forgotten).forgotten

    def at_desk(self, desk_token: str) -> "RegistrarAtDesk":
        """What the desk may ask for people who stand there; its token is the desk's, not the city's."""
        return RegistrarAtDesk(RegistrarClient(self._client, desk_token, of_desk=True))

    def ask(self, path: str, asked: BaseModel, expected: type[Answer]) -> Answer:
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            answer = self._client.post(f"/v1/{path}", json=asked.model_dump(mode="json"), headers=headers)
        except httpx.HTTPError as error:
            raise RegistrarDownError(
                "The registrar's office does not answer. Nothing was changed; try again in a moment."
            ) from error
        if answer.status_code == 200:
            return understood(answer, expected)
        if answer.status_code == 401 and self._of_desk:
            raise WrongDeskTokenError(
                "The registrar does not know this desk's token. Ask the registrar for it."
            )
        raise refusal_of(answer)


class RegistrarAtDesk:
    """The registrar, as the desk may ask it: for people who show their papers."""

    def __init__(self, client: RegistrarClient) -> None:
        self._client = client

    def require(self) -> None:
        """Raises WrongDeskTokenError unless the registrar knows the desk's token."""
        self._client.ask("desk/here", Nothing(), IsDesk)

    def references(
        self, use_case: int, people: Sequence[tuple[str, str]]
    ) -> dict[tuple[str, str], service.Registered]:
        """The references of these people; those who are not registered, or too young, are left out."""
        asked = PeopleAtDesk(use_case=use_case, people=[Person(kind=kind, key=key) for kind, key in people])
        found = self._client.ask("desk/people", asked, KnownPeople)
        return {
            (one.kind, one.key): service.Registered(one.kind, one.key, one.reference) for one in found.people
        }

    def countersign(self, asks: Sequence[service.DeskAsk]) -> list[bindings.Signature | StoaError]:
        """One countersignature or refusal per consent, in order."""
        asked = DeskAsks(asks=[desk_ask(one) for one in asks])
        found = self._client.ask("desk/countersignatures", asked, DeskAnswers)
        return [
            one.signature.struct if one.signature is not None else desk_refusal(one.refusal)
            for one in found.answers
        ]

    def write_letter(self, kind: str, key: str, resident: str = "") -> str:
        asked = LetterTo(kind=kind, key=key, resident=resident)
        return self._client.ask("desk/letters", asked, WrittenLetter).code

    def move_in(self, kind: str, key: str, resident: str, age: int) -> bool:
        """Enter somebody who shares this. False: she is there already."""
        asked = MovesIn(kind=kind, key=key, resident=resident, age=age)
        return self._client.ask("desk/residents", asked, Done).done

    def move_out(self, kind: str, key: str, resident: str) -> None:
        self._client.ask("desk/residents/gone", Resident(kind=kind, key=key, resident=resident), Done)

    def agree(self, kind: str, key: str, resident: str, terms: bindings.Terms) -> None:
        """Note the yes of one of those who share this, to these terms."""
        asked = Agrees(
            kind=kind,
            key=key,
            resident=resident,
            use_case=terms.use_case,
            scope=terms.scope,
            valid_until=terms.valid_until,
        )
        self._client.ask("desk/agreements", asked, Done)

    def disagree(self, kind: str, key: str, resident: str, use_case: int) -> bool:
        """Take back her yes while it waits for the others. False: there was none."""
        asked = Disagrees(kind=kind, key=key, resident=resident, use_case=use_case)
        return self._client.ask("desk/agreements/withdrawn", asked, Done).done


def desk_refusal(told: Refusal | None) -> StoaError:
    assert told is not None
    return refusal(NotAllowedError, told.code, told.detail)


def desk_ask(one: service.DeskAsk) -> DeskAsk:
    return DeskAsk(
        kind=one.kind,
        key=one.key,
        terms=Terms.of(one.ask.terms),
        own=Own.of(one.ask.own),
        signature=CompactSignature.of(one.ask.signature),
        salt=one.ask.salt,
    )


def understood(answer: httpx.Response, expected: type[Answer]) -> Answer:
    try:
        return expected.model_validate(answer.json())
    except (ValueError, ValidationError):
        raise RegistrarDownError(
            "Something else than the registrar's office answers at its address."
        ) from None


def refusal_of(answer: httpx.Response) -> StoaError:
    """The refusal that a problem document tells."""
    kind = KIND_OF_STATUS.get(answer.status_code)
    try:
        problem = answer.json()
        code, detail = str(problem["code"]), str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        kind = None
        code = detail = ""
    if kind is None:
        return RegistrarDownError(
            "The registrar's office cannot answer now. Nothing was changed; try again in a moment."
        )
    return refusal(kind, code, detail)


def refusal(kind: type[StoaError], code: str, detail: str) -> StoaError:
    error = kind(detail)
    error.code = code
    return error
