"""The same city on engines that are not ours: the same refusals, the same events, and the same gas."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import pytest

from ledger.abi import Call
from ledger.bindings import EVENTS
from ledger.devnet.chain import Devnet
from ledger.devnet.provider import InProcessProvider
from ledger.enums import OrderState
from ledger.node import Node, RevertedError
from ledger.payments import order_id
from tests import other_engines
from tests.town import Clock, Town

AS_MUCH = 100
"""Gas between two plays of one story: keys and digests of theirs have more or fewer zero bytes."""
NAMES = {kind.topic_zero(): kind.__name__ for kinds in EVENTS.values() for kind in kinds}


class ClockOf(Clock):
    """Tells the time of the newest block: nobody moves the clock of an engine that is not ours."""

    def __init__(self, node: Node) -> None:
        super().__init__()
        self.now = node.head().timestamp


@dataclass(frozen=True)
class Story:
    """What is seen of a city from outside, without anything that is different in each."""

    gas: dict[str, int]
    """Of each transaction that went through."""
    events: list[str]
    refused: list[str]


def played(node: Node, devnet: Devnet | None = None) -> Story:
    """One consent, one licence, one settled order, one revocation, and what must not go twice."""
    town = Town.on(node, devnet or Devnet.in_memory(), ClockOf(node))
    story = Story({}, [], [])
    consents, settlement = town.contracts.consents, town.contracts.settlement

    def does(what: str, who: str, call: Call) -> None:
        receipt = town.send(who, call)
        story.gas[what] = receipt.gas_used
        story.events.extend(NAMES[log.topics[0]] for log in receipt.logs)

    def refuses(who: str, call: Call) -> None:
        with pytest.raises(RevertedError) as caught:
            town.send(who, call)
        story.refused.append(caught.value.name)

    trade = town.trade()
    given = town.consent(town.terms(trade.use_case))
    grant = consents.grant_by_signature(given.terms, given.grant)
    does("grant", "relay", grant)
    refuses("relay", grant)
    quote = town.order_quote(trade.licence, trade.tariff)
    does("order", "relay", town.order_call(quote))
    settle = settlement.settle(order_id(quote), town.outcome())
    does("settle", "settler", settle)
    refuses("settler", settle)
    does("stop", "mallory", consents.revoke_by_code(given.terms, given.own, given.code.value))
    refuses("mallory", consents.revoke_by_code(given.terms, given.own, given.code.value))
    assert settlement.order(order_id(quote)).state == OrderState.SETTLED
    assert not consents.is_in_force(given.consent.id)
    return story


@pytest.fixture(scope="module")
def ours() -> Story:
    devnet = Devnet.in_memory()
    return played(Node(InProcessProvider(devnet)), devnet)


def needs_anvil() -> None:
    if not other_engines.ANVIL.exists():
        pytest.skip("anvil is not here: `npm ci` in contracts/toolchain brings it")


def test_the_story_is_the_one_it_should_be(ours: Story) -> None:
    assert ours.refused == ["ConsentExists", "WrongOrderState", "ConsentAlreadyRevoked"]
    assert [name for name in ours.events if name not in ("Transfer", "AuthorizationUsed")] == [
        "ConsentGranted",
        "OrderOpened",
        "OrderSettled",
        "ConsentRevoked",
    ]


@pytest.mark.parametrize("engine", ["eth_tester", "anvil"])
def test_a_city_is_the_same_on_an_engine_that_is_not_ours(engine: str, ours: Story) -> None:
    if engine == "anvil":
        needs_anvil()
    start: Callable[[], AbstractContextManager[Node]] = getattr(other_engines, engine)
    with start() as node:
        theirs = played(node)

    assert theirs.refused == ours.refused
    assert theirs.events == ours.events
    assert {what: gas for what, gas in theirs.gas.items() if abs(gas - ours.gas[what]) > AS_MUCH} == {}
