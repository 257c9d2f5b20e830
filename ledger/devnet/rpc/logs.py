"""Asking for logs: by address and topics, in a range of blocks or in one block."""

from dataclasses import dataclass
from typing import Any, cast

from ledger.devnet.rpc import values
from ledger.devnet.rpc.errors import (
    INVALID_PARAMS,
    LIMIT_EXCEEDED,
    SERVER_ERROR,
    Json,
    invalid_params,
    named,
)
from ledger.devnet.rpc.forms import log_form
from ledger.devnet.rpc.node import Node

TOPICS = 4
ALTERNATIVES = 1_000
"""Addresses, or topics in one place, that one question may list."""


@dataclass(frozen=True)
class LogQuestion:
    """Which logs: those of any of `addresses` (none: of all) with one of the topics in each place (none: any)."""

    addresses: tuple[bytes, ...]
    topics: tuple[tuple[bytes, ...], ...]

    def condition(self, first: int, last: int) -> tuple[str, list[object]]:
        """The same as SQL, for the blocks from `first` to `last`."""
        terms, arguments = ["logs.block BETWEEN ? AND ?"], cast("list[object]", [first, last])
        columns = [
            ("address", self.addresses),
            *((f"topic{place}", any_of) for place, any_of in enumerate(self.topics)),
        ]
        for column, any_of in columns:
            if any_of:
                terms.append(f"logs.{column} IN ({', '.join('?' * len(any_of))})")
                arguments.extend(any_of)
        # A question of more places than a log has topics must not find it: [null, null] wants two topics or more.
        if self.topics:
            terms.extend(
                f"logs.topic{place} IS NOT NULL" for place, any_of in enumerate(self.topics) if not any_of
            )
        return " AND ".join(terms), arguments


def get_logs(node: Node, fields: dict[str, Any]) -> list[Json]:
    """The answer to eth_getLogs.

    Raises:
        RpcError: the block is unknown, the range goes beyond the head, or the answer would be too long.
    """
    question = parse_question(fields)
    if fields.get("blockHash") is not None:
        if fields.get("fromBlock") is not None or fields.get("toBlock") is not None:
            raise invalid_params("give either blockHash or fromBlock and toBlock")
        block = node.block_hashed(values.digest(fields["blockHash"], "blockHash"))
        if block is None:
            raise named(SERVER_ERROR, "unknown_block", "unknown block: no block of this chain has that hash")
        return find_logs(node, question, block.number, block.number)
    first = node.number(fields.get("fromBlock") or "latest")
    last = node.number(fields.get("toBlock") or "latest")
    head = node.head_number
    if first > head or (last > head and fields.get("toBlock") != "pending"):
        raise named(
            INVALID_PARAMS, "beyond_head", f"block range extends beyond the current head block {head}"
        )
    if first > last:
        raise invalid_params("invalid block range: fromBlock is after toBlock")
    return find_logs(node, question, first, min(last, head))


def find_logs(node: Node, question: LogQuestion, first: int, last: int) -> list[Json]:
    limits = node.limits
    if last - first >= limits.log_blocks:
        raise named(
            LIMIT_EXCEEDED, "too_many_blocks", f"ask for at most {limits.log_blocks} blocks at a time"
        )
    found = node.store.logs(*question.condition(first, last), limits.log_results + 1)
    if len(found) > limits.log_results:
        raise named(
            LIMIT_EXCEEDED,
            "too_many_logs",
            f"more than {limits.log_results} logs: ask for fewer blocks, up to block {found[-1][0].block - 1} at first",
        )
    return [log_form(log, block_hash, transaction_hash) for log, block_hash, transaction_hash in found]


def parse_question(fields: dict[str, Any]) -> LogQuestion:
    topics = _list(fields.get("topics"), "topics", TOPICS)
    return LogQuestion(
        addresses=tuple(
            values.address(each, "address") for each in _one_or_many(fields.get("address"), "address")
        ),
        topics=tuple(
            tuple(values.digest(each, "topic") for each in _one_or_many(place, "topic") if each is not None)
            if not _allows_any(place)
            else ()
            for place in topics
        ),
    )


def _allows_any(place: Any) -> bool:
    return isinstance(place, list) and None in cast("list[Any]", place)


def _one_or_many(value: Any, name: str) -> list[Any]:
    if isinstance(value, str):
        return [value]
    return _list(value, name, ALTERNATIVES)


def _list(value: Any, name: str, longest: int) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise invalid_params(f"{name} must be a list")
    items = cast("list[Any]", value)
    if len(items) > longest:
        raise invalid_params(f"{name} may have at most {longest} entries")
    return items
