"""Rows about consents, licences, orders and money, as the ledger makes them."""

from collections.abc import Iterator
from typing import Any

from stoa_audit.digests import hexed
from stoa_audit.world import Order, World

Row = dict[str, Any]


def consents(world: World) -> Iterator[Row]:
    for one in world.consents.values():
        said = one.grant
        yield {
            "id": hexed(one.id),
            "use_case": one.use_case,
            "objection": said["objection"],
            "scope": said["scope"],
            "statement": hexed(said["statement"]),
            "recipient": hexed(said["recipient"]),
            "until": hexed(said["until"]),
            "valid_until": said["validUntil"],
            "deadline": said["deadline"],
            "signer": said["signer"],
            "commitment": hexed(said["commitment"]),
            "revocation_hash": hexed(said["revocationHash"]),
            "granted_in": one.granted_in,
            "granted_at": one.granted_at,
            "revoked_in": one.revoked_in,
            "revoked_at": one.revoked_at,
            "how": one.how,
        }


def tombstones(world: World) -> Iterator[Row]:
    for id_, one in world.tombstones.items():
        yield {"id": hexed(id_), "use_case": one.use_case, "revoked_in": one.revoked_in, "how": one.how}


def refused(world: World) -> Iterator[Row]:
    for block, position, consent, why in world.refused:
        yield {"block": block, "position": position, "consent": hexed(consent), "why": why}


def licences(world: World) -> Iterator[Row]:
    for one in world.licences.values():
        yield {
            "number": one.number,
            "use_case": one.use_case,
            "licensee": one.licensee,
            "starts_at": one.starts_at,
            "ends_at": one.ends_at,
            "quota": one.quota,
            "used": one.used,
            "discount": one.discount,
            "terms_digest": hexed(one.terms),
            "terminated_in": one.terminated_in,
            "tariff": one.tariff,
            "price": one.price,
            "quote": None if one.quote is None else hexed(one.quote),
            "issued_in": one.issued_in,
        }


def tariffs(world: World) -> Iterator[Row]:
    for one in world.tariffs.values():
        terms = one.terms
        yield {
            "number": one.number,
            "use_case": terms["useCase"],
            "class_": terms["class"],
            "meter": terms["meter"],
            "licence_price": terms["licencePrice"],
            "unit_price": terms["unitPrice"],
            "licence_days": terms["licenceDays"],
            "quota": terms["quota"],
            "sharing_discount": terms["sharingDiscount"],
            "sharing_days": terms["sharingDays"],
            "payees": [[payee["participant"], payee["basisPoints"]] for payee in terms["payees"]],
            "earned": one.earned,
            "divided": one.divided,
            "accrued": [one.accrued.get(party, 0) for party in one.parties],
            "released": [one.released.get(party, 0) for party in one.parties],
            "set_in": one.set_in,
        }


def orders(world: World) -> Iterator[Row]:
    for one in world.orders.values():
        terms = one.terms
        yield {
            "id": hexed(one.id),
            "licence": terms["licence"],
            "buyer": terms["buyer"],
            "tariff": terms["tariff"],
            "request_digest": hexed(terms["request"]),
            "cap": terms["cap"],
            "deadline": terms["deadline"],
            "discount": terms["discount"],
            "state": int(one.state),
            **_outcome(one),
            "reason": None if one.reason is None else hexed(one.reason),
            "opened_in": one.opened_in,
            "opened_at": one.opened_at,
            "ended_in": one.ended_in,
            "ended_at": one.ended_at,
        }


def _outcome(order: Order) -> Row:
    outcome = order.outcome
    names = {
        "units": "units",
        "result_digest": "result",
        "manifest_digest": "manifest",
        "consent_block": "consentBlock",
        "consent_root": "consentRoot",
        "cohort_size": "cohortSize",
    }
    found: Row = {"charge": order.charge}
    for column, name in names.items():
        value = None if outcome is None else outcome[name]
        found[column] = hexed(value) if isinstance(value, bytes) else value
    return found


def accounts(world: World) -> Iterator[Row]:
    for account in world.balances.keys() | world.credits.keys():
        yield {
            "account": account,
            "balance": world.balances.get(account, 0),
            "credited": world.credits.get(account, 0),
        }


def movements(world: World) -> Iterator[Row]:
    for one in world.movements:
        yield {
            "block": one.block,
            "position": one.position,
            "kind": one.kind,
            "account": one.account,
            "amount": one.amount,
            "reference": one.reference,
        }


def anchors(world: World) -> Iterator[Row]:
    for one in world.anchors:
        yield {
            "size": one.size,
            "root": hexed(one.root),
            "anchored_in": one.anchored_in,
            "anchored_at": one.anchored_at,
        }
