"""EIP-191: how wallets sign a text that a person reads, so that it can never be taken for a transaction."""

from ledger.digests import keccak


def personal_digest(text: str) -> bytes:
    """The digest that `personal_sign` signs for `text`."""
    content = text.encode()
    return keccak(b"\x19Ethereum Signed Message:\n" + str(len(content)).encode() + content)
