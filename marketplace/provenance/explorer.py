"""Looking up what happened on the ledger, newest first. It is read from the node, not from the projection."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass

from ledger.abi import Event
from ledger.bindings import Application, Decision, Outcome, Rule, Tariff
from ledger.reader import Happening, Reader

WINDOW = 2_000
"""Blocks that the node is asked about at once."""
STRUCTS = (Application, Decision, Outcome, Rule, Tariff)
MOST_WINDOWS = 20
"""Then the page is shown as it is, and goes on from there."""


@dataclass(frozen=True, slots=True)
class Party:
    """A participant, by everything that events know it by."""

    number: int
    account: str
    use_cases: frozenset[int]
    licences: frozenset[int]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which happenings: all of a contract's or those named, about one use case or one participant, in these blocks."""

    first: int
    last: int
    contract: str | None = None
    names: frozenset[str] = frozenset()
    use_case: int | None = None
    licences: frozenset[int] = frozenset()
    """Those of the use case."""
    party: Party | None = None

    def covers(self, one: Happening) -> bool:
        return (
            self.contract in (None, one.contract)
            and (not self.names or type(one.event).__name__ in self.names)
            and (self.use_case is None or concerns_use_case(one, self.use_case, self.licences))
            and (self.party is None or concerns(one, self.party))
        )


@dataclass(frozen=True, slots=True)
class Found:
    happenings: list[Happening]
    """The newest first."""
    older: int | None
    """The block to go on from, downwards; None: that was all."""


def look_up(reader: Reader, wanted: Wanted, *, limit: int) -> Found:
    """At least `limit` happenings if there are so many; a block is never divided."""
    found: list[Happening] = []
    last = wanted.last
    for _ in range(MOST_WINDOWS):
        if last < wanted.first:
            return Found(found, None)
        first = max(wanted.first, last - WINDOW + 1)
        for block in _by_block(reader.between(first, last)):
            chosen = [one for one in reversed(block) if wanted.covers(one)]
            found += chosen
            below = block[0].place.block - 1
            if len(found) >= limit and below >= wanted.first:
                return Found(found, below)
        last = first - 1
    return Found(found, last if last >= wanted.first else None)


def _by_block(happenings: list[Happening]) -> Iterator[list[Happening]]:
    """The newest block first; in it the oldest event first."""
    blocks: dict[int, list[Happening]] = {}
    for one in happenings:
        blocks.setdefault(one.place.block, []).append(one)
    for number in sorted(blocks, reverse=True):
        yield blocks[number]


def values_of(event: Event) -> dict[str, object]:
    """The fields of an event by name; those of a struct in it stand beside the others."""
    assert is_dataclass(event)
    found: dict[str, object] = {}
    for field in fields(event):
        value = getattr(event, field.name)
        found |= value._asdict() if isinstance(value, STRUCTS) else {field.name: value}
    return found


def use_case_of(one: Happening) -> int | None:
    """The use case that an event names, if it names one."""
    values = values_of(one.event)
    named = values.get("id" if one.contract == "UseCases" else "use_case")
    return named if isinstance(named, int) and named else None


def licence_of(one: Happening) -> int | None:
    """The licence that an event names, if it names one."""
    values = values_of(one.event)
    named = values.get("id", values.get("token_id")) if one.contract == "Licences" else values.get("licence")
    return named if isinstance(named, int) else None


def concerns_use_case(one: Happening, use_case: int, licences: frozenset[int]) -> bool:
    return use_case_of(one) == use_case or licence_of(one) in licences


def concerns(one: Happening, party: Party) -> bool:
    """Whether an event names a participant: by number, by account, by a use case or a licence of its own."""
    values = values_of(one.event)
    numbers = {values.get(name) for name in ("applicant", "steward")}
    if one.contract == "Participants":
        numbers.add(values.get("id"))
    return (
        party.number in numbers
        or party.account in values.values()
        or use_case_of(one) in party.use_cases
        or licence_of(one) in party.licences
    )
