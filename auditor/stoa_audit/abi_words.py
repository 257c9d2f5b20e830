"""The contract ABI, strictly: values out of words, with every padding bit looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from stoa_audit.digests import checksummed
from stoa_audit.errors import InvalidError

Values: TypeAlias = dict[str, Any]
"""What an event or a call says, by name: int, bool, bytes, str (an address), list, or Values for a struct."""

MOST_ITEMS = 100_000


@dataclass(frozen=True)
class Parameter:
    """One parameter of a function, an event or a struct."""

    name: str
    type: str
    parts: tuple["Parameter", ...] = ()
    indexed: bool = False

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> "Parameter":
        parts = tuple(cls.of(part) for part in entry.get("components", ()))
        return cls(entry["name"], entry["type"], parts, bool(entry.get("indexed")))

    @cached_property
    def item(self) -> "Parameter":
        """What a list of this type holds."""
        return Parameter(self.name, self.type.removesuffix("[]"), self.parts)

    @cached_property
    def is_list(self) -> bool:
        return self.type.endswith("[]")

    @cached_property
    def is_struct(self) -> bool:
        return self.type == "tuple"

    @cached_property
    def is_dynamic(self) -> bool:
        return self.is_list or self.type in {"bytes", "string"} or any(part.is_dynamic for part in self.parts)

    @cached_property
    def words(self) -> int:
        """How many words it takes where it stands."""
        if self.is_dynamic or not self.is_struct:
            return 1
        return sum(part.words for part in self.parts)

    @cached_property
    def signature(self) -> str:
        if not self.type.startswith("tuple"):
            return self.type
        return f"({','.join(part.signature for part in self.parts)}){self.type[5:]}"


def decoded(parameters: Sequence[Parameter], content: bytes, place: str) -> Values:
    """The values of `parameters` in `content`. Raises InvalidError for what no contract would write."""
    return _struct(parameters, content, 0, place)


def _struct(parameters: Sequence[Parameter], content: bytes, start: int, place: str) -> Values:
    values: Values = {}
    at = start
    for parameter in parameters:
        where = at if not parameter.is_dynamic else start + _offset(content, at, place)
        values[parameter.name] = _value(parameter, content, where, place)
        at += 32 * parameter.words
    return values


def _value(parameter: Parameter, content: bytes, at: int, place: str) -> Any:
    if parameter.is_list:
        return _list(parameter.item, content, at, place)
    if parameter.is_struct:
        return _struct(parameter.parts, content, at, place)
    if parameter.type in {"bytes", "string"}:
        return _bytes(content, at, place)
    return single(parameter.type, _word(content, at, place), place)


def _list(item: Parameter, content: bytes, at: int, place: str) -> list[Any]:
    count = _offset(content, at, place)
    if count > MOST_ITEMS:
        raise InvalidError("a list is longer than its bytes", place)
    start = at + 32
    if not item.is_dynamic:
        return [_value(item, content, start + 32 * item.words * index, place) for index in range(count)]
    return [
        _value(item, content, start + _offset(content, start + 32 * index, place), place)
        for index in range(count)
    ]


def _bytes(content: bytes, at: int, place: str) -> bytes:
    length = _offset(content, at, place)
    found = content[at + 32 : at + 32 + length]
    if len(found) != length:
        raise InvalidError("bytes end too early", place)
    return found


def _word(content: bytes, at: int, place: str) -> bytes:
    found = content[at : at + 32]
    if len(found) != 32:
        raise InvalidError("a word is missing", f"{place}, byte {at}")
    return found


def _offset(content: bytes, at: int, place: str) -> int:
    value = int.from_bytes(_word(content, at, place), "big")
    if value > len(content):
        raise InvalidError("an offset points outside", f"{place}, byte {at}")
    return value


def single(type_: str, word: bytes, place: str) -> int | bool | bytes | str:
    """The value in one word."""
    value = int.from_bytes(word, "big")
    if type_ == "address":
        if value >> 160:
            raise InvalidError("an address is longer than 20 bytes", place)
        return checksummed(word[12:])
    if type_ == "bool":
        if value > 1:
            raise InvalidError("a truth value is neither 0 nor 1", place)
        return bool(value)
    if type_.startswith("uint"):
        if value >> int(type_[4:] or 256):
            raise InvalidError(f"a number does not fit {type_}", place)
        return value
    length = int(type_[5:])  # bytes1 to bytes32: the ABI copies hold no other static type
    if any(word[length:]):
        raise InvalidError(f"bytes do not fit {type_}", place)
    return word[:length]
