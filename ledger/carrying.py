"""Ending a consent from any node with nothing but the typed code: no server, no account, no wallet.

A throw-away key carries the revocation; the ledger's door lets it through. A node is trusted with nothing: one that
refuses, forgets or answers nonsense is passed over for the next.
"""

from collections.abc import Sequence

from ledger.abi import LogFields
from ledger.bindings import ConsentGranted, ConsentRevoked
from ledger.city import City, Contracts
from ledger.consents import struct_of
from ledger.keys import LocalSigner
from ledger.node import LedgerError, Node, NodeRefusedError, NodeUnreachableError, Receipt, RevertedError
from ledger.revocation_code import RevocationCode
from ledger.transactions import DirectSender
from ledger.typed_data import consent_id

GAS = 300_000
WAIT_SECONDS = 45.0
"""How long one node may take to get the revocation into a block: three empty blocks of an idle devnet."""


class CodeUnknownError(LedgerError):
    """No consent on the ledger has this code."""

    code = "unknown_consent"


def find_consents(city: City, node: Node, code: RevocationCode) -> list[ConsentGranted]:
    """The consents that this code ends, oldest first, read from the ledger alone.

    It is one, unless somebody copied the code's digest from the ledger into a consent of his own.

    Raises:
        CodeUnknownError
        NodeRefusedError: the node tells of a consent that cannot be.
    """
    topics = [ConsentGranted.topic_zero(), None, None, code.hash]
    logs = node.logs_about([city.addresses["Consents"]], topics, city.first_block)
    if not logs:
        raise CodeUnknownError("No consent on the ledger has this code. Compare it with the paper.")
    found = [ConsentGranted.decoded(LogFields(log.topics, log.data)) for log in logs]
    for one in found:
        if consent_id(city.domains.consents, *struct_of(one)) != one.id:
            # Sent all the same, it would end a consent that nobody gave, and look like a success.
            raise NodeRefusedError(f"The node at {node.url} tells of a consent that cannot be.")
    return found


def revoke_by_code(
    city: City, nodes: Sequence[Node], code: RevocationCode, *, wait_seconds: float = WAIT_SECONDS
) -> tuple[ConsentGranted, Receipt]:
    """End the consent through the first node that takes it to the ledger.

    Raises:
        CodeUnknownError: no such consent.
        RevertedError: it has ended already.
        WrongLedgerError, NodeRefusedError, TransactionLostError: no node took it, and this is what the first one said.
        NodeUnreachableError: no node answers.
    """
    refusals: list[LedgerError] = []
    for node in nodes:
        try:
            return _revoke_through(city, node, code, wait_seconds)
        except LedgerError as error:
            refusals.append(error)
        except (LookupError, TypeError, ValueError):
            refusals.append(NodeRefusedError(f"The node at {node.url} answers nonsense."))
    raise _told(refusals)


def _revoke_through(
    city: City, node: Node, code: RevocationCode, wait_seconds: float
) -> tuple[ConsentGranted, Receipt]:
    city.require_served_by(node)
    ended: list[tuple[ConsentGranted, Receipt]] = []
    refusal: RevertedError | None = None
    for found in find_consents(city, node, code):
        terms, own = struct_of(found)
        call = Contracts(city).consents.revoke_by_code(terms, own, code.value)
        try:
            receipt = DirectSender(node, LocalSigner.fresh(), wait_seconds).send(call, GAS)
        except RevertedError as error:
            refusal = error
            continue
        if not any(log.topics[:2] == (ConsentRevoked.topic_zero(), found.id) for log in receipt.logs):
            raise NodeRefusedError(f"The node at {node.url} shows a receipt of something else.")
        ended.append((found, receipt))
    if not ended and refusal is not None:
        raise refusal
    return ended[0]


def _told(refusals: Sequence[LedgerError]) -> LedgerError:
    """The one refusal to tell of many: what a node knew of the consent before what it said of itself."""
    for kind in (RevertedError, CodeUnknownError):
        for refusal in refusals:
            if isinstance(refusal, kind):
                return refusal
    answered = [one for one in refusals if not isinstance(one, NodeUnreachableError)]
    if answered:
        return answered[0]
    return NodeUnreachableError(
        "None of the city's nodes answers. Try again later, or ask the desk or the ombudsman."
    )
