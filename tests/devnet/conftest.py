"""A chain in memory for each test, and the people who use it."""

from collections.abc import Generator
from dataclasses import dataclass

import pytest

from ledger.devnet.chain import Devnet
from tests.devnet.contracts import REGISTER
from tests.devnet.people import Person


@dataclass
class Clock:
    """A clock that goes when a test says so."""

    now: int = 1_790_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def devnet(clock: Clock) -> Generator[Devnet]:
    with Devnet.in_memory(clock=clock) as devnet:
        yield devnet


@pytest.fixture
def anna(devnet: Devnet) -> Person:
    return Person(devnet.rpc)


@pytest.fixture
def lab(devnet: Devnet) -> Person:
    return Person(devnet.rpc)


@pytest.fixture
def register(lab: Person) -> str:
    """Address of a register that Lab deployed."""
    return lab.deploy(REGISTER)
