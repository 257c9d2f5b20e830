"""What the contracts answer through the node, beside what the events make: the everyday way to ask a ledger."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from stoa_audit.abi_words import Parameter, decoded
from stoa_audit.beside.subject import Subject
from stoa_audit.contracts import contract_abi
from stoa_audit.digests import hexed, unhexed
from stoa_audit.report import Check
from stoa_audit.signatures import word
from stoa_audit.world import World

NEWEST = 200
"""How many of each kind are asked about; all of them are proven as storage."""


@dataclass(frozen=True, slots=True)
class Question:
    contract: str
    function: str
    arguments: tuple[Any, ...]
    wanted: Any

    @property
    def calldata(self) -> bytes:
        function = contract_abi(self.contract).function_named[self.function]
        return function.selector + b"".join(map(word, self.arguments))

    @property
    def outputs(self) -> tuple[Parameter, ...]:
        return contract_abi(self.contract).function_named[self.function].outputs

    def __str__(self) -> str:
        return f"{self.contract}.{self.function}({', '.join(map(_shown, self.arguments))})"


def check_calls(subject: Subject, check: Check) -> None:
    questions = list(_questions(subject.world))
    check.covered = f"{len(questions)} questions, block {subject.head.number}"
    block = hex(subject.head.number)
    asked = [
        ({"to": subject.city.addresses[one.contract], "data": hexed(one.calldata)}, block)
        for one in questions
    ]
    for question, answer in zip(questions, subject.node.ask_all("eth_call", asked), strict=True):
        place = f"{question} of the node"
        said = decoded(question.outputs, unhexed(answer if isinstance(answer, str) else "", place), place)
        fault = _difference(next(iter(said.values())), question.wanted)
        check.expect(fault is None, place, fault or "")
    subject.progress("asking the contracts", len(questions), len(questions))


def _difference(value: Any, wanted: Any) -> str | None:
    if isinstance(wanted, dict):
        same = isinstance(value, dict) and all(value[name] == wanted[name] for name in wanted)
    else:
        same = value == wanted
    return None if same else f"answers {_shown(value)}, the events make {_shown(wanted)}"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_shown(inner)}" for name, inner in value.items()) + "}"
    return hexed(value) if isinstance(value, bytes) else str(value)


def _questions(world: World) -> Iterator[Question]:
    """Totals, and the newest orders, consents and balances."""
    settlement = world.city.addresses["Settlement"]
    owed = world.escrowed + world.unreleased + sum(world.credits.values())
    yield Question("Settlement", "owed", (), owed)
    yield Question("CityCredit", "totalSupply", (), sum(world.balances.values()))
    yield Question("CityCredit", "balanceOf", (settlement,), world.balances.get(settlement, 0))
    yield Question("Consents", "registrar", (), world.registrar)
    for anchor in world.anchors[-1:]:
        yield Question("Journal", "latest", (), {"size": anchor.size, "root": anchor.root})
    for order in list(world.orders.values())[-NEWEST:]:
        wanted = {"cap": order.terms["cap"], "licence": order.terms["licence"], "state": order.state}
        yield Question("Settlement", "order", (order.id,), wanted)
    for consent in list(world.consents.values())[-NEWEST:]:
        wanted = {
            "useCase": consent.use_case,
            "scope": consent.grant["scope"],
            "grantedIn": consent.granted_in,
            "revokedIn": consent.revoked_in or 0,
        }
        yield Question("Consents", "consent", (consent.id,), wanted)
    for account, balance in list(world.balances.items())[-NEWEST:]:
        yield Question("CityCredit", "balanceOf", (account,), balance)
