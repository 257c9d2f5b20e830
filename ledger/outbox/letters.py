"""Reading back what a message says."""

from eth_abi.abi import decode

from ledger.abi import argument_types
from ledger.bindings import Application, Decision


def application_of(signature: str, calldata: bytes) -> Application:
    """The application that a message to `UseCases` carries."""
    return Application.of(decode(argument_types(signature), calldata[4:])[0])


def decision_of(signature: str, calldata: bytes) -> Decision:
    """The decision that a message to `UseCases` carries."""
    return Decision.of(decode(argument_types(signature), calldata[4:])[1])


def reason_digest_of(signature: str, calldata: bytes) -> bytes:
    """The digest of a reason, where it is the last thing that a message says."""
    return bytes(decode(argument_types(signature), calldata[4:])[-1])
