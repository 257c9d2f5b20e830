"""Who signed: secp256k1 in its compact form (EIP-2098), and what EIP-712 makes the signer sign."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from coincurve import PublicKey

from stoa_audit.digests import address_bytes, checksummed, keccak

HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


def recovered(digest: bytes, r: bytes, s: int, parity: int) -> str | None:
    """The address whose key signed `digest`; None for a malformed or malleable signature."""
    if not 0 < s <= HALF_ORDER or len(r) != 32 or parity not in (0, 1):
        return None
    try:
        key = PublicKey.from_signature_and_message(
            r + s.to_bytes(32, "big") + bytes([parity]), digest, hasher=None
        )
    except Exception:  # coincurve raises no narrower one for a signature that no key can have made
        return None
    return checksummed(keccak(key.format(compressed=False)[1:])[12:])


def signer_of(digest: bytes, r: bytes, vs: bytes) -> str | None:
    """The same from the compact form: the top bit of `vs` is the parity."""
    value = int.from_bytes(vs, "big")
    return recovered(digest, r, value & ((1 << 255) - 1), value >> 255)


@dataclass(frozen=True, slots=True)
class Domain:
    """The contract on the chain that a signature is for."""

    name: str
    chain_id: int
    contract: str

    def digest(self, struct: bytes) -> bytes:
        return keccak(b"\x19\x01" + _separator(self.name, self.chain_id, self.contract) + struct)


@lru_cache(maxsize=64)
def _separator(name: str, chain_id: int, contract: str) -> bytes:
    type_ = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    return struct_hash(type_, [keccak(name.encode()), keccak(b"1"), chain_id, contract])


def struct_hash(type_: str, values: Sequence[object]) -> bytes:
    """The hash of an EIP-712 struct of static fields; strings and arrays are given as their hashes."""
    return keccak(_type_hash(type_) + b"".join(map(word, values)))


@lru_cache(maxsize=64)
def _type_hash(type_: str) -> bytes:
    return keccak(type_.encode())


def word(value: object) -> bytes:
    """A static value as one 32-byte word: numbers and addresses to the right, byte strings to the left."""
    match value:
        case bytes():
            return value.ljust(32, b"\0")
        case int():
            return value.to_bytes(32, "big")
        case str():
            return address_bytes(value, "address").rjust(32, b"\0")
        case _:
            raise TypeError(f"{type(value).__name__} has no ABI word")
