"""A bank for playing: transfers that nobody sent, for cities on a development network. Labelled as simulated."""

import secrets

from sqlalchemy.orm import Session

from ledger.roles import DEVNET
from marketplace.errors import NotAllowedError
from marketplace.house import House
from marketplace.orders import bank


class NoPlayBankError(NotAllowedError):
    """This city takes real money only."""

    code = "no_play_bank"

    def __init__(self) -> None:
        super().__init__(
            "This city has no play bank. Transfer money to the city's account; its operator credits it with `stoa city "
            "paid-in`."
        )


def pay_in(session: Session, house: House, *, account: str, amount: int) -> str:
    """Credit `amount` micro-credits against a simulated line of a bank statement. Returns the outbox key.

    Raises:
        NoPlayBankError: the city's network is not a development one.
    """
    if house.city.profile != DEVNET.name:
        raise NoPlayBankError
    line = {
        "v": 1,
        "label": "simulated",
        "to": account,
        "amount": str(amount),
        "reference": secrets.token_hex(16),
    }
    key = bank.book(session, house, account=account, amount=amount, line=line)
    assert key is not None, "its reference is new"
    return key
