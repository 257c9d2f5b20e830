"""A sequencer that lies: it seals blocks whose receipts say what no contract would have done.

Whoever holds the sequencer's key can write any history. Roots, parents and seals are then right; only an auditor who
knows what contracts may do, and who signed what, sees the difference.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import rlp
from trie.hexary import HexaryTrie

from ledger.abi import Event
from ledger.digests import hexed, keccak, unhexed
from ledger.keys import LocalSigner, compact
from tests.auditor.bundles import Copy

PARENT, TRANSACTIONS, RECEIPTS, EXTRA, BEACON = 0, 4, 5, 12, 19

Log = list[Any]
"""[address, topics, data] as RLP has it."""


@dataclass
class Body:
    number: int
    transactions: list[bytes]
    receipts: list[bytes]


class Forgery:
    """Changes what happened, and makes every hash fit again under a sequencer of its own."""

    def __init__(self, copy: Copy) -> None:
        self._copy = copy
        self._headers = [rlp.decode(unhexed(row["header"])) for row in copy.lines("chain/headers.jsonl")]
        self._bodies = {
            row["number"]: Body(
                row["number"],
                [unhexed(one) for one in row["transactions"]],
                [unhexed(one) for one in row["receipts"]],
            )
            for row in copy.lines("chain/bodies.jsonl")
        }

    def change_event(self, kind: type[Event], nth: int, change: Callable[[Log], Any]) -> int:
        """Change the nth event of a kind, counted from 0, or from the end if negative. The number of its block."""
        places = [place for place in self._logs() if place[3][1] and place[3][1][0] == kind.topic_zero()]
        body, position, receipt, log = places[nth]
        change(log)
        kind_byte = body.receipts[position][:1] if body.receipts[position][0] < 0x80 else b""
        body.receipts[position] = kind_byte + rlp.encode(receipt)
        return body.number

    def set_word(self, kind: type[Event], nth: int, word: int, value: int | bytes) -> int:
        """Overwrite one 32-byte word of an event's data."""

        def change(log: Log) -> None:
            log[2] = _with_word(log[2], word, value)

        return self.change_event(kind, nth, change)

    def set_topic(self, kind: type[Event], nth: int, topic: int, value: int | bytes) -> int:
        def change(log: Log) -> None:
            log[1][topic] = value if isinstance(value, bytes) else value.to_bytes(32, "big")

        return self.change_event(kind, nth, change)

    def repeat_event(self, kind: type[Event], nth: int) -> int:
        return self._edit_logs(kind, nth, lambda logs, place: logs.insert(place, logs[place]))

    def drop_event(self, kind: type[Event], nth: int) -> int:
        return self._edit_logs(kind, nth, lambda logs, place: logs.pop(place))

    def _edit_logs(self, kind: type[Event], nth: int, edit: Callable[[list[Log], int], Any]) -> int:
        places = [place for place in self._logs() if place[3][1] and place[3][1][0] == kind.topic_zero()]
        body, position, receipt, log = places[nth]
        edit(receipt[3], next(index for index, one in enumerate(receipt[3]) if one is log))
        kind_byte = body.receipts[position][:1] if body.receipts[position][0] < 0x80 else b""
        body.receipts[position] = kind_byte + rlp.encode(receipt)
        return body.number

    def replace_in_transaction(self, old: bytes, new: bytes) -> int:
        """Replace bytes of calldata, wherever they are first. The carrier's signature breaks, which nobody minds."""
        for body in self._bodies.values():
            for index, raw in enumerate(body.transactions):
                if old in raw:
                    body.transactions[index] = raw.replace(old, new)
                    return body.number
        raise AssertionError("no transaction holds these bytes")

    def _logs(self) -> list[tuple[Body, int, list[Any], Log]]:
        found: list[tuple[Body, int, list[Any], Log]] = []
        for body in self._bodies.values():
            for position, raw in enumerate(body.receipts):
                receipt = rlp.decode(raw[1:] if raw[0] < 0x80 else raw)
                found += [(body, position, receipt, log) for log in receipt[3]]
        return found

    def seal(self) -> None:
        """Write the bundle back: every root, parent and seal fits, and the city file names the new genesis."""
        sequencer = LocalSigner.fresh()
        parent = b""
        for number, fields in enumerate(self._headers):
            if number in self._bodies:
                body = self._bodies[number]
                fields[TRANSACTIONS], fields[RECEIPTS] = _root(body.transactions), _root(body.receipts)
            if number == 0:
                fields[EXTRA] = unhexed(sequencer.address.lower())
            else:
                fields[PARENT] = parent
                fields[EXTRA], fields[BEACON] = b"", bytes(32)
                r, vs = compact(sequencer.sign(keccak(rlp.encode(fields))))
                fields[EXTRA], fields[BEACON] = vs, r
            parent = keccak(rlp.encode(fields))
        self._write(parent)

    def _write(self, head: bytes) -> None:
        copy = self._copy
        copy.write_lines(
            "chain/headers.jsonl",
            [
                {"header": hexed(rlp.encode(one)), "number": number}
                for number, one in enumerate(self._headers)
            ],
        )
        copy.write_lines(
            "chain/bodies.jsonl",
            [
                {
                    "number": body.number,
                    "receipts": [hexed(one) for one in body.receipts],
                    "transactions": [hexed(one) for one in body.transactions],
                }
                for body in self._bodies.values()
            ],
        )
        genesis = hexed(keccak(rlp.encode(self._headers[0])))
        copy.edit_city(lambda document: document.update(genesis=genesis))
        copy.rewrite_manifest(head=hexed(head))


def _with_word(data: bytes, word: int, value: int | bytes) -> bytes:
    content = value if isinstance(value, bytes) else value.to_bytes(32, "big")
    assert len(content) == 32
    assert len(data) >= 32 * word + 32
    return data[: 32 * word] + content + data[32 * word + 32 :]


def _root(values: Sequence[bytes]) -> bytes:
    trie = HexaryTrie({})
    for index, value in enumerate(values):
        trie[rlp.encode(index)] = value
    return trie.root_hash


def manifest_of(copy: Copy) -> dict[str, Any]:
    return orjson.loads(copy.read("manifest.json"))
