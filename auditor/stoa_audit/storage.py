"""Where Solidity keeps a value: slots and packed words, by a contract's published storage layout."""

from collections.abc import Mapping, Sequence
from typing import Any

from stoa_audit.digests import address_bytes, keccak
from stoa_audit.signatures import word

Slots = dict[int, tuple[int, int]]
"""Slot -> (value, mask): the bits that are known, and what they must be."""


class Layout:
    """One contract's storage layout, as its compiler published it."""

    def __init__(self, layout: Mapping[str, Any]) -> None:
        self._variables = {entry["label"]: entry for entry in layout["storage"]}
        self._types: Mapping[str, Any] = layout["types"]

    def put(self, slots: Slots, path: Sequence[Any], value: Any) -> None:
        """Write down what `value` at `path` means for the slots.

        The path begins with a variable's name; then come keys of mappings and names of struct members. A value is a
        number, a truth value, bytes, an address, a list of structs, or a dict of a struct's members.
        """
        variable = self._variables[path[0]]
        type_, slot, offset = variable["type"], int(variable["slot"]), int(variable["offset"])
        for step in path[1:]:
            kind = self._types[type_]
            if kind["encoding"] == "mapping":
                slot = int.from_bytes(keccak(word(step) + word(slot)), "big")
                type_, offset = kind["value"], 0
            else:
                member = next(one for one in kind["members"] if one["label"] == step)
                type_, slot, offset = member["type"], slot + int(member["slot"]), int(member["offset"])
        self._put(slots, type_, slot, offset, value)

    def _put(self, slots: Slots, type_: str, slot: int, offset: int, value: Any) -> None:
        kind = self._types[type_]
        if kind["encoding"] == "dynamic_array":
            self._put_list(slots, kind["base"], slot, value)
        elif "members" in kind:
            for member in kind["members"]:
                if member["label"] in value:
                    place = slot + int(member["slot"])
                    self._put(slots, member["type"], place, int(member["offset"]), value[member["label"]])
        else:
            size = int(kind["numberOfBytes"])
            known, mask = slots.get(slot, (0, 0))
            bits = int.from_bytes(_packed(value, size), "big") << 8 * offset
            slots[slot] = (known | bits, mask | ((1 << 8 * size) - 1) << 8 * offset)

    def _put_list(self, slots: Slots, base: str, slot: int, values: Sequence[Any]) -> None:
        """A dynamic array of structs: its length in its slot, its items from the slot's hash on."""
        slots[slot] = (len(values), 2**256 - 1)
        start = int.from_bytes(keccak(word(slot)), "big")
        each = -(-int(self._types[base]["numberOfBytes"]) // 32)
        for index, value in enumerate(values):
            self._put(slots, base, start + each * index, 0, value)


def _packed(value: Any, size: int) -> bytes:
    match value:
        case bytes():
            return value.ljust(size, b"\0")[:size]
        case str():
            return address_bytes(value, "storage")
        case _:
            return int(value).to_bytes(size, "big")
