"""What organisations sign, as wallets want it: `eth_signTypedData_v4` documents with the names and texts in them.

Each has the digest that `ledger.typed_data` computes for the same form; a test compares the two.
"""

from collections.abc import Mapping
from typing import Any

from ledger.bindings import Application, Join, LicenceQuote, OrderQuote, Registration, VersionForm
from ledger.digests import hexed
from ledger.payments import licence_quote_id, order_id
from ledger.typed_data import (
    APPLICATION_TYPE,
    DOMAIN_TYPE,
    JOIN_TYPE,
    RECEIVE_TYPE,
    REGISTRATION_TYPE,
    REVOCATION_TYPE,
    SOURCE_TYPE,
    VERSION_TYPE,
    Domain,
    type_document,
)

Document = dict[str, Any]


def document_of(domain: Domain, primary: str, message: Mapping[str, object], *parts: str) -> Document:
    """The document of a struct whose type is `primary`; `parts` are the types of structs inside it."""
    types = {name_of(kind): type_document(kind) for kind in (DOMAIN_TYPE, primary, *parts)}
    return {
        "types": types,
        "primaryType": name_of(primary),
        "domain": domain.document,
        "message": {field: printed(value) for field, value in message.items()},
    }


def name_of(struct_type: str) -> str:
    return struct_type.split("(", 1)[0]


def printed(value: object) -> object:
    return hexed(value) if isinstance(value, bytes) else value


def join_document(domain: Domain, form: Join, name: str) -> Document:
    message = {"class": form.class_, "name": name, "account": form.account, "deadline": form.deadline}
    return document_of(domain, JOIN_TYPE, message)


def registration_document(domain: Domain, form: Registration) -> Document:
    return document_of(domain, REGISTRATION_TYPE, named(REGISTRATION_TYPE, form))


def version_document(domain: Domain, form: VersionForm) -> Document:
    return document_of(domain, VERSION_TYPE, named(VERSION_TYPE, form))


def application_document(domain: Domain, form: Application) -> Document:
    sources = [named(SOURCE_TYPE, source) for source in form.sources]
    message = {**named(APPLICATION_TYPE, form), "sources": sources}
    return document_of(domain, APPLICATION_TYPE, message, SOURCE_TYPE)


def revocation_document(domain: Domain, consent: bytes) -> Document:
    return document_of(domain, REVOCATION_TYPE, {"consent": consent})


def payment_document(
    credit: Domain, settlement: str, *, payer: str, amount: int, nonce: bytes, valid_before: int
) -> Document:
    """An ERC-3009 authorisation that only `settlement` can take, and only for what `nonce` is the digest of."""
    message = {
        "from": payer,
        "to": settlement,
        "value": amount,
        "validAfter": 0,
        "validBefore": valid_before,
        "nonce": nonce,
    }
    return document_of(credit, RECEIVE_TYPE, message)


def licence_payment_document(credit: Domain, settlement: str, payer: str, quote: LicenceQuote) -> Document:
    return payment_document(
        credit,
        settlement,
        payer=payer,
        amount=quote.price,
        nonce=licence_quote_id(quote),
        valid_before=quote.deadline,
    )


def order_payment_document(credit: Domain, settlement: str, payer: str, quote: OrderQuote) -> Document:
    return payment_document(
        credit, settlement, payer=payer, amount=quote.cap, nonce=order_id(quote), valid_before=quote.deadline
    )


def named(struct_type: str, values: tuple[Any, ...]) -> dict[str, object]:
    names = [field["name"] for field in type_document(struct_type)]
    return dict(zip(names, values, strict=True))
