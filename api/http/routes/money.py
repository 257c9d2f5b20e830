"""Money out, and play money in."""

from typing import Annotated

from fastapi import APIRouter, Response, status
from pydantic import Field

from api.http.acts import Taken, taken
from api.http.cursors import Page, Paging
from api.http.dependencies import Here, HouseHere, Reading, Writing
from api.http.once import JustOnce
from api.http.policies import Anybody, Caller
from api.http.shapes import MICRO, Address, Amount, Answer, Number, SentAmount, Shape
from marketplace.orders import payouts, play_bank
from marketplace.orders.payouts import Share
from marketplace.orders.play_bank import NoPlayBankError

router = APIRouter(prefix="/v1", tags=["money"])

MOST_PLAYED = 10_000 * MICRO
Party = Annotated[int, Field(ge=0, le=4, description="0 is the city, n the n-th payee.")]


class Withdrawal(Shape):
    account: Address = Field(description="Who is paid what is credited to it.")


class ShareWithdrawal(Shape):
    tariff: Number
    party: Party


class ShareAnswer(Answer):
    tariff: Number
    party: int
    earned: Amount
    paid: Amount
    due: Amount

    @classmethod
    def of(cls, one: Share) -> "ShareAnswer":
        return cls(tariff=one.tariff, party=one.party, earned=one.earned, paid=one.paid, due=one.due)


class Transfer(Shape):
    amount: Annotated[SentAmount, Field(ge=1, le=MOST_PLAYED)] = Field(examples=["200.00"])


class TakenTransfer(Taken):
    label: str = Field(default="simulated", description="No money was moved anywhere.")


@router.get("/shares", operation_id="listShares")
def list_shares(caller: Caller, session: Reading, paging: Paging) -> Page[ShareAnswer]:
    """What the caller has earned by tariffs that pay it."""
    return paging.of(
        payouts.shares_of(session, caller.number),
        place=lambda one: f"{one.tariff}:{one.party}",
        show=ShareAnswer.of,
    )


@router.post(
    "/withdrawals",
    operation_id="withdraw",
    dependencies=[Anybody],
    status_code=status.HTTP_202_ACCEPTED,
    response_model=Taken,
)
def withdraw(sent: Withdrawal, session: Writing, house: HouseHere, once: JustOnce) -> Response:
    """Pay out what is credited to an account, to that account. Anyone may ask, also for one that is frozen."""
    return taken(once, payouts.withdraw(session, house, sent.account))


@router.post(
    "/shares/withdrawals",
    operation_id="withdrawShare",
    dependencies=[Anybody],
    status_code=status.HTTP_202_ACCEPTED,
    response_model=Taken,
)
def withdraw_share(sent: ShareWithdrawal, session: Writing, house: HouseHere, once: JustOnce) -> Response:
    """Pay a party of a tariff what it has earned so far. Anyone may ask."""
    return taken(once, payouts.withdraw_share(session, house, sent.tariff, sent.party))


@router.post(
    "/bank/transfers",
    operation_id="payIn",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=TakenTransfer,
)
def pay_in(sent: Transfer, caller: Caller, session: Writing, here: Here, once: JustOnce) -> Response:
    """Pay in play money. Only cities on a development network have this bank."""
    if not here.settings.play_bank:
        raise NoPlayBankError
    key = play_bank.pay_in(session, here.house, account=caller.account, amount=sent.amount)
    return once.accepted(TakenTransfer(message=key), location=f"/v1/messages/{key}")
