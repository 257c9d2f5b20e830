"""The Merkle-Patricia trie: roots of ordered lists, and proofs that lead from a root to a value."""

from collections.abc import Iterable, Sequence

from stoa_audit import rlp
from stoa_audit.digests import keccak
from stoa_audit.errors import InvalidError

EMPTY_ROOT = keccak(rlp.encoded(b""))

Pair = tuple[str, bytes]
"""A key as hex digits, and its value."""


def ordered_root(values: Sequence[bytes]) -> bytes:
    """The root over a block's transactions or receipts: the key of each is the RLP of its position."""
    if not values:
        return EMPTY_ROOT
    pairs = sorted((rlp.encoded(rlp.whole(place)).hex(), value) for place, value in enumerate(values))
    return keccak(rlp.encoded(_node(pairs)))


def _node(pairs: list[Pair]) -> list[rlp.Item]:
    if len(pairs) == 1:
        return [_compact(pairs[0][0], is_leaf=True), pairs[0][1]]
    shared = _shared(pairs[0][0], pairs[-1][0])
    if shared:
        rest = [(key[len(shared) :], value) for key, value in pairs]
        return [_compact(shared, is_leaf=False), _reference(_node(rest))]
    branch: list[rlp.Item] = [b""] * 17
    under: dict[str, list[Pair]] = {}
    for key, value in pairs:
        if key:
            under.setdefault(key[0], []).append((key[1:], value))
        else:
            branch[16] = value
    for digit, below in under.items():
        branch[int(digit, 16)] = _reference(_node(below))
    return branch


def _shared(first: str, last: str) -> str:
    """The digits with which all keys between `first` and `last` begin."""
    length = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return first[:length]


def _reference(node: list[rlp.Item]) -> rlp.Item:
    content = rlp.encoded(node)
    return node if len(content) < 32 else keccak(content)


def _compact(digits: str, *, is_leaf: bool) -> bytes:
    odd = len(digits) % 2
    return bytes.fromhex(f"{2 * is_leaf + odd:x}" + ("" if odd else "0") + digits)


class ProofNodes:
    """The nodes of one or more proofs, found by their hash: whoever hands them over cannot change them."""

    def __init__(self, nodes: Iterable[bytes]) -> None:
        self._raw = {keccak(node): node for node in nodes}
        self._opened: dict[bytes, list[rlp.Item]] = {}

    def value_at(self, root: bytes, key: bytes, place: str) -> bytes | None:
        """The value under `key` in the trie with this root; None if there is provably none.

        Raises InvalidError when the nodes do not lead that far.
        """
        if root == EMPTY_ROOT:
            return None
        node, digits = self._open(root, place), key.hex()
        while True:
            if len(node) == 17:
                if not digits:
                    return _value(node[16], place)
                below, digits = node[int(digits[0], 16)], digits[1:]
            elif len(node) == 2:
                path, is_leaf = _digits(node[0], place)
                if is_leaf:
                    return _value(node[1], place) if digits == path else None
                if not digits.startswith(path):
                    return None
                below, digits = node[1], digits[len(path) :]
            else:
                raise InvalidError("a node of the proof has another shape", place)
            if below == b"":
                return None
            node = below if isinstance(below, list) else self._open(below, place)

    def _open(self, digest: bytes, place: str) -> list[rlp.Item]:
        node = self._opened.get(digest)
        if node is None:
            raw = self._raw.get(digest)
            if raw is None:
                raise InvalidError(f"the proof has no node with the hash 0x{digest.hex()}", place)
            node = self._opened[digest] = rlp.decoded_list(raw, place)
        return node


def _digits(item: rlp.Item, place: str) -> tuple[str, bool]:
    if not isinstance(item, bytes) or not item or item[0] >> 4 > 3:
        raise InvalidError("a node of the proof has no path", place)
    digits = item.hex()
    flag = item[0] >> 4
    return digits[1 if flag & 1 else 2 :], bool(flag & 2)


def _value(item: rlp.Item, place: str) -> bytes | None:
    if not isinstance(item, bytes):
        raise InvalidError("a value of the proof is a list", place)
    return item or None
