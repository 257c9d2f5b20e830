"""State nodes for py-evm: reads come from the store, writes of a block being built stay in memory until its commit."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager

from eth.abc import AtomicWriteBatchAPI
from eth.db.atomic import AtomicDBWriteBatch
from eth.db.backends.base import BaseAtomicDB
from lru import LRU

from ledger.devnet.store import Store

CACHED_NODES = 8_192


class NodeCache:
    """The nodes most recently used, in front of a store. A node never changes, for its key is its digest."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._recent: LRU[bytes, bytes] = LRU(CACHED_NODES)

    def get(self, key: bytes) -> bytes | None:
        value = self._recent.get(key)
        if value is None:
            value = self._store.node(key)
            if value is not None:
                self._recent[key] = value
        return value

    def remember(self, nodes: Mapping[bytes, bytes]) -> None:
        self._recent.update(nodes)


class NodeBuffer(BaseAtomicDB):
    """The nodes of a chain, and on top of them those that were written here and nowhere else."""

    def __init__(self, nodes: NodeCache) -> None:
        self._nodes = nodes
        self.written: dict[bytes, bytes] = {}

    def __getitem__(self, key: bytes) -> bytes:
        value = self.written.get(key)
        if value is None:
            value = self._nodes.get(key)
        if value is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self.written[key] = value

    def __delitem__(self, key: bytes) -> None:
        # Older blocks need what this block no longer does: only what was written here can go.
        self.written.pop(key, None)

    def _exists(self, key: bytes) -> bool:
        return key in self.written or self._nodes.get(key) is not None

    @contextmanager
    def atomic_batch(self) -> Generator[AtomicWriteBatchAPI]:
        batch = AtomicDBWriteBatch(self)
        yield batch
        batch._commit()  # pyright: ignore[reportPrivateUsage]
