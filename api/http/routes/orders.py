"""Orders: what a run costs, asking for one, what became of it, its result and its proofs."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Response, status
from pydantic import Field
from sqlalchemy.orm import Session

from api.http.acts import Echo, Offered, SignedForm, Taken, taken
from api.http.cursors import Page, Paging
from api.http.dependencies import Here, HouseHere, Reading, VaultReading, Writing
from api.http.once import JustOnce
from api.http.payments import Credits, payment_of
from api.http.policies import Caller
from api.http.receipts import PurchaseReceipt
from api.http.routes.city import BlockAnswer, TariffAnswer
from api.http.shapes import Amount, Answer, Digest, Instant, Number, SentInstant, Shape, in_credits
from api.http.waiting import Wait, until
from ledger.bindings import OrderQuote
from ledger.digests import hexed, sha256
from ledger.enums import OrderState
from ledger.payments import order_id
from ledger.typed_documents import order_payment_document
from marketplace.catalogue import artefacts
from marketplace.orders import coverage, queries, receipts, service
from marketplace.orders.coverage import Coverage
from marketplace.orders.model import Order
from marketplace.orders.refunding import told
from marketplace.orders.service import OrderOffer
from marketplace.participants.model import Participant
from marketplace.provenance import proofs, statements
from marketplace.provenance.queries import head

router = APIRouter(prefix="/v1/orders", tags=["orders"])

OrderId = Annotated[Digest, Path(description="The order's id: the digest of its terms.")]


class OrderWish(Shape):
    licence: Number
    versions: dict[str, Number] | None = Field(
        default=None, max_length=6, description="Dataset to version; by default the newest of each."
    )
    seconds: Annotated[int, Field(ge=1, le=604_800, examples=[3600])] = Field(
        default=3600, description="Until when there must be an answer, or the money comes back."
    )


class OrderForm(Shape):
    """What a buyer accepts: `OrderQuote` of the contract. Its digest is the payment's nonce and the order's id."""

    licence: Number
    tariff: Number
    request: Digest
    cap: Credits
    deadline: SentInstant
    salt: Digest

    @property
    def struct(self) -> OrderQuote:
        return OrderQuote(self.licence, self.tariff, self.request, self.cap, self.deadline, self.salt)


class RequestDocument(Shape):
    """Which routine over which versions. The form names its digest (SHA-256 of its RFC 8785 bytes)."""

    v: Annotated[int, Field(ge=1, le=1)]
    use_case: Number = Field(alias="useCase")
    routine: Annotated[str, Field(pattern="^0x[0-9a-f]{64}$", examples=["0x" + "1f" * 32])]
    versions: dict[str, Number] = Field(max_length=6)


class OrderDocuments(Shape):
    request: RequestDocument


class PriceAnswer(Answer):
    """Why it costs what it costs."""

    unit_price: Amount
    most_units: int
    most: Amount = Field(description="The cap: what waits in escrow, and can be charged at most.")
    meter: str
    explained: str


class CoverageAnswer(Answer):
    """What to expect of the answer, as far as it may be said before it."""

    k: int
    consents: str = Field(examples=["3000", "fewer than 10"], description="How many consent now.")
    expected_share: str | None = Field(
        examples=["98.5 %"],
        description="Of those who consent, how many would be in groups that are shown if 80 % of all did.",
    )

    @classmethod
    def of(cls, one: Coverage) -> "CoverageAnswer":
        share = one.expected_share
        return cls(
            k=one.k,
            consents=f"fewer than {one.k}" if one.consents is None else str(one.consents),
            expected_share=None if share is None else f"{share / 100:.1f} %",
        )


class OfferedOrder(Offered[OrderForm]):
    documents: OrderDocuments
    order: Digest = Field(description="The id the order will have.")
    tariff: TariffAnswer
    price: PriceAnswer
    coverage: CoverageAnswer | None = Field(description="Null: nobody's rows are used, all is shown.")


class SignedOrder(SignedForm[OrderForm]):
    documents: OrderDocuments
    order: Echo
    tariff: Echo
    price: Echo
    coverage: Echo


class OrderAnswer(Answer):
    id: Digest
    licence: Number
    state: str = Field(examples=["settled"], description="escrowed, settled or refunded.")
    request: dict[str, Any]
    cap: Amount
    charge: Amount | None
    deadline: Instant
    opened_in: int = Field(description="Block.")
    ended_in: int | None
    final: bool = Field(description="Whether the ledger can no longer take its state back.")
    consent_block: int | None = Field(description="The block that the consents were read at.")
    consent_root: Digest | None = Field(description="Of the consents in force there.")
    cohort_size: int | None
    result_digest: Digest | None = Field(description="Salted: SHA-256(salt || content digest).")
    refunded_why: str | None = Field(
        description="Why there is no answer, and what helps; null unless it was refunded."
    )
    result: str = Field(description="Where the answer is, once the order is settled.")

    @classmethod
    def of(cls, session: Session, one: Order) -> "OrderAnswer":
        return cls(
            id=one.id,
            licence=one.licence,
            state=one.state.name.lower(),
            request=artefacts.document(session, one.request_digest),
            cap=one.cap,
            charge=one.charge,
            deadline=one.deadline,
            opened_in=one.opened_in,
            ended_in=one.ended_in,
            final=True,  # the read model follows final blocks only
            consent_block=one.consent_block,
            consent_root=one.consent_root,
            cohort_size=one.cohort_size,
            result_digest=one.result_digest,
            refunded_why=told(one.reason) if one.state is OrderState.REFUNDED else None,
            result=f"/v1/orders/{hexed(one.id)}/result",
        )


class OrderWithBlock(OrderAnswer):
    as_of: BlockAnswer


class SaltAnswer(Answer):
    """How to check that the ledger means this result: SHA-256(salt || SHA-256(result)) is the ledger's digest."""

    salt: Digest
    content_digest: Digest = Field(description="SHA-256 of the result's bytes.")
    result_digest: Digest = Field(description="What stands on the ledger.")


@router.get("", operation_id="listOrders")
def list_orders(
    caller: Caller,
    session: Reading,
    paging: Paging,
) -> Page[OrderAnswer]:
    """The caller's orders, oldest first."""
    return paging.of(
        queries.orders_of(session, caller.account),
        place=lambda one: hexed(one.id),
        show=lambda one: OrderAnswer.of(session, one),
    )


@router.get("/{id}", operation_id="getOrder")
def get_order(id: OrderId, caller: Caller, here: Here, wait: Wait) -> OrderWithBlock:
    """One order of the caller. With `wait`, the answer may wait for its end."""
    return until(
        here,
        lambda session: shown(session, id, caller),
        lambda one: one.state != OrderState.ESCROWED.name.lower(),
        wait,
    )


def shown(session: Session, id: bytes, caller: Participant) -> OrderWithBlock:
    answer = OrderAnswer.of(session, receipts.order_of(session, id, caller.account))
    return OrderWithBlock(**dict(answer), as_of=BlockAnswer.of(head(session)))


@router.get(
    "/{id}/result",
    operation_id="getResult",
    response_class=Response,
    responses={200: {"content": {"application/json": {"schema": {"type": "object"}}}}},
)
def get_result(id: OrderId, caller: Caller, house: HouseHere) -> Response:
    """The answer's exact bytes, once the order is settled. That it was served is recorded first."""
    return Response(service.result(house, id_=id, buyer=caller), media_type="application/json")


@router.get("/{id}/salt", operation_id="getResultSalt")
def get_salt(id: OrderId, caller: Caller, house: HouseHere, vault: VaultReading) -> SaltAnswer:
    """What is needed to check the result against the ledger's digest."""
    content = service.result(house, id_=id, buyer=caller)
    salt = service.result_salt(vault, id)
    return SaltAnswer(salt=salt, content_digest=sha256(content), result_digest=sha256(salt + sha256(content)))


@router.get("/{id}/receipt", operation_id="getOrderReceipt")
def get_receipt(id: OrderId, caller: Caller, session: Reading) -> PurchaseReceipt:
    """What was paid for a run, what came back, and where each cent of the rest went."""
    return PurchaseReceipt.of(receipts.of_order(session, receipts.order_of(session, id, caller.account)))


@router.get("/{id}/purchase-receipt", operation_id="getPurchaseReceipt")
def get_purchase_receipt(id: OrderId, caller: Caller, session: Reading, here: Here) -> dict[str, Any]:
    """The receipt to keep: it proves itself, and any later rewrite of the ledger (docs/bundle.md)."""
    order = receipts.order_of(session, id, caller.account)
    return proofs.purchase_receipt(session, here.house, here.node, order)


@router.get("/{id}/statement", operation_id="getStatement")
def get_statement(id: OrderId, caller: Caller, session: Reading) -> dict[str, Any]:
    """The signed statement about the result: in-toto in a DSSE envelope (docs/bundle.md)."""
    receipts.order_of(session, id, caller.account)
    return orjson.loads(statements.kept(session, id))


@router.post("/forms", operation_id="quoteOrder")
def quote_order(wish: OrderWish, caller: Caller, session: Reading, house: HouseHere) -> OfferedOrder:
    """What one run costs the caller now, why, and what to expect of it."""
    service.require_duration(house, wish.seconds)
    offer = service.quote(
        session, licence=wish.licence, buyer=caller, versions=wish.versions, seconds=wish.seconds
    )
    city = house.city
    use_case: int = offer.request["useCase"]
    expected = coverage.expected(session, use_case)
    return OfferedOrder(
        form=OrderForm.made(**offer.quote._asdict()),
        documents=OrderDocuments(request=RequestDocument(**offer.request)),
        typed_data=order_payment_document(
            city.domains.credit, city.addresses["Settlement"], caller.account, offer.quote
        ),
        order=order_id(offer.quote),
        tariff=TariffAnswer.of(offer.tariff),
        price=price_of(offer),
        coverage=None if expected is None else CoverageAnswer.of(expected),
    )


def price_of(offer: OrderOffer) -> PriceAnswer:
    meter = offer.tariff.meter.name.lower()
    return PriceAnswer(
        unit_price=offer.unit_price,
        most_units=offer.most_units,
        most=offer.most,
        meter=meter,
        explained=(
            f"{in_credits(offer.unit_price)} credits for each {meter.replace('_', ' ')}, at most "
            f"{offer.most_units}: at most {in_credits(offer.most)}. What is not charged comes back. An answer with "
            "some cells hidden is charged; an answer that may not leave is refunded in full."
        ),
    )


@router.post("", operation_id="placeOrder", status_code=status.HTTP_202_ACCEPTED, response_model=Taken)
def place_order(
    sent: SignedOrder, caller: Caller, session: Writing, house: HouseHere, once: JustOnce
) -> Response:
    """Order one run. It is paid into escrow and computed after this answer."""
    quoted = sent.form.struct
    payment = payment_of(caller, sent.signature, nonce=order_id(quoted), valid_before=quoted.deadline)
    id_ = service.place_order(
        session,
        house,
        buyer=caller,
        quoted=quoted,
        request=sent.documents.request.model_dump(by_alias=True),
        payment=payment,
    )
    return taken(once, f"order:{id_.hex()}", f"/v1/orders/{hexed(id_)}")
