"""The node's blocks: each header, as the node describes it, must hash to the block that was believed."""

from typing import Any

from stoa_audit import rlp
from stoa_audit.beside.subject import Subject
from stoa_audit.digests import hexed, keccak, unhexed
from stoa_audit.errors import InvalidError, NodeError
from stoa_audit.fields import Fields
from stoa_audit.report import Check

HEADER_FIELDS = (
    *("parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom"),
    *("difficulty", "number", "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce"),
    *("baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot"),
    "requestsHash",
)
QUANTITIES = frozenset(
    {
        "difficulty",
        "number",
        "gasLimit",
        "gasUsed",
        "timestamp",
        "baseFeePerGas",
        "blobGasUsed",
        "excessBlobGas",
    }
)
PAGE = 200


def check_ledger(subject: Subject, check: Check) -> None:
    city, node = subject.city, subject.node
    check.covered = "chain id, genesis block"
    chain_id = quantity(node.ask("eth_chainId"), "eth_chainId")
    check.expect(
        chain_id == city.chain_id, "the node", f"serves chain {chain_id}, the city is on {city.chain_id}"
    )
    genesis = header_of(node.ask("eth_getBlockByNumber", "0x0", False), "block 0 of the node")
    check.expect(
        keccak(genesis) == city.genesis, "the node", "has another genesis block than the city file names"
    )


def check_headers(subject: Subject, check: Check) -> None:
    node, last = subject.node, subject.head.number
    check.covered = f"blocks 0 to {last}"
    for start in range(0, last + 1, PAGE):
        numbers = range(start, min(start + PAGE, last + 1))
        found = node.ask_all("eth_getBlockByNumber", [(hex(number), False) for number in numbers])
        for number, answer in zip(numbers, found, strict=True):
            if answer is None:
                raise NodeError(f"the node does not have block {number} of {last}")
            place = f"block {number} of the node"
            with check.guarded():
                fault = _header_fault(answer, place, subject.world.hashes[number])
                check.expect(fault is None, place, fault or "")
        subject.progress("asking the node for blocks", numbers[-1], last)
    ahead = quantity(node.ask("eth_blockNumber"), "eth_blockNumber") - last
    if ahead > 0:
        check.notes.append(f"the node has {ahead} newer blocks, which this bundle does not hold")


def _header_fault(answer: Any, place: str, wanted: bytes) -> str | None:
    hash_ = keccak(header_of(answer, place))
    if hash_ != wanted:
        return f"has fields that hash to {hexed(hash_)}, the bundle's block is {hexed(wanted)}"
    named = Fields(answer, place).bytes_("hash")
    return None if named == hash_ else "names another hash than its fields have"


def header_of(answer: Any, place: str) -> bytes:
    """The RLP of a header as the node describes it."""
    fields = Fields(answer, place)
    items: list[rlp.Item] = []
    for name in HEADER_FIELDS:
        value = fields.text(name)
        items.append(
            rlp.whole(quantity(value, place)) if name in QUANTITIES else unhexed(value.lower(), place)
        )
    return rlp.encoded(items)


def quantity(value: Any, place: str) -> int:
    try:
        return int(value if isinstance(value, str) and value.startswith("0x") else "", 16)
    except ValueError as error:
        raise InvalidError("a hex number is wanted", place) from error
