"""A wallet in a few lines: signs what a city offers, typed data or text, so that it can be sent back."""

from typing import Any

from eth_account.messages import encode_typed_data

from ledger.digests import hexed, keccak
from ledger.keys import Signer
from ledger.personal_messages import personal_digest


class NothingToSignError(ValueError):
    """The offer has neither typed data nor a message."""

    code = "nothing_to_sign"


def typed_data_digest(document: dict[str, Any]) -> bytes:
    """The EIP-712 digest of a document, computed from its own types."""
    found = encode_typed_data(full_message=document)
    return keccak(b"\x19" + found.version + found.header + found.body)


def signed_offer(signer: Signer, offer: dict[str, Any]) -> dict[str, Any]:
    """What `POST .../forms` answered, with the signature in it: ready for the `POST` that carries it out.

    Raises:
        NothingToSignError: it is no such answer.
    """
    match offer:
        case {"typed_data": dict() as document}:
            digest = typed_data_digest(document)
        case {"message": str() as text}:
            digest = personal_digest(text)
        case _:
            raise NothingToSignError("This is no offer: it has neither typed_data nor a message to sign.")
    return {**offer, "signature": hexed(signer.sign(digest))}
