"""A buyer's signature as the payment it is."""

from typing import Annotated

from pydantic import Field

from api.http.shapes import SentAmount, parts_of
from ledger.bindings import Payment
from marketplace.participants.model import Participant

Credits = Annotated[SentAmount, Field(ge=0, le=2**64 - 1)]
"""What fits a word of the settlement contract."""


def payment_of(payer: Participant, signature: bytes, *, nonce: bytes, valid_before: int) -> Payment:
    """The ERC-3009 authorisation that `payer` signed: to Settlement, valid until `valid_before`.

    Raises:
        SignatureMalformedError
    """
    v, r, s = parts_of(signature)
    return Payment(from_=payer.account, valid_after=0, valid_before=valid_before, nonce=nonce, v=v, r=r, s=s)
