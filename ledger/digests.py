"""Digests: keccak256 in signatures and contracts, SHA-256 of RFC 8785 bytes for documents."""

import hashlib
import unicodedata
from typing import Any

import rfc8785
from eth_hash.auto import keccak as _keccak


def keccak(content: bytes) -> bytes:
    return _keccak(content)


def sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def canonical(document: Any) -> bytes:
    """The RFC 8785 bytes of a JSON document.

    Raises:
        ValueError: it holds a number that JSON cannot carry exactly (RFC 8785 section 3.2.2.3) or another type.
    """
    return rfc8785.dumps(document)


def document_digest(document: Any) -> bytes:
    return sha256(canonical(document))


def text_digest(text: str) -> bytes:
    """keccak256 of the NFC UTF-8 bytes: how EIP-712 sees a string, and how notices and names are known."""
    return keccak(unicodedata.normalize("NFC", text).encode())


def hexed(digest: bytes) -> str:
    return "0x" + digest.hex()


def unhexed(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
