"""The door: who may send, and how it changes while the chain runs."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from ledger.devnet.chain import Devnet
from ledger.devnet.door import FileDoor
from ledger.devnet.permissions import DoorFileError
from tests.devnet.contracts import KEEP, REGISTER, get, keep
from tests.devnet.people import Person, RpcFailure, ask

SOMEBODY = "0x" + "11" * 20


class Minute:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def minute() -> Minute:
    return Minute()


@pytest.fixture
def door_file(tmp_path: Path) -> Path:
    return tmp_path / "door.json"


@pytest.fixture
def guarded(door_file: Path, minute: Minute) -> Generator[Devnet]:
    with Devnet.in_memory(door=FileDoor(door_file, minute)) as devnet:
        yield devnet


@pytest.fixture
def otto(guarded: Devnet) -> Person:
    return Person(guarded.rpc)


@pytest.fixture
def anna(guarded: Devnet) -> Person:
    return Person(guarded.rpc)


def write(door_file: Path, **fields: Any) -> None:
    door_file.write_text(json.dumps(fields))


def refused(person: Person, to: str | None, data: bytes = b"", **fields: Any) -> str:
    with pytest.raises(RpcFailure) as refusal:
        person.send_raw(person.sign(to, data, nonce=person.next_nonce, **fields))
    return refusal.value.code


def opened(contract: str) -> list[dict[str, Any]]:
    return [{"contract": contract, "selectors": ["0x" + KEEP.hex()]}]


def test_without_a_file_nobody_may_send(guarded: Devnet, anna: Person) -> None:
    assert refused(anna, SOMEBODY) == "door_closed"
    assert str(guarded.door).startswith("shut")
    assert guarded.head.block_number == 0


def test_a_listed_sender_may_send_anything(door_file: Path, otto: Person, anna: Person) -> None:
    write(door_file, senders=[otto.address])

    register = otto.deploy(REGISTER)

    assert otto.send(register, keep(5, 7))["status"] == "0x1"
    assert refused(anna, register, keep(5, 8)) == "door_closed"
    assert refused(anna, None, REGISTER, gas=3_000_000) == "door_closed"


def test_anybody_may_send_an_open_call_and_nothing_else(door_file: Path, otto: Person, anna: Person) -> None:
    write(door_file, senders=[otto.address])
    register, other = otto.deploy(REGISTER), otto.deploy(REGISTER)
    write(door_file, senders=[otto.address], open_calls=opened(register))

    assert anna.send(register, keep(5, 7))["status"] == "0x1"
    assert refused(anna, register, get(5)) == "door_closed"
    assert refused(anna, register, KEEP[:3]) == "door_closed"
    assert refused(anna, other, keep(5, 7)) == "door_closed"
    assert refused(anna, None, keep(5, 7)) == "door_closed"
    assert refused(anna, register, keep(5, 8), gas=2_000_001) == "door_closed"


def test_a_consent_is_taken_back_when_the_city_s_own_account_is_off_the_list(
    guarded: Devnet, door_file: Path, otto: Person, anna: Person
) -> None:
    write(door_file, senders=[otto.address])
    register = otto.deploy(REGISTER)
    otto.send(register, keep(5, 1))

    write(door_file, senders=[], open_calls=opened(register))

    assert refused(otto, SOMEBODY) == "door_closed"
    assert anna.send(register, keep(5, 0))["status"] == "0x1"
    assert ask(guarded.rpc, "eth_getStorageAt", register, "0x5", "latest") == "0x" + "00" * 32


def test_an_open_call_may_not_wait_for_a_missing_nonce(door_file: Path, otto: Person, anna: Person) -> None:
    """Otherwise strangers could fill the room where transactions wait."""
    write(door_file, senders=[otto.address])
    register = otto.deploy(REGISTER)
    write(door_file, senders=[otto.address], open_calls=opened(register))
    anna.next_nonce = 1

    assert refused(anna, register, keep(5, 7)) == "nonce_too_high"
    otto.send_raw(otto.sign(register, keep(5, 7), nonce=5))


def test_a_sender_of_open_calls_has_to_wait_after_too_many(
    guarded: Devnet, door_file: Path, minute: Minute, otto: Person, anna: Person
) -> None:
    write(door_file, senders=[otto.address])
    register = otto.deploy(REGISTER)
    rates: dict[str, Any] = {"per_sender": {"per_minute": 2, "burst": 3}}
    write(door_file, senders=[otto.address], open_calls=opened(register), **rates)

    for key in (1, 2, 3):
        anna.send(register, keep(key, 1))
    assert refused(anna, register, keep(4, 1)) == "rate_limited"
    assert Person(guarded.rpc).send(register, keep(5, 1))["status"] == "0x1"
    for key in range(10, 20):
        assert otto.send(register, keep(key, 1))["status"] == "0x1"

    minute.seconds = 30
    assert anna.send(register, keep(6, 1))["status"] == "0x1"
    assert refused(anna, register, keep(7, 1)) == "rate_limited"


def test_fresh_addresses_do_not_get_around_the_rate(
    guarded: Devnet, door_file: Path, minute: Minute, otto: Person
) -> None:
    write(door_file, senders=[otto.address])
    register = otto.deploy(REGISTER)
    write(door_file, open_calls=opened(register), together={"per_minute": 60, "burst": 5})

    for key in range(1, 6):
        Person(guarded.rpc).send(register, keep(key, 1))
    assert refused(Person(guarded.rpc), register, keep(6, 1)) == "rate_limited"

    minute.seconds = 1
    Person(guarded.rpc).send(register, keep(7, 1))


def test_a_slip_of_the_pen_leaves_the_door_as_it_was(door_file: Path, otto: Person, anna: Person) -> None:
    write(door_file, senders=[otto.address])
    otto.send(SOMEBODY)

    door_file.write_text('{"senders": [')

    assert otto.send(SOMEBODY)["status"] == "0x1"
    assert refused(anna, SOMEBODY) == "door_closed"


def test_a_door_with_anybody_is_open(door_file: Path, anna: Person) -> None:
    write(door_file, anybody=True)

    assert anna.send(SOMEBODY)["status"] == "0x1"


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"sender": []}',
        '{"senders": ["0x12"]}',
        '{"senders": 5}',
        '{"open_calls": [{"contract": "0x' + "11" * 20 + '"}]}',
        '{"open_calls": [{"contract": "0x' + "11" * 20 + '", "selectors": ["0x12"]}]}',
        '{"per_sender": {"per_minute": 0, "burst": 1}}',
        '{"together": 5}',
        '{"anybody": "yes"}',
        '{"open_call_gas": true}',
    ],
)
def test_a_door_file_that_cannot_be_meant_is_refused_at_start(door_file: Path, content: str) -> None:
    door_file.write_text(content)

    with pytest.raises(DoorFileError, match=r"door\.json"):
        FileDoor(door_file)
