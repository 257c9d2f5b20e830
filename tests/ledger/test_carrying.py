"""Anna's code ends her consent through whichever node takes it, whatever the ones before said."""

from collections.abc import Generator
from typing import Any

import pytest

from ledger.carrying import CodeUnknownError, revoke_by_code
from ledger.consents import countersign, grant_of, sign_consent
from ledger.keys import LocalSigner
from ledger.node import Node, NodeRefusedError, NodeUnreachableError, RevertedError, WrongLedgerError
from tests.ledger.crooked import Ask, Change, Crooked
from tests.town import Given, Town


def shut(_ask: Ask) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "error": {"code": -32003, "message": "Only listed senders."}}


def forgets(_ask: Ask) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "result": "0x" + "77" * 32}


def away(_ask: Ask) -> dict[str, Any]:
    raise OSError


def empty(ask: Ask) -> dict[str, Any]:
    return {**ask(), "result": []}


def nonsense(ask: Ask) -> dict[str, Any]:
    return {**ask(), "result": "0xzz"}


def another_day(ask: Ask) -> dict[str, Any]:
    """The same log, but the consent seems to end on another day."""
    answer = ask()
    changed = []
    for log in answer["result"]:
        words = bytes.fromhex(log["data"][2:])
        until = bytes(31) + b"\x01"
        changed.append({**log, "data": "0x" + (words[:96] + until + words[128:]).hex()})
    return {**answer, "result": changed}


def without_logs(ask: Ask) -> dict[str, Any]:
    answer = ask()
    receipt = answer["result"]
    return answer if receipt is None else {**answer, "result": {**receipt, "logs": []}}


@pytest.fixture
def anna(town: Town) -> Given:
    return town.grant(town.terms(town.open_use_case()))


@pytest.fixture
def another_city() -> Generator[Town]:
    town = Town.found()
    yield town
    town.devnet.close()


def ended(town: Town, anna: Given) -> bool:
    return not town.contracts.consents.is_in_force(anna.consent.id)


@pytest.mark.parametrize(
    ("method", "change"),
    [
        ("eth_sendRawTransaction", shut),
        ("eth_sendRawTransaction", forgets),
        ("eth_chainId", away),
        ("eth_getLogs", empty),
        ("eth_getLogs", another_day),
        ("eth_getLogs", nonsense),
    ],
    ids=["door", "forgets", "away", "denies", "changes", "nonsense"],
)
def test_the_next_node_is_tried_when_one_refuses_or_lies(
    town: Town, anna: Given, method: str, change: Change
) -> None:
    crooked = Node(Crooked(town.devnet, method, change))
    revoke_by_code(town.city, [crooked, town.node], anna.code, wait_seconds=0.1)
    assert ended(town, anna)


def test_what_a_node_did_and_did_not_tell_is_told_by_the_next(town: Town, anna: Given) -> None:
    crooked = Node(Crooked(town.devnet, "eth_getTransactionReceipt", nonsense))
    with pytest.raises(RevertedError, match="ConsentAlreadyRevoked"):
        revoke_by_code(town.city, [crooked, town.node], anna.code)
    assert ended(town, anna)


def test_a_node_of_another_city_is_passed_over(town: Town, anna: Given, another_city: Town) -> None:
    revoke_by_code(town.city, [another_city.node, town.node], anna.code)
    assert ended(town, anna)


def test_a_receipt_without_the_end_is_not_believed(town: Town, anna: Given) -> None:
    crooked = Node(Crooked(town.devnet, "eth_getTransactionReceipt", without_logs))
    with pytest.raises(NodeRefusedError):
        revoke_by_code(town.city, [crooked], anna.code)


def test_a_copied_digest_does_not_shield_a_consent(town: Town) -> None:
    """The digest of Anna's code is on the ledger for anybody to copy into another consent: her code ends both."""
    terms = town.terms(town.open_use_case())
    anna = town.consent(terms)
    copied = sign_consent(
        town.city.domains.consents, LocalSigner.fresh(), terms, commitment=b"\x07" * 32, code=anna.code
    )
    countersigned = countersign(town.city.domains.consents, town.keys["registrar"], copied)
    first = grant_of(copied, countersigned)
    for grant in (first, anna.grant):
        town.send("relay", town.contracts.consents.grant_by_signature(terms, grant))

    revoke_by_code(town.city, [town.node], anna.code)

    assert not town.contracts.consents.is_in_force(copied.id)
    assert ended(town, anna)
    with pytest.raises(RevertedError):
        revoke_by_code(town.city, [town.node], anna.code)


def test_what_is_told_is_what_helps_most(town: Town, anna: Given, another_city: Town) -> None:
    gone = Node(Crooked(town.devnet, "eth_chainId", away))
    denies = Node(Crooked(town.devnet, "eth_getLogs", empty))
    for nodes, kind in (
        ([gone], NodeUnreachableError),
        ([gone, another_city.node], WrongLedgerError),
        ([another_city.node, denies], CodeUnknownError),
    ):
        with pytest.raises(kind):
            revoke_by_code(town.city, nodes, anna.code)
