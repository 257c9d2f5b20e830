"""Filters that a client installs and then asks for what is new. They live in memory and end when nobody asks."""

import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from ledger.devnet.rpc import values
from ledger.devnet.rpc.errors import LIMIT_EXCEEDED, SERVER_ERROR, Json, invalid_params, named
from ledger.devnet.rpc.logs import LogQuestion, find_logs, parse_question
from ledger.devnet.rpc.node import Node

OPEN_ENDS = (None, "latest", "pending", "safe", "finalized")


@dataclass
class Filter:
    first_block: int
    next_block: int
    """The first block whose contents were not told yet."""
    question: LogQuestion | None
    """None: the filter tells hashes of blocks."""
    last_block: int | None = None
    asked_at: float = field(default_factory=time.monotonic)

    def last_up_to(self, head: int) -> int:
        return head if self.last_block is None else min(head, self.last_block)


class Filters:
    """All filters of one node."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._filters: dict[str, Filter] = {}
        self._guard = threading.Lock()

    def new_block_filter(self) -> str:
        head = self._node.head_number
        return self._install(Filter(head, head + 1, None))

    def new_log_filter(self, fields: dict[str, Any]) -> str:
        """
        Raises:
            RpcError: it cannot be asked, or there are too many filters.
        """
        if fields.get("blockHash") is not None:
            raise invalid_params("a filter follows a range of blocks; ask eth_getLogs about one block")
        first, last = self._node.number(fields.get("fromBlock") or "latest"), fields.get("toBlock")
        # What is there already is for eth_getFilterLogs; changes start with the next block.
        begin = max(first, self._node.head_number + 1)
        end = None if last in OPEN_ENDS else self._node.number(last)
        return self._install(Filter(first, begin, parse_question(fields), end))

    def changes(self, name: Any) -> list[Json]:
        """What came since the last time."""
        with self._guard:
            found = self._find(name)
        head = self._node.head_number
        first, last = found.next_block, found.last_up_to(head)
        told = self._told(found.question, first, last) if first <= last else []
        # Also when the head is behind what was told, as after a snapshot was reverted: the filter goes on from there.
        found.next_block = head + 1
        return told

    def _told(self, question: LogQuestion | None, first: int, last: int) -> list[Json]:
        if question is None:
            return [values.hex_bytes(digest) for digest in self._node.store.hashes_between(first, last)]
        return find_logs(self._node, question, first, last)

    def logs(self, name: Any) -> list[Json]:
        """All that the filter matches from its first block to its last or to the head."""
        with self._guard:
            found = self._find(name)
        if found.question is None:
            raise invalid_params("this filter tells blocks, not logs")
        return find_logs(
            self._node, found.question, found.first_block, found.last_up_to(self._node.head_number)
        )

    def uninstall(self, name: Any) -> bool:
        with self._guard:
            return isinstance(name, str) and self._filters.pop(name, None) is not None

    def _install(self, new: Filter) -> str:
        with self._guard:
            self._forget_unused()
            if len(self._filters) >= self._node.limits.filters:
                raise named(
                    LIMIT_EXCEEDED, "too_many_filters", "too many filters: uninstall one that is not used"
                )
            name = hex(secrets.randbits(64) | 1 << 64)
            self._filters[name] = new
            return name

    def _forget_unused(self) -> None:
        oldest = time.monotonic() - self._node.limits.filter_seconds
        for name in [name for name, each in self._filters.items() if each.asked_at < oldest]:
            del self._filters[name]

    def _find(self, name: Any) -> Filter:
        found = self._filters.get(name) if isinstance(name, str) else None
        if found is None:
            raise named(
                SERVER_ERROR,
                "unknown_filter",
                "filter not found: uninstalled, or nobody asked for long",
            )
        found.asked_at = time.monotonic()
        return found
