"""The payer's signature behind a purchase: an ERC-3009 authorisation to Settlement."""

from stoa_audit.abi_words import Values
from stoa_audit.city import City
from stoa_audit.signatures import recovered, struct_hash

FIELDS = "address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce"
RECEIVE = f"ReceiveWithAuthorization({FIELDS})"
TRANSFER = f"TransferWithAuthorization({FIELDS})"
LICENCE_QUOTE = "LicenceQuote(uint32 useCase,uint32 tariff,uint64 price,uint40 deadline,bytes32 salt)"
ORDER_QUOTE = (
    "OrderQuote(uint32 licence,uint32 tariff,bytes32 request,uint64 cap,uint40 deadline,bytes32 salt)"
)


def payer_of(city: City, payment: Values, amount: int, nonce: bytes, *, bound: bool) -> str | None:
    """Who signed a payment of `amount` to Settlement. `bound`: for this quote alone, at our own door."""
    values = [
        payment["from"],
        city.addresses["Settlement"],
        amount,
        payment["validAfter"],
        payment["validBefore"],
        nonce,
    ]
    digest = city.domain("CityCredit").digest(struct_hash(RECEIVE if bound else TRANSFER, values))
    return recovered(digest, payment["r"], int.from_bytes(payment["s"], "big"), payment["v"] - 27)
