"""Trees of cohorts that somebody asked proofs of: a second proof costs its path, not its cohort."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from sqlalchemy.orm import Session

from ledger.node import Block
from ledger.tree import OrderedTree
from marketplace.consent.queries import cohort_at

MOST_LEAVES = 250_000
"""Of all kept trees together. A leaf takes about 240 bytes."""


class KeptTrees:
    """Trees by their root, the one that was not asked for the longest forgotten first.

    A root names one tree for ever, whatever happens to the chain, so nothing kept here can be out of date.
    """

    def __init__(self, most_leaves: int = MOST_LEAVES) -> None:
        self._most_leaves = most_leaves
        self._trees: OrderedDict[bytes, OrderedTree] = OrderedDict()
        self._reading = Lock()
        self._building = Lock()
        """One is built at a time: whoever asks for the same one waits for it, instead of building it too."""

    def tree(self, root: bytes, build: Callable[[], OrderedTree]) -> OrderedTree:
        """The tree with this root. What `build` makes is kept only if it has it."""
        found = self._kept(root)
        if found is not None:
            return found
        with self._building:
            found = self._kept(root)
            if found is not None:
                return found
            made = build()
            if made.root == root:
                self._keep(root, made)
            return made

    def _kept(self, root: bytes) -> OrderedTree | None:
        with self._reading:
            if root in self._trees:
                self._trees.move_to_end(root)
            return self._trees.get(root)

    def _keep(self, root: bytes, made: OrderedTree) -> None:
        with self._reading:
            self._trees[root] = made
            while len(self._trees) > 1 and sum(map(len, self._trees.values())) > self._most_leaves:
                self._trees.popitem(last=False)


_KEPT = KeptTrees()


def cohort_tree(session: Session, use_case: int, at: Block, root: bytes) -> OrderedTree:
    """The tree of all consents in force at `at`, whose root the ledger says is `root`."""
    return _KEPT.tree(root, lambda: cohort_at(session, use_case, at).tree)
