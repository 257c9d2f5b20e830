"""How the generated bindings talk ABI: calls out, logs in, errors back."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Protocol, Self

from eth_abi.abi import decode, encode
from eth_utils.address import to_checksum_address

from ledger.digests import keccak


@dataclass(frozen=True, slots=True)
class Call:
    """A function of a contract with its arguments, ready to be sent."""

    to: str
    data: bytes
    signature: str

    @property
    def name(self) -> str:
        return self.signature.split("(", 1)[0]


class Reader(Protocol):
    """Whoever answers a reading call: a node at a block."""

    def call(self, to: str, data: bytes, block: int | str = "latest") -> bytes: ...


class Handle:
    """A contract at an address. Reading needs a node; building calls does not."""

    def __init__(self, address: str, reader: Reader | None = None) -> None:
        self.address = to_checksum_address(address)
        self._reader = reader

    def call(self, signature: str, arguments: Sequence[object]) -> Call:
        return Call(to=self.address, data=encoded(signature, arguments), signature=signature)

    def read(
        self, signature: str, arguments: Sequence[object], outputs: Sequence[str], block: int | str
    ) -> tuple[object, ...]:
        if self._reader is None:
            raise ValueError(
                f"{type(self).__name__} at {self.address} was opened without a node to read from."
            )
        answer = self._reader.call(self.address, encoded(signature, arguments), block)
        return checksummed(outputs, decode(outputs, answer))


class LogFields:
    """The topics and data words of one log."""

    __slots__ = ("_data", "_topics")

    def __init__(self, topics: Sequence[bytes], data: bytes) -> None:
        self._topics = topics
        self._data = data

    def topic(self, index: int) -> bytes:
        return self._topics[index]

    def word(self, index: int) -> bytes:
        return self._data[32 * index : 32 * index + 32]

    def decode(self, types: Sequence[str]) -> tuple[object, ...]:
        return checksummed(types, decode(types, self._data))

    @staticmethod
    def address(word: bytes) -> str:
        return to_checksum_address(word[12:])


class Event:
    """A log of one of our contracts, decoded."""

    SIGNATURE: ClassVar[str]
    DATA_TYPES: ClassVar[tuple[str, ...]]
    __slots__ = ()

    @classmethod
    def decoded(cls, fields: LogFields) -> Self:
        raise NotImplementedError

    @classmethod
    def topic_zero(cls) -> bytes:
        return topic_of(cls.SIGNATURE)


@cache
def topic_of(signature: str) -> bytes:
    return keccak(signature.encode())


@cache
def selector_of(signature: str) -> bytes:
    return keccak(signature.encode())[:4]


@cache
def argument_types(signature: str) -> tuple[str, ...]:
    """The top-level parameter types of `f(uint8,(bytes32,address)[])`."""
    inner = signature[signature.index("(") + 1 : -1]
    types: list[str] = []
    depth = 0
    start = 0
    for position, character in enumerate(inner):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            types.append(inner[start:position])
            start = position + 1
    if inner:
        types.append(inner[start:])
    return tuple(types)


def encoded(signature: str, arguments: Sequence[object]) -> bytes:
    return selector_of(signature) + encode(argument_types(signature), arguments)


def checksummed(types: Sequence[str], values: Sequence[object]) -> tuple[object, ...]:
    """eth-abi gives addresses in lower case; everywhere else in Stoa they are checksummed (EIP-55)."""
    return tuple(_checksummed(kind, value) for kind, value in zip(types, values, strict=True))


def _checksummed(kind: str, value: object) -> object:
    if kind == "address":
        return to_checksum_address(str(value))
    if kind.endswith("]") and "address" in kind and isinstance(value, (tuple, list)):
        inner = kind[: kind.rindex("[")]
        return tuple(_checksummed(inner, item) for item in value)
    if kind.startswith("(") and "address" in kind and isinstance(value, (tuple, list)):
        return checksummed(argument_types("f" + kind), value)
    return value
