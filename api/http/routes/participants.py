"""Organisations: who has joined, and joining."""

from typing import Annotated

from fastapi import APIRouter, Response, status
from pydantic import Field

from api.http.acts import Offered, SignedForm, Taken, taken
from api.http.cursors import Page, Paging
from api.http.dependencies import Here, HouseHere, Reading, Writing
from api.http.once import JustOnce
from api.http.policies import Anybody, Caller
from api.http.shapes import Address, Amount, Answer, ClassName, Number, SentInstant, Shape, compact_signature
from api.http.waiting import Wait, until
from ledger.bindings import Join
from ledger.digests import text_digest
from ledger.enums import Status
from ledger.typed_documents import join_document
from marketplace.orders import queries as orders
from marketplace.participants import queries, service
from marketplace.participants.model import Participant
from marketplace.participants.rules import checked_name
from marketplace.provenance.queries import head

router = APIRouter(prefix="/v1/participants", tags=["participants"])

FORM_SECONDS = 600

Name = Annotated[str, Field(max_length=200, examples=["Bike Lab"])]


class ParticipantAnswer(Answer):
    number: Number
    name: str | None = Field(description="Null when its name is not published here.")
    class_: ClassName = Field(alias="class")
    status: str = Field(examples=["active"], description="joined, active or frozen.")
    account: Address
    joined_in: int = Field(description="Block.")

    @classmethod
    def of(cls, one: Participant) -> "ParticipantAnswer":
        return cls.model_validate(
            {
                "number": one.number,
                "name": one.name,
                "class": one.class_,
                "status": one.status.name.lower(),
                "account": one.account,
                "joined_in": one.joined_in,
            }
        )


class Me(ParticipantAnswer):
    """The caller, with its money."""

    balance: Amount = Field(description="Credits it holds.")
    credited: Amount = Field(description="Credits that wait to be withdrawn.")


class JoinWish(Shape):
    name: Name
    class_: ClassName = Field(alias="class")
    account: Address


class JoinForm(JoinWish):
    deadline: SentInstant

    @property
    def struct(self) -> Join:
        return Join(self.class_, text_digest(self.name), self.account, self.deadline)


@router.get("", operation_id="listParticipants", dependencies=[Anybody])
def list_participants(
    session: Reading,
    paging: Paging,
) -> Page[ParticipantAnswer]:
    """Every organisation of the city."""
    return paging.of(
        queries.everybody(session),
        place=lambda one: one.number,
        show=ParticipantAnswer.of,
    )


@router.get("/me", operation_id="getMe")
def get_me(caller: Caller, session: Reading) -> Me:
    """The caller, and its credits."""
    balance, credited = orders.balance(session, caller.account)
    shown = ParticipantAnswer.of(caller).model_dump(by_alias=True)
    return Me.model_validate({**shown, "class": caller.class_, "balance": balance, "credited": credited})


@router.get("/{number}", operation_id="getParticipant", dependencies=[Anybody])
def get_participant(number: Number, here: Here, wait: Wait) -> ParticipantAnswer:
    """One organisation. With `wait`, the answer may wait until it is admitted."""
    return until(
        here,
        lambda session: ParticipantAnswer.of(queries.by_number(session, number)),
        lambda one: one.status != Status.JOINED.name.lower(),
        wait,
    )


@router.post("/forms", operation_id="prepareJoining", dependencies=[Anybody])
def prepare_joining(wish: JoinWish, session: Reading, house: HouseHere) -> Offered[JoinForm]:
    """What an organisation signs to join."""
    name = checked_name(wish.name)
    deadline = head(session).timestamp + FORM_SECONDS
    form = JoinForm.made(name=name, class_=wish.class_, account=wish.account, deadline=deadline)
    return Offered(form=form, typed_data=join_document(house.city.domains.participants, form.struct, name))


@router.post(
    "",
    operation_id="join",
    dependencies=[Anybody],
    status_code=status.HTTP_202_ACCEPTED,
    response_model=Taken,
)
def join(sent: SignedForm[JoinForm], session: Writing, house: HouseHere, once: JustOnce) -> Response:
    """Join, under the organisation's own signature."""
    signature = compact_signature(sent.signature)
    form = sent.form
    return taken(once, service.join(session, house, form=form.struct, name=form.name, signature=signature))
