"""Trees in the shape of RFC 9162, section 2.1: the ordered tree of the ledger and the log of the city."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from stoa_audit.digests import ZERO, keccak, sha256

Hash = Callable[[bytes], bytes]


class GrowingLog:
    """The tree head over entries in the order they were appended, at every size on the way.

    Holds one hash per perfect subtree: as many as the size has one-bits.
    """

    def __init__(self, hash_: Hash = sha256) -> None:
        self._hash = hash_
        self._peaks: list[tuple[int, bytes]] = []
        self.size = 0

    def append(self, entry: bytes) -> None:
        height, digest = 0, self._hash(b"\x00" + entry)
        while self._peaks and self._peaks[-1][0] == height:
            digest = self._hash(b"\x01" + self._peaks.pop()[1] + digest)
            height += 1
        self._peaks.append((height, digest))
        self.size += 1

    @property
    def root(self) -> bytes:
        if not self._peaks:
            return self._hash(b"")
        digest = self._peaks[-1][1]
        for _, peak in reversed(self._peaks[:-1]):
            digest = self._hash(b"\x01" + peak + digest)
        return digest


def ordered_root(leaves: Iterable[bytes]) -> bytes:
    """The root of the ordered tree over distinct leaves (keccak256), zero for none."""
    tree = GrowingLog(keccak)
    for leaf in sorted(leaves):
        tree.append(leaf)
    return tree.root if tree.size else ZERO


@dataclass(frozen=True, slots=True)
class Member:
    """A leaf that is claimed to be in a tree, with the path that shows it."""

    leaf: bytes
    index: int
    path: tuple[bytes, ...]


def holds(root: bytes, size: int, member: Member, hash_: Hash = keccak) -> bool:
    """Whether `member` is a leaf of the tree with this root and size (RFC 9162, section 2.1.3.2)."""
    if not 0 <= member.index < size:
        return False
    index, last = member.index, size - 1
    digest = hash_(b"\x00" + member.leaf)
    for sibling in member.path:
        if last == 0:
            return False
        if index & 1 or index == last:
            digest = hash_(b"\x01" + sibling + digest)
            while index and not index & 1:
                index >>= 1
                last >>= 1
        else:
            digest = hash_(b"\x01" + digest + sibling)
        index >>= 1
        last >>= 1
    return last == 0 and digest == root


def lacks(root: bytes, size: int, leaf: bytes, below: Member | None, above: Member | None) -> bool:
    """Whether `leaf` is not in the ordered tree: its neighbours are, and nothing is between them."""
    if size == 0:
        return root == ZERO and below is None and above is None
    neighbours = [member for member in (below, above) if member is not None]
    first = 0 if below is None else below.index + 1
    after = size if above is None else above.index
    return (
        bool(neighbours)
        and first == after
        and all(holds(root, size, member) for member in neighbours)
        and (below is None or below.leaf < leaf)
        and (above is None or leaf < above.leaf)
    )


def proof_of(leaves: Sequence[bytes], index: int, hash_: Hash = keccak) -> tuple[bytes, ...]:
    """The path of the leaf at `index` of ascending `leaves`."""
    level = [hash_(b"\x00" + leaf) for leaf in leaves]
    path: list[bytes] = []
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        pairs = [hash_(b"\x01" + level[i] + level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = pairs + (level[-1:] if len(level) % 2 else [])
        index //= 2
    return tuple(path)


def position(leaves: Sequence[bytes], leaf: bytes) -> int | None:
    """Where `leaf` is in ascending `leaves`."""
    index = bisect_left(leaves, leaf)
    return index if index < len(leaves) and leaves[index] == leaf else None
