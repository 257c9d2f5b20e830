"""ERC-3009 payments to Settlement, bound to what they are for."""

import secrets

from eth_abi.abi import encode

from ledger.bindings import LicenceQuote, OrderQuote, Payment
from ledger.digests import keccak
from ledger.keys import Signer, recover
from ledger.typed_data import RECEIVE_TYPE, TRANSFER_TYPE, Domain, payment_digest

LICENCE_QUOTE_TYPE = "LicenceQuote(uint32 useCase,uint32 tariff,uint64 price,uint40 deadline,bytes32 salt)"
ORDER_QUOTE_TYPE = (
    "OrderQuote(uint32 licence,uint32 tariff,bytes32 request,uint64 cap,uint40 deadline,bytes32 salt)"
)


def licence_quote_id(quote: LicenceQuote) -> bytes:
    kinds = ["bytes32", "uint32", "uint32", "uint64", "uint40", "bytes32"]
    return keccak(encode(kinds, [keccak(LICENCE_QUOTE_TYPE.encode()), *quote]))


def order_id(quote: OrderQuote) -> bytes:
    kinds = ["bytes32", "uint32", "uint32", "bytes32", "uint64", "uint40", "bytes32"]
    return keccak(encode(kinds, [keccak(ORDER_QUOTE_TYPE.encode()), *quote]))


def pay(
    credit: Domain,
    buyer: Signer,
    settlement: str,
    *,
    amount: int,
    nonce: bytes,
    valid_before: int,
    valid_after: int = 0,
    bound: bool = True,
) -> Payment:
    """Sign `amount` micro-credits over to Settlement.

    `bound`: only Settlement can take it, and only for what `nonce` is the digest of. Not bound is what stock x402
    clients sign: anybody may send it.
    """
    words = [buyer.address, settlement, amount, valid_after, valid_before, nonce]
    signature = buyer.sign(payment_digest(credit, RECEIVE_TYPE if bound else TRANSFER_TYPE, words))
    return Payment(
        from_=buyer.address,
        valid_after=valid_after,
        valid_before=valid_before,
        nonce=nonce,
        v=signature[64],
        r=signature[:32],
        s=signature[32:64],
    )


def is_signed_by_payer(credit: Domain, settlement: str, payment: Payment, *, amount: int) -> bool:
    """Whether the token will find that `payment.from_` authorised `amount` for `payment.nonce`."""
    words = [payment.from_, settlement, amount, payment.valid_after, payment.valid_before, payment.nonce]
    digest = payment_digest(credit, RECEIVE_TYPE, words)
    return recover(digest, payment.r + payment.s + bytes([payment.v])) == payment.from_


def fresh_salt() -> bytes:
    return secrets.token_bytes(32)
