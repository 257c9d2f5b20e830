"""The node's events: those of the blocks, no more, no fewer, not one bit otherwise."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from stoa_audit.beside.blocks import quantity
from stoa_audit.beside.subject import Subject
from stoa_audit.digests import checksummed, unhexed
from stoa_audit.errors import InvalidError
from stoa_audit.fields import Fields
from stoa_audit.node import Node, RefusedError
from stoa_audit.replaying import LoggedAt, log_digest
from stoa_audit.report import Check

PAGE = 1_000
"""Blocks per question; halved where the node would have to tell too many events at once."""


def check_logs(subject: Subject, check: Check) -> None:
    last, addresses = subject.head.number, list(subject.city.addresses.values())
    check.covered = f"blocks 0 to {last}"
    told: list[LoggedAt] = []
    for start in range(0, last + 1, PAGE):
        end = min(start + PAGE - 1, last)
        told += _logs(subject.node, start, end, addresses)
        subject.progress("asking the node for events", end, last)
    for wanted, found in zip_longest(subject.logs, sorted(told)):
        if wanted == found:
            check.passed()
            continue
        first = min(one for one in (wanted, found) if one is not None)
        block, index, _ = first
        if wanted is None or (found is not None and found[:2] < wanted[:2]):
            fault = "tells of an event that is not in the block"
        elif found is None or wanted[:2] < found[:2]:
            fault = "conceals an event that is in the block"
        else:
            fault = "tells an event otherwise than it is in the block"
        check.failed(f"block {block}, log {index} of the node", fault)
        return


def _logs(node: Node, start: int, end: int, addresses: Sequence[str]) -> list[LoggedAt]:
    asked = {"fromBlock": hex(start), "toBlock": hex(end), "address": list(addresses)}
    try:
        answer = node.ask("eth_getLogs", asked)
    except RefusedError:
        if start == end:
            raise
        middle = (start + end) // 2  # more logs than the node gives at once
        return _logs(node, start, middle, addresses) + _logs(node, middle + 1, end, addresses)
    if not isinstance(answer, list):
        raise InvalidError("a list of logs is wanted", "eth_getLogs")
    return [
        _logged(entry, f"eth_getLogs from block {start}, entry {index}") for index, entry in enumerate(answer)
    ]


def _logged(entry: Any, place: str) -> LoggedAt:
    fields = Fields(entry, place)
    address = checksummed(unhexed(fields.text("address").lower(), place))
    return (
        quantity(fields.text("blockNumber"), place),
        quantity(fields.text("logIndex"), place),
        log_digest(address, fields.hex_list("topics"), fields.bytes_("data")),
    )
