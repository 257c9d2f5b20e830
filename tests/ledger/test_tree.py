"""The ordered tree: who is in it, and who is provably not."""

from hypothesis import given
from hypothesis import strategies as st

from ledger.digests import sha256
from ledger.tree import (
    ZERO_ROOT,
    ExclusionProof,
    InclusionProof,
    OrderedTree,
    excludes,
    includes,
    root_of_log,
)

digests = st.binary(min_size=32, max_size=32)
leaves = st.lists(digests, unique=True, max_size=40)


@given(leaves)
def test_every_leaf_can_be_shown_to_be_in_the_tree(found: list[bytes]) -> None:
    tree = OrderedTree(found)
    assert all(includes(tree.root, tree.inclusion(leaf)) for leaf in found)


@given(leaves, digests)
def test_whoever_is_not_in_the_tree_can_be_shown_not_to_be(found: list[bytes], stranger: bytes) -> None:
    if stranger in found:
        return
    tree = OrderedTree(found)
    assert excludes(tree.root, tree.exclusion(stranger))


@given(leaves, digests)
def test_a_member_cannot_be_shown_to_be_missing(found: list[bytes], other: bytes) -> None:
    tree = OrderedTree([*found, other] if other not in found else found)
    without = OrderedTree(leaf for leaf in tree.leaves if leaf != other)
    forged = without.exclusion(other)
    assert not excludes(tree.root, forged)


@given(leaves, digests)
def test_neighbours_that_are_not_adjacent_prove_nothing(found: list[bytes], stranger: bytes) -> None:
    tree = OrderedTree(found)
    if len(tree) < 3 or stranger in found:
        return
    first, last = tree.inclusion(tree.leaves[0]), tree.inclusion(tree.leaves[-1])
    assert not excludes(tree.root, ExclusionProof(tree.leaves[1], len(tree), first, last))


@given(leaves, st.integers(0, 39), st.integers(0, 31))
def test_a_proof_with_one_changed_byte_is_refused(found: list[bytes], which: int, place: int) -> None:
    if not found:
        return
    tree = OrderedTree(found)
    proof = tree.inclusion(tree.leaves[which % len(tree)])
    changed = bytearray(proof.leaf)
    changed[place] ^= 1
    assert not includes(tree.root, InclusionProof(bytes(changed), proof.index, proof.size, proof.path))


def test_the_empty_tree_has_the_zero_root() -> None:
    assert OrderedTree([]).root == ZERO_ROOT


def test_the_log_has_the_tree_heads_of_rfc_9162() -> None:
    # Tree heads of the reference data that RFC 6962's implementations share.
    entries = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243")]
    assert root_of_log([]) == sha256(b"")
    assert (
        root_of_log(entries[:1]).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )
    assert (
        root_of_log(entries[:2]).hex() == "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
    )
    assert (
        root_of_log(entries[:3]).hex() == "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"
    )
    assert (
        root_of_log(entries[:4]).hex() == "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
    )
