"""Reading back what a message says."""

from eth_abi.abi import decode

from ledger.abi import argument_types
from ledger.bindings import Application


def application_of(signature: str, calldata: bytes) -> Application:
    """The application that a message to `UseCases` carries."""
    return Application.of(decode(argument_types(signature), calldata[4:])[0])
