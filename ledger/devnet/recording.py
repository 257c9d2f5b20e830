"""From a block in memory to the rows that keep it."""

from collections.abc import Iterator, Sequence

import rlp
from eth.abc import BlockHeaderAPI

from ledger.devnet.building import Built
from ledger.devnet.records import Commit, StoredBlock, StoredLog, StoredTransaction, StoredWaiting


def commit_of(
    header: BlockHeaderAPI | None,
    built: Built | None,
    now_waiting: Sequence[StoredWaiting],
    no_longer_waiting: Sequence[bytes],
) -> Commit:
    """What to write for a sealed block, if there is one, and for the transactions that wait after it."""
    if header is None or built is None:
        return Commit(now_waiting=now_waiting, no_longer_waiting=no_longer_waiting)
    return Commit(
        block=stored_header(header),
        transactions=list(_transactions(header.block_number, built)),
        logs=list(_logs(header.block_number, built)),
        nodes=built.nodes,
        now_waiting=now_waiting,
        no_longer_waiting=no_longer_waiting,
    )


def stored_header(header: BlockHeaderAPI) -> StoredBlock:
    return StoredBlock(header.block_number, header.hash, rlp.encode(header))


def _transactions(block: int, built: Built) -> Iterator[StoredTransaction]:
    first_log = 0
    for position, executed in enumerate(built.executed):
        yield StoredTransaction(
            block=block,
            position=position,
            hash=executed.transaction.hash,
            sender=executed.transaction.sender,
            raw=executed.transaction.raw,
            receipt=executed.receipt.encode(),
            gas_used=executed.gas_used,
            first_log=first_log,
            created=executed.created,
        )
        first_log += len(executed.receipt.logs)


def _logs(block: int, built: Built) -> Iterator[StoredLog]:
    logs = (
        (position, log) for position, executed in enumerate(built.executed) for log in executed.receipt.logs
    )
    for log_index, (position, log) in enumerate(logs):
        yield StoredLog(
            block=block,
            log_index=log_index,
            position=position,
            address=bytes(log.address),
            topics=tuple(topic.to_bytes(32, "big") for topic in log.topics),
            content=bytes(log.data),
        )
