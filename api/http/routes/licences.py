"""Licences: what one costs, buying it, what one holds."""

from fastapi import APIRouter, Response, status
from pydantic import Field
from sqlalchemy.orm import Session

from api.http.acts import Echo, Offered, SignedForm, Taken, taken
from api.http.cursors import Page, Paging
from api.http.dependencies import HouseHere, Reading, Writing
from api.http.once import JustOnce
from api.http.payments import Credits, payment_of
from api.http.policies import Caller
from api.http.receipts import PurchaseReceipt
from api.http.routes.city import BlockAnswer, TariffAnswer
from api.http.shapes import Amount, Answer, Digest, Instant, Number, SentInstant, Shape
from ledger.bindings import LicenceQuote
from ledger.payments import licence_quote_id
from ledger.typed_documents import licence_payment_document
from marketplace.licences import queries, service
from marketplace.licences.queries import Licence
from marketplace.orders import receipts
from marketplace.participants.model import Participant
from marketplace.provenance.queries import head

router = APIRouter(prefix="/v1/licences", tags=["licences"])


class LicenceWish(Shape):
    use_case: Number


class LicenceForm(Shape):
    """What a buyer accepts: `LicenceQuote` of the contract. Its digest is the payment's nonce."""

    use_case: Number
    tariff: Number
    price: Credits
    deadline: SentInstant
    salt: Digest

    @property
    def struct(self) -> LicenceQuote:
        return LicenceQuote(self.use_case, self.tariff, self.price, self.deadline, self.salt)


class OfferedLicence(Offered[LicenceForm]):
    tariff: TariffAnswer
    price: Amount


class SignedLicence(SignedForm[LicenceForm]):
    tariff: Echo
    price: Echo


class LicenceAnswer(Answer):
    number: Number
    use_case: Number
    starts_at: Instant
    ends_at: Instant
    quota: int = Field(description="Runs.")
    used: int
    discount: int = Field(description="Basis points off each run.")
    state: str = Field(examples=["running"], description="running, ended or terminated.")

    @classmethod
    def of(cls, session: Session, one: Licence) -> "LicenceAnswer":
        ended = head(session).timestamp >= one.ends_at
        return cls(
            number=one.number,
            use_case=one.use_case,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            quota=one.quota,
            used=one.used,
            discount=one.discount,
            state="terminated" if one.terminated else "ended" if ended else "running",
        )


class LicenceWithBlock(LicenceAnswer):
    as_of: BlockAnswer


def held(session: Session, number: int, caller: Participant) -> Licence:
    """A licence of the caller. Another's is as unknown as none."""
    return queries.held_licence(session, number, caller.account)


@router.get("", operation_id="listLicences")
def list_licences(
    caller: Caller,
    session: Reading,
    paging: Paging,
) -> Page[LicenceAnswer]:
    """The caller's licences."""
    return paging.of(
        queries.licences_of(session, caller.account),
        place=lambda one: one.number,
        show=lambda one: LicenceAnswer.of(session, one),
    )


@router.get("/{number}", operation_id="getLicence")
def get_licence(number: Number, caller: Caller, session: Reading) -> LicenceWithBlock:
    """One licence of the caller."""
    shown = LicenceAnswer.of(session, held(session, number, caller))
    return LicenceWithBlock(**dict(shown), as_of=BlockAnswer.of(head(session)))


@router.get("/{number}/receipt", operation_id="getLicenceReceipt")
def get_receipt(number: Number, caller: Caller, session: Reading) -> PurchaseReceipt:
    """What was paid for a licence, and where each cent went."""
    held(session, number, caller)
    return PurchaseReceipt.of(receipts.of_licence(session, number))


@router.post("/forms", operation_id="quoteLicence")
def quote_licence(wish: LicenceWish, caller: Caller, session: Reading, house: HouseHere) -> OfferedLicence:
    """What a licence costs the caller now. Signing the payment accepts the quote."""
    quote, tariff = service.quote(session, wish.use_case, caller)
    city = house.city
    return OfferedLicence(
        form=LicenceForm.made(**quote._asdict()),
        typed_data=licence_payment_document(
            city.domains.credit, city.addresses["Settlement"], caller.account, quote
        ),
        tariff=TariffAnswer.of(tariff),
        price=quote.price,
    )


@router.post("", operation_id="buyLicence", status_code=status.HTTP_202_ACCEPTED, response_model=Taken)
def buy_licence(
    sent: SignedLicence, caller: Caller, session: Writing, house: HouseHere, once: JustOnce
) -> Response:
    """Buy a licence: one transaction pays, splits and issues."""
    quoted = sent.form.struct
    payment = payment_of(caller, sent.signature, nonce=licence_quote_id(quoted), valid_before=quoted.deadline)
    return taken(once, service.buy(session, house, buyer=caller, quoted=quoted, payment=payment))
