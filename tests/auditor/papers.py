"""Receipts and proofs as a city makes them (docs/bundle.md), from its node."""

from dataclasses import asdict
from typing import Any

import orjson

from ledger.bindings import ConsentGranted, ConsentRevoked, OrderOpened, OrderRefunded, OrderSettled
from ledger.digests import hexed, unhexed
from ledger.evidence import header_bytes, log_evidence
from ledger.node import Log
from ledger.tree import InclusionProof, OrderedTree
from ledger.typed_data import last_day
from tests.auditor.conftest import Honest
from tests.auditor.desk import STATEMENTS
from tests.town import Given

Json = dict[str, Any]


def plain(paper: Json) -> Json:
    """As it is after a trip through a file."""
    return orjson.loads(orjson.dumps(paper))


def common(honest: Honest, kind: str) -> Json:
    node = honest.town.node
    return {
        "stoa": kind,
        "city": honest.town.city.document,
        "genesis": hexed(header_bytes(node.raw_block(0))),
        "newest": hexed(header_bytes(node.raw_block("latest"))),
    }


def evidence_of(honest: Honest, contract: str, topics: list[bytes]) -> Json:
    node = honest.town.node
    found: list[Log] = node.logs_about([honest.town.city.addresses[contract]], topics)
    log = found[-1]
    proven = log_evidence(node, block=log.block_number, transaction=log.transaction, index=log.index)
    return proven.document


def consent_receipt(honest: Honest, given: Given, *, revoked: bool = False, signed: bool = True) -> Json:
    terms, own, id_ = given.terms, given.own, given.consent.id
    granted = evidence_of(honest, "Consents", [ConsentGranted.topic_zero(), id_])
    ended = evidence_of(honest, "Consents", [ConsentRevoked.topic_zero(), id_]) if revoked else None
    return plain(
        {
            **common(honest, "consent-receipt/1"),
            "consent": hexed(id_),
            "terms": {
                "statement": STATEMENTS[terms.scope],
                "recipient": "lab",
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
            "objection": False,
            "signature": compact_form(given.grant.signature) if signed else None,
            "countersignature": compact_form(given.grant.countersignature),
            "granted": granted,
            "revoked": ended,
        }
    )


def compact_form(signature: Any) -> Json:
    return {"r": hexed(signature.r), "vs": hexed(signature.vs)}


def purchase_receipt(honest: Honest, order: bytes) -> Json:
    quote = honest.desk.quotes[order]
    settlement = honest.town.contracts.settlement
    path = honest.bundle / "statements" / f"{order.hex()}.json"
    settled = path.exists()
    kind = OrderSettled if settled else OrderRefunded
    charge = 9_999_999 if settled else 0
    clinic = charge * 3_333 // 10_000
    assert settlement.order(order).cap == quote.cap
    shares = [
        {"amount": str(charge - clinic), "basisPoints": 6_667, "party": 0},
        {"amount": str(clinic), "basisPoints": 3_333, "party": 1},
    ]
    return plain(
        {
            **common(honest, "purchase-receipt/1"),
            "order": hexed(order),
            "quote": {
                "licence": quote.licence,
                "tariff": quote.tariff,
                "request": hexed(quote.request),
                "cap": str(quote.cap),
                "deadline": quote.deadline,
                "salt": hexed(quote.salt),
            },
            "opened": evidence_of(honest, "Settlement", [OrderOpened.topic_zero(), order]),
            "ended": evidence_of(honest, "Settlement", [kind.topic_zero(), order]),
            "statement": orjson.loads(path.read_bytes()) if settled else None,
            "paid": {
                "cap": str(quote.cap),
                "charge": str(charge),
                "back": str(quote.cap - charge),
                "shares": shares if settled else [],
            },
        }
    )


def cohort_proof(honest: Honest, order: bytes, consent: bytes) -> Json:
    settled = evidence_of(honest, "Settlement", [OrderSettled.topic_zero(), order])
    rows = [
        orjson.loads(line) for line in (honest.bundle / "projection/orders.jsonl").read_bytes().splitlines()
    ]
    block = next(row for row in rows if row["id"] == hexed(order))["consent_block"]
    consents = (honest.bundle / "projection/consents.jsonl").read_bytes().splitlines()
    tree = OrderedTree(
        unhexed(row["id"])
        for row in map(orjson.loads, consents)
        if row["granted_in"] <= block and (row["revoked_in"] is None or row["revoked_in"] > block)
    )
    inside = consent in tree.leaves
    included = excluded = None
    if inside:
        proof = tree.inclusion(consent)
        included = {"index": proof.index, "path": [hexed(one) for one in proof.path]}
    else:
        absent = tree.exclusion(consent)
        excluded = {"below": neighbour(absent.below), "above": neighbour(absent.above)}
    return plain(
        {
            **common(honest, "cohort-proof/1"),
            "consent": hexed(consent),
            "order": hexed(order),
            "settled": settled,
            "included": included,
            "excluded": excluded,
        }
    )


def neighbour(proof: InclusionProof | None) -> Json | None:
    if proof is None:
        return None
    found = asdict(proof)
    return {
        "leaf": hexed(found["leaf"]),
        "index": found["index"],
        "path": [hexed(one) for one in found["path"]],
    }
