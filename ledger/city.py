"""The city file: which ledger a city lives on, and where. Its digest is in every receipt."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ledger.bindings import (
    CityAccess,
    CityCredit,
    Consents,
    Datasets,
    Journal,
    Licences,
    Participants,
    Settlement,
    UseCases,
)
from ledger.digests import document_digest, hexed, keccak, unhexed
from ledger.keys import write_private
from ledger.node import LedgerError, Node, WrongLedgerError
from ledger.typed_data import CityDomains

VERSION = 1
PUT_BACK = "Put the city's own file back; whoever runs the city has it."


class CityFileError(LedgerError):
    """The city file is missing or not one."""

    code = "city_file"


@dataclass(frozen=True)
class City:
    """One deployment: there is one city per ledger and one ledger per city."""

    name: str
    chain_id: int
    genesis: bytes
    first_block: int
    profile: str
    addresses: dict[str, str]
    code_hashes: dict[str, bytes]
    registrar: str
    attestor: bytes
    """Ed25519 public key that statements are signed with."""

    @property
    def document(self) -> dict[str, Any]:
        return {
            "stoa": f"city/{VERSION}",
            "name": self.name,
            "chainId": self.chain_id,
            "genesis": hexed(self.genesis),
            "firstBlock": self.first_block,
            "profile": self.profile,
            "addresses": self.addresses,
            "codeHashes": {name: hexed(digest) for name, digest in self.code_hashes.items()},
            "registrar": self.registrar,
            "attestor": hexed(self.attestor),
        }

    @property
    def digest(self) -> bytes:
        return document_digest(self.document)

    @property
    def domains(self) -> CityDomains:
        return CityDomains(self.chain_id, self.addresses)

    def write(self, path: Path) -> None:
        write_private(path, json.dumps(self.document, indent=2).encode() + b"\n")
        path.chmod(0o644)  # nothing in it is secret, and everybody needs it

    @classmethod
    def read(cls, path: Path) -> "City":
        """Raises CityFileError when there is no city file, or it is not one."""
        try:
            document = cast("dict[str, Any]", json.loads(path.read_text()))
        except FileNotFoundError as error:
            raise CityFileError(
                f"There is no city here ({path} is missing). `stoa demo` or `stoa serve --name NAME` opens one."
            ) from error
        except ValueError as error:
            raise CityFileError(f"{path} is not a city file: it is not JSON. {PUT_BACK}") from error
        try:
            return cls.parse(document)
        except CityFileError as error:
            raise CityFileError(f"{path}: {error} {PUT_BACK}") from error

    @classmethod
    def parse(cls, document: dict[str, Any]) -> "City":
        try:
            if document["stoa"] != f"city/{VERSION}":
                raise CityFileError(f"This city file is of another version ({document['stoa']}).")
            return cls(
                name=document["name"],
                chain_id=document["chainId"],
                genesis=unhexed(document["genesis"]),
                first_block=document["firstBlock"],
                profile=document["profile"],
                addresses=dict(document["addresses"]),
                code_hashes={name: unhexed(digest) for name, digest in document["codeHashes"].items()},
                registrar=document["registrar"],
                attestor=unhexed(document["attestor"]),
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise CityFileError("This is not a city file: a field is missing or of another type.") from error

    def require_served_by(self, node: Node) -> None:
        """Raises WrongLedgerError unless `node` serves this city's ledger with this city's code."""
        if node.chain_id() != self.chain_id or node.block(0).hash != self.genesis:
            raise WrongLedgerError(
                f"The node at {node.url} serves another ledger than the city {self.name!r} lives on "
                f"(another chain id or genesis block). Point Stoa at the city's own node."
            )
        for name, address in self.addresses.items():
            if keccak(node.code(address)) != self.code_hashes[name]:
                raise WrongLedgerError(
                    f"{name} at {address} has other code than the city file names. {PUT_BACK}"
                )


class Contracts:
    """The city's contracts, opened on a node."""

    def __init__(self, city: City, node: Node | None = None) -> None:
        at = city.addresses
        self.access = CityAccess(at["CityAccess"], node)
        self.participants = Participants(at["Participants"], node)
        self.datasets = Datasets(at["Datasets"], node)
        self.use_cases = UseCases(at["UseCases"], node)
        self.consents = Consents(at["Consents"], node)
        self.credit = CityCredit(at["CityCredit"], node)
        self.licences = Licences(at["Licences"], node)
        self.journal = Journal(at["Journal"], node)
        self.settlement = Settlement(at["Settlement"], node)
