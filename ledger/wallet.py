"""What a wallet does: sign typed data and messages with a key in this process."""

from typing import Any

from eth_account.messages import SignableMessage, encode_defunct, encode_typed_data

from ledger.digests import keccak
from ledger.keys import Signer


def sign_typed_data(signer: Signer, document: dict[str, Any]) -> bytes:
    """The 65-byte signature of `eth_signTypedData_v4` over an EIP-712 document."""
    return signer.sign(_digest(encode_typed_data(full_message=document)))


def sign_message(signer: Signer, text: str) -> bytes:
    """The 65-byte signature of `personal_sign` (EIP-191) over a text."""
    return signer.sign(_digest(encode_defunct(text=text)))


def _digest(message: SignableMessage) -> bytes:
    return keccak(b"\x19" + message.version + message.header + message.body)
