"""Results and manifests at rest: AES-256-GCM under a key per order. Destroying the key destroys them."""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.digests import sha256
from marketplace.errors import UnavailableError
from marketplace.orders.tables import SealedRow


class SealBrokenError(UnavailableError):
    """A sealed result was changed where it is kept."""

    code = "result_corrupted"


def fresh_key() -> bytes:
    return secrets.token_bytes(32)


def sealed(*, digest: bytes, order: bytes, kind: str, content: bytes, key: bytes) -> SealedRow:
    nonce = secrets.token_bytes(12)
    ciphertext = AESGCM(key).encrypt(nonce, content, kind.encode() + order)
    return SealedRow(digest=digest, order=order, kind=kind, nonce=nonce, ciphertext=ciphertext)


def opened(row: SealedRow, key: bytes) -> bytes:
    """Raises SealBrokenError."""
    try:
        return AESGCM(key).decrypt(row.nonce, row.ciphertext, row.kind.encode() + row.order)
    except InvalidTag:
        raise SealBrokenError(
            "The stored result was changed. Restore it from a backup; the ledger's digest tells the true one."
        ) from None


def salted_digest(salt: bytes, content: bytes) -> bytes:
    """How the ledger knows a result: a small answer could be guessed from a plain digest."""
    return sha256(salt + sha256(content))
