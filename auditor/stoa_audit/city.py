"""The city file: which ledger, where the contracts are, and what code they have."""

from dataclasses import dataclass

from stoa_audit.contracts import NAMES
from stoa_audit.digests import canonical, sha256
from stoa_audit.errors import InvalidError
from stoa_audit.fields import Fields
from stoa_audit.signatures import Domain

VERSION = "city/1"
FIELDS = (
    "stoa",
    "name",
    "chainId",
    "genesis",
    "firstBlock",
    "profile",
    "addresses",
    "codeHashes",
    "registrar",
    "attestor",
)


@dataclass(frozen=True)
class City:
    name: str
    digest: bytes
    chain_id: int
    genesis: bytes
    first_block: int
    addresses: dict[str, str]
    code_hashes: dict[str, bytes]
    registrar: str
    attestor: bytes

    @classmethod
    def parsed(cls, fields: Fields) -> "City":
        """Raises InvalidError."""
        fields.only(FIELDS)
        if fields.text("stoa") != VERSION:
            raise InvalidError(f"the city file is of another version than {VERSION}", fields.place)
        addresses, codes = fields.inner("addresses").only(NAMES), fields.inner("codeHashes").only(NAMES)
        return cls(
            name=fields.text("name"),
            digest=sha256(canonical(fields.document, fields.place)),
            chain_id=fields.whole("chainId"),
            genesis=fields.digest("genesis"),
            first_block=fields.whole("firstBlock"),
            addresses={name: addresses.address(name) for name in NAMES},
            code_hashes={name: codes.digest(name) for name in NAMES},
            registrar=fields.address("registrar"),
            attestor=fields.digest("attestor"),
        )

    def domain(self, contract: str) -> Domain:
        """What signatures for this contract are made for."""
        return Domain(DOMAIN_NAMES[contract], self.chain_id, self.addresses[contract])

    def contract_at(self, address: str) -> str | None:
        return next((name for name, found in self.addresses.items() if found == address), None)


DOMAIN_NAMES = {
    "Participants": "Stoa Participants",
    "Datasets": "Stoa Datasets",
    "UseCases": "Stoa Use Cases",
    "Consents": "Stoa Consents",
    "CityCredit": "Stoa City Credit",
}
