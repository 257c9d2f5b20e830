"""DSSE envelopes (version 1.0.2): who signed which payload."""

import base64
import binascii

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from stoa_audit.errors import InvalidError
from stoa_audit.fields import Fields

PAYLOAD_TYPE = "application/vnd.in-toto+json"


def opened(envelope: Fields) -> tuple[bytes, list[bytes]]:
    """The payload, and the Ed25519 keys that signed it. Raises InvalidError."""
    envelope.only(("payload", "payloadType", "signatures"))
    if envelope.text("payloadType") != PAYLOAD_TYPE:
        raise InvalidError("the payload is of another type", envelope.place)
    payload = _base64(envelope.text("payload"), envelope.place)
    message = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
    keys: list[bytes] = []
    for index, entry in enumerate(envelope.list("signatures")):
        signature = Fields(entry, f"{envelope.place}, signature {index}").only(("keyid", "sig"))
        key = signature.digest("keyid")
        if _signed(key, _base64(signature.text("sig"), signature.place), message):
            keys.append(key)
    return payload, keys


def _signed(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _base64(text: str, place: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidError("this is not base64", place) from error
