"""EIP-712: what organisations and citizens sign, and its digests.

A struct here is what the contract hashes. A `string` field is given as its keccak256, because that is how EIP-712
encodes it; `document` gives the same struct with the sentences, for a wallet to show.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from eth_abi.abi import encode

from ledger.bindings import Application, Join, Own, Registration, Signature, Terms, VersionForm
from ledger.digests import keccak, text_digest
from ledger.keys import Signer, compact, recover

DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
CONSENT_TYPE = (
    "Consent(string statement,string recipient,string until,uint32 useCase,uint16 scope,uint40 validUntil,"
    "uint40 deadline,address signer,bytes32 commitment,bytes32 revocationHash)"
)
COUNTERSIGNATURE_TYPE = "Countersignature(uint32 useCase,bytes32 commitment,bytes32 consent)"
REVOCATION_TYPE = "Revocation(bytes32 consent)"
JOIN_TYPE = "Join(uint8 class,string name,address account,uint40 deadline)"
REGISTRATION_TYPE = (
    "Registration(uint32 steward,uint8 topic,bool subject,bool sensitive,bytes32 metadata,bytes32 salt,"
    "uint40 deadline)"
)
VERSION_TYPE = (
    "Version(uint32 dataset,bytes32 root,uint32 leaves,uint64 rows,bytes32 content,uint40 deadline)"
)
SOURCE_TYPE = "Source(uint32 dataset,uint8 ground,bool optional)"
APPLICATION_TYPE = (
    "Application(uint32 applicant,bytes32 purpose,Source[] sources,bytes32 scope,uint40 dataFrom,uint40 dataUntil,"
    "uint32 minimumCohort,uint16 longestDays,uint16 retentionDays,uint8 outputClass,bytes32 routine,bytes32 terms,"
    "bytes32 salt,uint40 deadline)" + SOURCE_TYPE
)
PAYMENT_FIELDS = "address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce"
RECEIVE_TYPE = f"ReceiveWithAuthorization({PAYMENT_FIELDS})"
TRANSFER_TYPE = f"TransferWithAuthorization({PAYMENT_FIELDS})"


@dataclass(frozen=True, slots=True)
class Domain:
    """The contract on the chain that a signature is for."""

    name: str
    chain_id: int
    contract: str
    version: str = "1"

    @property
    def separator(self) -> bytes:
        return _separator(self)

    def digest(self, struct_hash: bytes) -> bytes:
        return keccak(b"\x19\x01" + self.separator + struct_hash)

    @property
    def document(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "version": self.version,
            "chainId": self.chain_id,
            "verifyingContract": self.contract,
        }


@cache
def _separator(domain: Domain) -> bytes:
    words = [
        keccak(DOMAIN_TYPE.encode()),
        text_digest(domain.name),
        text_digest(domain.version),
        domain.chain_id,
    ]
    return keccak(encode(["bytes32", "bytes32", "bytes32", "uint256", "address"], [*words, domain.contract]))


class CityDomains:
    """The signing domains of one city."""

    def __init__(self, chain_id: int, addresses: Mapping[str, str]) -> None:
        self.participants = Domain("Stoa Participants", chain_id, addresses["Participants"])
        self.datasets = Domain("Stoa Datasets", chain_id, addresses["Datasets"])
        self.use_cases = Domain("Stoa Use Cases", chain_id, addresses["UseCases"])
        self.consents = Domain("Stoa Consents", chain_id, addresses["Consents"])
        self.credit = Domain("Stoa City Credit", chain_id, addresses["CityCredit"])


def struct_hash(struct_type: str, words: Sequence[object]) -> bytes:
    """keccak256 of a struct's type and words, each of a static ABI type; strings and arrays come as their hashes."""
    type_hash, kinds = _layout(struct_type)
    return keccak(encode(kinds, [type_hash, *words]))


@cache
def _layout(struct_type: str) -> tuple[bytes, list[str]]:
    """A type's hash, and the ABI types of its hash and words."""
    kinds = [
        "bytes32" if kind in {"string", "bytes"} or kind.endswith("]") else kind
        for kind in fields(struct_type)
    ]
    return keccak(struct_type.encode()), ["bytes32", *kinds]


def fields(struct_type: str) -> list[str]:
    inner = struct_type[struct_type.index("(") + 1 : struct_type.index(")")]
    return [field.split(" ", maxsplit=1)[0] for field in inner.split(",")]


def consent_id(domain: Domain, terms: Terms, own: Own) -> bytes:
    return domain.digest(struct_hash(CONSENT_TYPE, [*terms, *own]))


def countersignature_digest(domain: Domain, use_case: int, commitment: bytes, consent: bytes) -> bytes:
    return domain.digest(struct_hash(COUNTERSIGNATURE_TYPE, [use_case, commitment, consent]))


def revocation_digest(domain: Domain, consent: bytes) -> bytes:
    return domain.digest(struct_hash(REVOCATION_TYPE, [consent]))


def join_digest(domain: Domain, form: Join) -> bytes:
    return domain.digest(struct_hash(JOIN_TYPE, form))


def registration_digest(domain: Domain, form: Registration) -> bytes:
    return domain.digest(struct_hash(REGISTRATION_TYPE, form))


def version_digest(domain: Domain, form: VersionForm) -> bytes:
    return domain.digest(struct_hash(VERSION_TYPE, form))


def application_digest(domain: Domain, form: Application) -> bytes:
    sources = keccak(b"".join(struct_hash(SOURCE_TYPE, source) for source in form.sources))
    words = [form.applicant, form.purpose, sources, *form[3:]]
    return domain.digest(struct_hash(APPLICATION_TYPE, words))


def payment_digest(domain: Domain, struct_type: str, words: Sequence[object]) -> bytes:
    """The digest of an ERC-3009 authorisation: from, to, value, validAfter, validBefore, nonce."""
    return domain.digest(struct_hash(struct_type, words))


def signed(signer: Signer, digest: bytes) -> Signature:
    return Signature(*compact(signer.sign(digest)))


def recovered(digest: bytes, signature: Signature) -> str | None:
    s = int.from_bytes(signature.vs, "big")
    v = 27 + (s >> 255)
    return recover(digest, signature.r + (s & ((1 << 255) - 1)).to_bytes(32, "big") + bytes([v]))


def last_day(valid_until: int) -> str:
    """The last full UTC day before `valid_until` (unix seconds), as the contract writes it: "2027-05-21"."""
    return datetime.fromtimestamp(valid_until - 1, UTC).date().isoformat()


def consent_document(
    domain: Domain, terms: Terms, own: Own, *, statement: str, recipient: str
) -> dict[str, Any]:
    """A consent as a wallet shows it (`eth_signTypedData_v4`), with its sentences.

    Raises:
        ValueError: a sentence is not the one whose hash the terms carry.
    """
    until = last_day(terms.valid_until)
    for sentence, digest in (
        (statement, terms.statement),
        (recipient, terms.recipient),
        (until, terms.until),
    ):
        if text_digest(sentence) != digest:
            raise ValueError("A sentence differs from the one that the terms name.")
    return {
        "types": {"EIP712Domain": type_document(DOMAIN_TYPE), "Consent": type_document(CONSENT_TYPE)},
        "primaryType": "Consent",
        "domain": domain.document,
        "message": {
            "statement": statement,
            "recipient": recipient,
            "until": until,
            "useCase": terms.use_case,
            "scope": terms.scope,
            "validUntil": terms.valid_until,
            "deadline": terms.deadline,
            "signer": own.signer,
            "commitment": "0x" + own.commitment.hex(),
            "revocationHash": "0x" + own.revocation_hash.hex(),
        },
    }


def type_document(struct_type: str) -> list[dict[str, str]]:
    inner = struct_type[struct_type.index("(") + 1 : struct_type.index(")")]
    return [dict(zip(("type", "name"), field.split(" "), strict=True)) for field in inner.split(",")]
