"""What the city's contracts can say and be told: events and functions by their published ABI."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import Any

from stoa_audit.abi_words import Parameter, Values, decoded, single
from stoa_audit.digests import keccak
from stoa_audit.errors import InvalidError

NAMES = (
    "CityAccess",
    "Participants",
    "Datasets",
    "UseCases",
    "Consents",
    "CityCredit",
    "Licences",
    "Journal",
    "Settlement",
)


@dataclass(frozen=True)
class Event:
    """An event as the ABI declares it."""

    name: str
    parameters: tuple[Parameter, ...]

    @cached_property
    def topic(self) -> bytes:
        return keccak(signature(self.name, self.parameters).encode())

    @cached_property
    def indexed(self) -> tuple[Parameter, ...]:
        return tuple(parameter for parameter in self.parameters if parameter.indexed)

    @cached_property
    def plain(self) -> tuple[Parameter, ...]:
        return tuple(parameter for parameter in self.parameters if not parameter.indexed)

    def decoded(self, topics: Sequence[bytes], data: bytes, place: str) -> Values:
        if len(topics) != len(self.indexed) + 1:
            raise InvalidError(f"{self.name} has another number of topics", place)
        values = decoded(self.plain, data, place)
        for parameter, topic in zip(self.indexed, topics[1:], strict=True):
            values[parameter.name] = single(parameter.type, topic, place)
        return values


@dataclass(frozen=True)
class Function:
    """A function as the ABI declares it."""

    name: str
    parameters: tuple[Parameter, ...]
    outputs: tuple[Parameter, ...]

    @cached_property
    def selector(self) -> bytes:
        return keccak(signature(self.name, self.parameters).encode())[:4]

    def decoded(self, calldata: bytes, place: str) -> Values:
        return decoded(self.parameters, calldata[4:], place)


class ContractAbi:
    """One contract's events by topic and functions by selector."""

    def __init__(self, name: str, document: dict[str, Any]) -> None:
        entries = document["abi"]
        events = [
            Event(entry["name"], _parameters(entry["inputs"]))
            for entry in entries
            if entry["type"] == "event"
        ]
        functions = [
            Function(entry["name"], _parameters(entry["inputs"]), _parameters(entry["outputs"]))
            for entry in entries
            if entry["type"] == "function"
        ]
        self.name = name
        self.layout: dict[str, Any] = document["storageLayout"]
        self.events = {event.topic: event for event in events}
        self.functions = {function.selector: function for function in functions}
        self.function_named = {function.name: function for function in functions}


def signature(name: str, parameters: Sequence[Parameter]) -> str:
    return f"{name}({','.join(parameter.signature for parameter in parameters)})"


def _parameters(entries: list[dict[str, Any]]) -> tuple[Parameter, ...]:
    return tuple(
        Parameter.of({**entry, "name": entry["name"] or f"_{place}"}) for place, entry in enumerate(entries)
    )


@cache
def contract_abi(name: str) -> ContractAbi:
    document = json.loads((resources.files("stoa_audit.abi") / f"{name}.json").read_text())
    return ContractAbi(name, document)
