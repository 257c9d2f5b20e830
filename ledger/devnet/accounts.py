"""Reading accounts, storage, code and proofs at one state root."""

from collections.abc import Sequence

import rlp
from eth.constants import BLANK_ROOT_HASH, EMPTY_SHA3
from eth.db.backends.base import BaseDB
from eth.rlp.accounts import Account
from eth_hash.auto import keccak
from eth_typing import Hash32
from trie.hexary import HexaryTrie

EMBEDDED_NODE_BYTES = 32


class StateAt:
    """The world as it was at `root`."""

    def __init__(self, nodes: BaseDB, root: bytes) -> None:
        self._nodes = nodes
        self._trie = HexaryTrie(nodes, Hash32(root))  # pyright: ignore[reportArgumentType]

    def account(self, address: bytes) -> Account:
        encoded = self._trie[keccak(address)]
        return rlp.decode(encoded, sedes=Account) if encoded else Account()

    def code(self, address: bytes) -> bytes:
        digest = self.account(address).code_hash
        return b"" if digest == EMPTY_SHA3 else self._nodes[digest]

    def storage(self, address: bytes, slot: int) -> int:
        encoded = self._storage_trie(self.account(address))[_slot_key(slot)]
        return int.from_bytes(rlp.decode(encoded), "big") if encoded else 0

    def account_proof(self, address: bytes) -> tuple[bytes, ...]:
        return _proof(self._trie, keccak(address))

    def storage_proofs(self, address: bytes, slots: Sequence[int]) -> list[tuple[bytes, ...]]:
        trie = self._storage_trie(self.account(address))
        return [_proof(trie, _slot_key(slot)) for slot in slots]

    def _storage_trie(self, account: Account) -> HexaryTrie:
        return HexaryTrie(self._nodes, account.storage_root)  # pyright: ignore[reportArgumentType]


def _slot_key(slot: int) -> bytes:
    return keccak(slot.to_bytes(32, "big"))


def _proof(trie: HexaryTrie, key: bytes) -> tuple[bytes, ...]:
    """The nodes on the way to `key`. Nodes short enough to be embedded in their parent come with the parent."""
    if trie.root_hash == BLANK_ROOT_HASH:
        return ()
    root, *below = [bytes(rlp.encode(node)) for node in trie.get_proof(key)]
    return (root, *(node for node in below if len(node) >= EMBEDDED_NODE_BYTES))
