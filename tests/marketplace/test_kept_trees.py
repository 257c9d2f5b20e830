"""A cohort's tree is built once for all who ask for their place in it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from ledger.digests import keccak
from ledger.tree import ExclusionProof, InclusionProof, OrderedTree, excludes, includes
from marketplace.consent.trees import KeptTrees


class Builder:
    def __init__(self, name: str, size: int = 10) -> None:
        self.leaves = [keccak(f"{name} {number}".encode()) for number in range(size)]
        self.root = OrderedTree(self.leaves).root
        self.built = 0

    def __call__(self) -> OrderedTree:
        self.built += 1
        return OrderedTree(self.leaves)


def test_a_tree_is_built_once_and_proves_both_ways() -> None:
    trees, cohort, stranger = KeptTrees(), Builder("cohort"), keccak(b"stranger")

    proofs = [trees.tree(cohort.root, cohort).proof(leaf) for leaf in (*cohort.leaves, stranger)]

    assert cohort.built == 1
    for proof in proofs[:-1]:
        assert isinstance(proof, InclusionProof)
        assert includes(cohort.root, proof)
    assert isinstance(proofs[-1], ExclusionProof)
    assert excludes(cohort.root, proofs[-1])


def test_many_at_once_build_it_once() -> None:
    trees, cohort = KeptTrees(), Builder("cohort", size=3_000)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: trees.tree(cohort.root, cohort), range(16)))

    assert cohort.built == 1
    assert all(one is found[0] for one in found)


def test_the_one_not_asked_for_the_longest_is_forgotten_first() -> None:
    trees = KeptTrees(most_leaves=25)
    first, second, third = Builder("first"), Builder("second"), Builder("third")
    for one in (first, second, first, third):
        trees.tree(one.root, one)

    for one in (first, third, second):
        trees.tree(one.root, one)

    assert (first.built, second.built, third.built) == (1, 2, 1)


def test_one_tree_larger_than_all_room_is_kept_all_the_same() -> None:
    trees, large = KeptTrees(most_leaves=5), Builder("large")

    trees.tree(large.root, large)
    trees.tree(large.root, large)

    assert large.built == 1


def test_a_tree_of_another_root_is_not_kept_under_this_one() -> None:
    """A settlement may name a root that is not that of the consents in force: nothing may be proven with it later."""
    trees, honest, wrong = KeptTrees(), Builder("honest"), Builder("wrong")

    trees.tree(honest.root, wrong)

    assert trees.tree(honest.root, honest).root == honest.root
    assert (honest.built, wrong.built) == (1, 1)


@pytest.mark.parametrize("size", [0, 1, 2, 5])
def test_the_smallest_trees_prove_too(size: int) -> None:
    trees, cohort = KeptTrees(), Builder("cohort", size)

    proof = trees.tree(cohort.root, cohort).proof(keccak(b"stranger"))

    assert isinstance(proof, ExclusionProof)
    assert excludes(cohort.root, proof)
