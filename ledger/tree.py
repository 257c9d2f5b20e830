"""The ordered Merkle tree of the ledger: consents in force, leaves of a dataset version.

Shape of RFC 9162 section 2.1 with keccak256: 0x00 before a leaf, 0x01 before a node, leaves ascending and distinct.
It serves inclusion and, since it is ordered, non-inclusion: two neighbours with the sought leaf between them.
The empty tree has the zero root.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ledger.digests import keccak, sha256

ZERO_ROOT = bytes(32)

Hash = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class InclusionProof:
    leaf: bytes
    index: int
    size: int
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ExclusionProof:
    """Neighbours of a leaf that is not there: either may be missing at an end of the tree."""

    leaf: bytes
    size: int
    below: InclusionProof | None
    above: InclusionProof | None


def leaf_hash(leaf: bytes, hash_: Hash = keccak) -> bytes:
    return hash_(b"\x00" + leaf)


def node_hash(left: bytes, right: bytes, hash_: Hash = keccak) -> bytes:
    return hash_(b"\x01" + left + right)


class OrderedTree:
    """A tree over distinct 32-byte leaves, held in memory level by level."""

    def __init__(self, leaves: Iterable[bytes]) -> None:
        self.leaves = sorted(leaves)
        if any(a == b for a, b in zip(self.leaves, self.leaves[1:], strict=False)):
            raise ValueError("An ordered tree holds each leaf once.")
        self._levels = levels(self.leaves, keccak)

    def __len__(self) -> int:
        return len(self.leaves)

    @property
    def root(self) -> bytes:
        return self._levels[-1][0] if self.leaves else ZERO_ROOT

    def __contains__(self, leaf: bytes) -> bool:
        index = bisect_left(self.leaves, leaf)
        return index < len(self.leaves) and self.leaves[index] == leaf

    def proof(self, leaf: bytes) -> InclusionProof | ExclusionProof:
        """That `leaf` is in the tree, or that it is not."""
        return self.inclusion(leaf) if leaf in self else self.exclusion(leaf)

    def inclusion(self, leaf: bytes) -> InclusionProof:
        """Raises KeyError when `leaf` is not in the tree."""
        index = bisect_left(self.leaves, leaf)
        if index == len(self.leaves) or self.leaves[index] != leaf:
            raise KeyError(leaf.hex())
        return self._at(index)

    def exclusion(self, leaf: bytes) -> ExclusionProof:
        """Raises KeyError when `leaf` is in the tree."""
        index = bisect_left(self.leaves, leaf)
        if index < len(self.leaves) and self.leaves[index] == leaf:
            raise KeyError(leaf.hex())
        below = self._at(index - 1) if index > 0 else None
        above = self._at(index) if index < len(self.leaves) else None
        return ExclusionProof(leaf=leaf, size=len(self.leaves), below=below, above=above)

    def _at(self, index: int) -> InclusionProof:
        path = path_of(self._levels, index)
        return InclusionProof(leaf=self.leaves[index], index=index, size=len(self.leaves), path=path)


def levels(leaves: list[bytes], hash_: Hash) -> list[list[bytes]]:
    """Level 0 is the hashed leaves; an odd last node is carried up as it is, which gives RFC 9162's shape."""
    level = [leaf_hash(leaf, hash_) for leaf in leaves]
    found = [level]
    while len(level) > 1:
        pairs = [node_hash(level[i], level[i + 1], hash_) for i in range(0, len(level) - 1, 2)]
        level = pairs + (level[-1:] if len(level) % 2 else [])
        found.append(level)
    return found


def path_of(found: list[list[bytes]], index: int) -> tuple[bytes, ...]:
    path: list[bytes] = []
    for level in found[:-1]:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        index //= 2
    return tuple(path)


def root_of_log(entries: list[bytes]) -> bytes:
    """The RFC 9162 tree head (SHA-256) of a log whose entries stand in their own order."""
    return levels(entries, sha256)[-1][0] if entries else sha256(b"")


def includes(root: bytes, proof: InclusionProof, hash_: Hash = keccak) -> bool:
    """Whether `proof` shows its leaf under `root` (RFC 9162 section 2.1.3.2)."""
    if not 0 <= proof.index < proof.size:
        return False
    index, last = proof.index, proof.size - 1
    value = leaf_hash(proof.leaf, hash_)
    for sibling in proof.path:
        if last == 0:
            return False
        if index % 2 or index == last:
            value = node_hash(sibling, value, hash_)
            while index and index % 2 == 0:
                index //= 2
                last //= 2
        else:
            value = node_hash(value, sibling, hash_)
        index //= 2
        last //= 2
    return last == 0 and value == root


def excludes(root: bytes, proof: ExclusionProof) -> bool:
    """Whether `proof` shows that its leaf is not under `root`."""
    if proof.size == 0:
        return root == ZERO_ROOT and proof.below is None and proof.above is None
    for neighbour in (proof.below, proof.above):
        if neighbour is not None and not (neighbour.size == proof.size and includes(root, neighbour)):
            return False
    below, above = proof.below, proof.above
    if below is None and above is None:
        return False
    if below is None:
        return above is not None and above.index == 0 and proof.leaf < above.leaf
    if above is None:
        return below.index == proof.size - 1 and below.leaf < proof.leaf
    return above.index == below.index + 1 and below.leaf < proof.leaf < above.leaf
