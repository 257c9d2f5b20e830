"""Ending a consent from any node with nothing but the typed code: no server, no account, no wallet.

A throw-away key carries the revocation; the ledger's door lets it through.
"""

from collections.abc import Sequence

from ledger.abi import LogFields
from ledger.bindings import ConsentGranted
from ledger.city import City, Contracts
from ledger.consents import struct_of
from ledger.keys import LocalSigner
from ledger.node import LedgerError, Node, NodeUnreachableError, Receipt
from ledger.revocation_code import RevocationCode
from ledger.transactions import DirectSender

GAS = 300_000


class CodeUnknownError(LedgerError):
    """No consent on the ledger has this code."""

    code = "unknown_consent"


def find_consent(city: City, node: Node, code: RevocationCode) -> ConsentGranted:
    """The consent whose paper has this code, read from the ledger alone.

    Raises:
        CodeUnknownError
    """
    topics = [ConsentGranted.topic_zero(), None, None, code.hash]
    logs = node.logs_about([city.addresses["Consents"]], topics, city.first_block)
    if not logs:
        raise CodeUnknownError("No consent on the ledger has this code. Compare it with the paper.")
    return ConsentGranted.decoded(LogFields(logs[0].topics, logs[0].data))


def revoke_by_code(city: City, nodes: Sequence[Node], code: RevocationCode) -> tuple[ConsentGranted, Receipt]:
    """End the consent through the first node that answers.

    Raises:
        CodeUnknownError: no such consent.
        RevertedError: it has ended already.
        NodeUnreachableError: no node answers.
    """
    for node in nodes:
        try:
            city.require_served_by(node)
            found = find_consent(city, node, code)
            terms, own = struct_of(found)
            call = Contracts(city).consents.revoke_by_code(terms, own, code.value)
            return found, DirectSender(node, LocalSigner.fresh()).send(call, GAS)
        except NodeUnreachableError:
            continue
    raise NodeUnreachableError(
        "None of the city's nodes answers. Try again later, or ask the desk or the ombudsman."
    )
