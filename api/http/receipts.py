"""Purchase receipts in JSON."""

from pydantic import Field

from api.http.routes.city import TariffAnswer
from api.http.shapes import Amount, Answer, Number
from marketplace.orders.receipts import Receipt


class PartAnswer(Answer):
    participant: Number
    name: str | None
    basis_points: int | None = Field(description="Null: the city, which gets what is left.")
    amount: Amount


class PurchaseReceipt(Answer):
    """Paid = charged + given back, and the parts add up to what was charged."""

    paid: Amount
    charged: Amount
    given_back: Amount
    units: int | None
    unit_price: Amount | None
    tariff: TariffAnswer
    parts: list[PartAnswer] = Field(description="The pot is divided when a party withdraws, as a whole.")

    @classmethod
    def of(cls, receipt: Receipt) -> "PurchaseReceipt":
        return cls(
            paid=receipt.paid,
            charged=receipt.charged,
            given_back=receipt.given_back,
            units=receipt.units,
            unit_price=receipt.unit_price,
            tariff=TariffAnswer.of(receipt.tariff),
            parts=[
                PartAnswer(
                    participant=part.participant,
                    name=part.name,
                    basis_points=part.basis_points,
                    amount=part.amount,
                )
                for part in receipt.parts
            ],
        )
