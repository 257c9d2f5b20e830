"""The compiled contracts: committed, so that running Stoa needs no compiler."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from eth_abi.abi import encode

from ledger.digests import unhexed

FOLDER = Path(__file__).resolve().parent.parent / "contracts" / "artifacts"


@dataclass(frozen=True)
class Artifact:
    name: str
    abi: list[dict[str, Any]]
    bytecode: bytes
    runtime: bytes
    immutables: tuple[tuple[int, int], ...]
    """(start, length) of the words that a constructor fills in."""

    def creation_code(self, *arguments: object) -> bytes:
        constructor = next((entry for entry in self.abi if entry["type"] == "constructor"), {"inputs": []})
        return self.bytecode + encode([abi_type(parameter) for parameter in constructor["inputs"]], arguments)

    def masked(self, runtime: bytes) -> bytes:
        """`runtime` with its immutable words blanked, so that it can be compared with what was compiled."""
        blank = bytearray(runtime)
        for start, length in self.immutables:
            blank[start : start + length] = bytes(length)
        return bytes(blank)


@cache
def artifact(name: str) -> Artifact:
    found = json.loads((FOLDER / f"{name}.json").read_text())
    places = [place for places in found["immutableReferences"].values() for place in places]
    return Artifact(
        name=name,
        abi=found["abi"],
        bytecode=unhexed(found["bytecode"]),
        runtime=unhexed(found["deployedBytecode"]),
        immutables=tuple((place["start"], place["length"]) for place in places),
    )


def abi_type(parameter: dict[str, Any]) -> str:
    kind: str = parameter["type"]
    if not kind.startswith("tuple"):
        return kind
    return (
        "(" + ",".join(abi_type(part) for part in parameter["components"]) + ")" + kind.removeprefix("tuple")
    )
