"""What people and buyers hold: consent receipts, purchase receipts and cohort proofs (docs/bundle.md).

Each proves itself, and carries the newest sealed block: whoever holds it can prove that the ledger was rewritten later.
What the read model knows of the ledger is shown here from the ledger itself: events with the way to their block's root,
signatures and salts from the transaction that carried them.
"""

from typing import Any

import orjson
from sqlalchemy.orm import Session

from ledger.bindings import (
    ConsentGranted,
    ConsentRevoked,
    OrderOpened,
    OrderQuote,
    OrderRefunded,
    OrderSettled,
    Own,
    Signature,
)
from ledger.digests import hexed, unhexed
from ledger.enums import OrderState
from ledger.evidence import header_bytes, log_evidence
from ledger.node import Log, Node
from ledger.payments import order_id
from ledger.tree import ExclusionProof, InclusionProof
from ledger.typed_data import last_day, recovered
from marketplace.catalogue import artefacts
from marketplace.consent import queries as consents
from marketplace.consent.trees import cohort_tree
from marketplace.errors import NotFoundError
from marketplace.house import House
from marketplace.licences import queries as licences
from marketplace.licences.rules import WHOLE
from marketplace.orders import queries as orders
from marketplace.orders import receipts
from marketplace.orders.model import Order
from marketplace.provenance import statements
from marketplace.provenance.queries import block

WORD = 32
Json = dict[str, Any]


class NotSettledError(NotFoundError):
    """Only a settled order has a cohort on the ledger."""

    code = "order_not_settled"


class NotOnLedgerError(NotFoundError):
    """The ledger's node does not have the event, or its transaction does not hold what the event was made of."""

    code = "not_on_ledger"


def consent_receipt(session: Session, house: House, node: Node, id_: bytes) -> Json:
    """The receipt of a consent or an objection. It says nothing about who gave it.

    Raises:
        UnknownConsentError: it is not on the ledger (yet).
        NotOnLedgerError, EvidenceError, NodeUnreachableError
    """
    found = consents.given(session, id_)
    terms, own, consent = found.terms, found.own, found.consent
    granted = _log(node, house, "Consents", consent.granted_in, ConsentGranted.topic_zero(), id_)
    revoked = (
        None
        if consent.revoked_in is None
        else _log(node, house, "Consents", consent.revoked_in, ConsentRevoked.topic_zero(), id_)
    )
    signature, countersignature = _signatures(_words(node, granted), id_, own)
    return {
        **_common(house, node, "consent-receipt/1"),
        "consent": hexed(id_),
        "terms": {
            "statement": artefacts.text(session, terms.statement),
            "recipient": artefacts.text(session, terms.recipient),
            "until": last_day(terms.valid_until),
            "useCase": terms.use_case,
            "scope": terms.scope,
            "validUntil": terms.valid_until,
            "deadline": terms.deadline,
        },
        "own": {
            "signer": own.signer,
            "commitment": hexed(own.commitment),
            "revocationHash": hexed(own.revocation_hash),
        },
        "objection": consent.objection,
        "signature": None if signature is None else _compact(signature),
        "countersignature": _compact(countersignature),
        "granted": _evidence(node, granted),
        "revoked": None if revoked is None else _evidence(node, revoked),
    }


def purchase_receipt(session: Session, house: House, node: Node, order: Order) -> Json:
    """The receipt of an order that is settled or refunded.

    Raises:
        NotEndedError: the order is open.
        NoStatementError: its statement is not signed yet.
        NotOnLedgerError, EvidenceError, NodeUnreachableError
    """
    paid = receipts.of_order(session, order)
    assert order.ended_in is not None
    settled = order.state is OrderState.SETTLED
    ending = OrderSettled.topic_zero() if settled else OrderRefunded.topic_zero()
    opened = _log(node, house, "Settlement", order.opened_in, OrderOpened.topic_zero(), order.id)
    ended = _log(node, house, "Settlement", order.ended_in, ending, order.id)
    charged_to_payees = sum(part.basis_points or 0 for part in paid.parts)
    shares = [
        {
            "amount": str(part.amount),
            "basisPoints": WHOLE - charged_to_payees if part.basis_points is None else part.basis_points,
            "party": party,
        }
        for party, part in enumerate(paid.parts)
    ]
    return {
        **_common(house, node, "purchase-receipt/1"),
        "order": hexed(order.id),
        "quote": _quote(_words(node, opened), order),
        "opened": _evidence(node, opened),
        "ended": _evidence(node, ended),
        "statement": orjson.loads(statements.kept(session, order.id)) if settled else None,
        "paid": {
            "cap": str(paid.paid),
            "charge": str(paid.charged),
            "back": str(paid.given_back),
            "shares": shares if settled else [],
        },
    }


def cohort_proof(session: Session, house: House, node: Node, *, consent: bytes, order: bytes) -> Json:
    """That a consent was, or was not, among those in force for an order. The ledger alone says so to anybody.

    Raises:
        UnknownConsentError, UnknownOrderError
        NotSettledError: the order has no cohort on the ledger.
        NotOnLedgerError, EvidenceError, NodeUnreachableError
    """
    given, bought = consents.given(session, consent), orders.order(session, order)
    if (
        bought.state is not OrderState.SETTLED
        or bought.consent_block is None
        or bought.consent_root is None
        or bought.ended_in is None
    ):
        raise NotSettledError("This order is not settled, so the ledger names no consents for it.")
    settled = _log(node, house, "Settlement", bought.ended_in, OrderSettled.topic_zero(), order)
    use_case = licences.licence(session, bought.licence).use_case
    at = block(session, bought.consent_block)
    proof = cohort_tree(session, use_case, at, bought.consent_root).proof(given.consent.id)
    included = excluded = None
    match proof:
        case InclusionProof():
            included = _place(proof)
        case ExclusionProof():
            excluded = {"below": _neighbour(proof.below), "above": _neighbour(proof.above)}
    return {
        **_common(house, node, "cohort-proof/1"),
        "consent": hexed(consent),
        "order": hexed(order),
        "settled": _evidence(node, settled),
        "included": included,
        "excluded": excluded,
    }


def _common(house: House, node: Node, kind: str) -> Json:
    return {
        "stoa": kind,
        "city": house.city.document,
        "genesis": hexed(header_bytes(node.raw_block(0))),
        "newest": hexed(header_bytes(node.raw_block("latest"))),
    }


def _log(node: Node, house: House, contract: str, number: int, topic: bytes, id_: bytes) -> Log:
    """The one event of this kind about `id_` in block `number`."""
    in_block = node.logs(node.block(number).hash, [house.city.addresses[contract]])
    found = next((log for log in in_block if log.topics[:2] == (topic, id_)), None)
    if found is None:
        raise NotOnLedgerError(f"The node has no such event in block {number}.")
    return found


def _evidence(node: Node, log: Log) -> Json:
    found = log_evidence(node, block=log.block_number, transaction=log.transaction, index=log.index)
    return found.document


def _words(node: Node, log: Log) -> list[bytes]:
    """The arguments of the transaction behind an event, word by word."""
    sent = unhexed(node.request("eth_getTransactionByHash", hexed(log.transaction))["input"])[4:]
    return [sent[start : start + WORD] for start in range(0, len(sent), WORD)]


def _signatures(words: list[bytes], id_: bytes, own: Own) -> tuple[Signature | None, Signature]:
    """Hers and the registrar's: the words behind her half. She needs none when she sends the grant herself."""
    half = [bytes(12) + unhexed(own.signer.lower()), own.commitment, own.revocation_hash]
    place = next((index for index in range(len(words)) if words[index : index + 3] == half), None)
    behind = [] if place is None else words[place + 3 : place + 7]
    if len(behind) < 2:
        raise NotOnLedgerError("The transaction does not hold this consent's signatures.")
    first = Signature(behind[0], behind[1])
    if len(behind) == 4 and recovered(id_, first) == own.signer:
        return first, Signature(behind[2], behind[3])
    return None, first


def _quote(words: list[bytes], order: Order) -> Json:
    """The salt is the one word that makes the order's id, whichever door the buyer came through."""
    for word in words:
        quote = OrderQuote(order.licence, order.tariff, order.request_digest, order.cap, order.deadline, word)
        if len(word) == WORD and order_id(quote) == order.id:
            return {
                "licence": order.licence,
                "tariff": order.tariff,
                "request": hexed(order.request_digest),
                "cap": str(order.cap),
                "deadline": order.deadline,
                "salt": hexed(word),
            }
    raise NotOnLedgerError("The transaction does not hold this order's quote.")


def _compact(signature: Signature) -> Json:
    return {"r": hexed(signature.r), "vs": hexed(signature.vs)}


def _place(proof: InclusionProof) -> Json:
    return {"index": proof.index, "path": [hexed(one) for one in proof.path]}


def _neighbour(proof: InclusionProof | None) -> Json | None:
    return None if proof is None else {"leaf": hexed(proof.leaf), **_place(proof)}
