"""A bank for playing: transfers that nobody sent, for cities on a development network. Labelled as simulated."""

import secrets

from sqlalchemy.orm import Session

from ledger.digests import hexed
from ledger.outbox import messages
from ledger.roles import DEVNET
from marketplace.catalogue import artefacts
from marketplace.errors import NotAllowedError
from marketplace.house import House


class NoPlayBankError(NotAllowedError):
    """This city takes real money only."""

    code = "no_play_bank"


def pay_in(session: Session, house: House, *, account: str, amount: int) -> str:
    """Credit `amount` micro-credits against a simulated line of a bank statement. Returns the outbox key.

    Raises:
        NoPlayBankError: the city's network is not a development one.
    """
    if house.city.profile != DEVNET.name:
        raise NoPlayBankError("This city has no play bank. Transfer money to the city's account.")
    line = {
        "v": 1,
        "label": "simulated",
        "to": account,
        "amount": str(amount),
        "reference": secrets.token_hex(16),
    }
    digest = artefacts.keep_document(session, "statement-line", line)
    key = f"mint:{hexed(digest)}"
    call = house.contracts.credit.mint(account, amount, digest)
    messages.put(session, call, key=key, signer="treasurer")
    return key
