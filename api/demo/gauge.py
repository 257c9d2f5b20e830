"""What the play costs the ledger: transactions and gas, read from the blocks themselves."""

from dataclasses import dataclass

from ledger.node import LedgerError, Node


@dataclass(frozen=True, slots=True)
class Spent:
    """What some blocks hold. `gas` is in units of gas; the city pays nothing for it."""

    transactions: int = 0
    gas: int = 0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(self.transactions + other.transactions, self.gas + other.gas)


class Gauge:
    """Counts each block from now on once, whoever's transactions are in it."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._next = node.head().number + 1

    def read(self) -> Spent:
        """What came to the ledger since the last reading; nothing while no node answers, and then it comes later."""
        spent = Spent()
        try:
            head = self._node.head().number
            while self._next <= head:
                block = self._node.raw_block(self._next)
                spent += Spent(len(block["transactions"]), int(block["gasUsed"], 16))
                self._next += 1
        except LedgerError:
            pass
        return spent
