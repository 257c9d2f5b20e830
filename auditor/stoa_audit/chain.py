"""The blocks of a bundle with what happened in them, each verified before anything in it is believed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from stoa_audit import receipts, transactions
from stoa_audit.bundle import Bundle
from stoa_audit.contracts import contract_abi
from stoa_audit.errors import InvalidError
from stoa_audit.fields import Fields
from stoa_audit.header_chain import BrokenChainError, HeaderChain
from stoa_audit.headers import Header
from stoa_audit.receipts import Receipt
from stoa_audit.report import Report
from stoa_audit.transactions import Transaction
from stoa_audit.trie import EMPTY_ROOT, ordered_root
from stoa_audit.world import Happening, Place

BODIES = "chain/bodies.jsonl"


@dataclass(frozen=True, slots=True)
class Block:
    header: Header
    body: tuple[tuple[Transaction, Receipt], ...]


class Chain:
    """Reads headers and bodies side by side, in one pass."""

    def __init__(self, bundle: Bundle, report: Report) -> None:
        self._bundle = bundle
        self._headers = HeaderChain(bundle, report)
        self._sent = report["chain.transactions"]
        self._answered = report["chain.receipts"]

    @property
    def last(self) -> Header | None:
        """The newest header that is believed."""
        return self._headers.last

    def blocks(self) -> Iterator[Block]:
        """Every block, oldest first. Raises BrokenChainError at the first that cannot be believed."""
        bodies = self._bodies()
        for header in self._headers.headers():
            if header.transactions_root != EMPTY_ROOT:
                yield Block(header, self._body(header, self._next(bodies, header.number)))
                continue
            place = f"block {header.number}"
            if not self._answered.expect(
                header.receipts_root == EMPTY_ROOT, place, "has receipts without transactions"
            ):
                raise BrokenChainError(header.number)
            self._sent.passed()
            yield Block(header, ())
        extra = self._next(bodies, self._bundle.manifest.last + 1)
        if extra is not None:
            self._sent.failed(extra.place, "is the body of a block that has none")

    def _bodies(self) -> Iterator[Fields]:
        for fields in self._bundle.objects(BODIES):
            yield fields.only(("number", "receipts", "transactions"))

    def _next(self, bodies: Iterator[Fields], number: int) -> Fields | None:
        try:
            return next(bodies, None)
        except InvalidError as error:
            self._sent.failed(error.place, f"INVALID: {error.reason}")
            raise BrokenChainError(number) from error

    def _body(self, header: Header, fields: Fields | None) -> tuple[tuple[Transaction, Receipt], ...]:
        place = f"block {header.number}"
        if fields is None or fields.document["number"] != header.number:
            self._sent.failed(place, f"has transactions that are not in {BODIES}")
            raise BrokenChainError(header.number)
        try:
            sent, answered = fields.hex_list("transactions"), fields.hex_list("receipts")
            self._require_roots(header, sent, answered)
            return tuple(
                (
                    transactions.parsed(raw, f"{place}, transaction {index}"),
                    receipts.parsed(receipt, f"{place}, receipt {index}"),
                )
                for index, (raw, receipt) in enumerate(zip(sent, answered, strict=True))
            )
        except InvalidError as error:
            self._answered.failed(error.place, f"INVALID: {error.reason}")
            raise BrokenChainError(header.number) from error

    def _require_roots(self, header: Header, sent: list[bytes], answered: list[bytes]) -> None:
        place = f"block {header.number}"
        whole = self._sent.expect(
            ordered_root(sent) == header.transactions_root,
            place,
            "its transactions do not have the root that its header names",
        )
        true = self._answered.expect(
            len(sent) == len(answered) and ordered_root(answered) == header.receipts_root,
            place,
            "its receipts do not have the root that its header names",
        )
        if not (whole and true):
            raise BrokenChainError(header.number)


def events_of(
    start: Place, transaction: Transaction, receipt: Receipt, contracts: dict[str, str]
) -> Iterator[Happening]:
    """The events of the city's contracts in a transaction whose first log is at `start`.

    `contracts` maps addresses to names. Raises InvalidError for a log that no published contract writes.
    """
    for offset, log in enumerate(receipt.logs):
        contract = contracts.get(log.address)
        if contract is None:
            continue
        place = replace(start, index=start.index + offset)
        event = contract_abi(contract).events.get(log.topics[0]) if log.topics else None
        if event is None:
            raise InvalidError(f"{contract} says something that its ABI does not have", str(place))
        values = event.decoded(log.topics, log.data, f"{place}, {event.name}")
        yield Happening(contract, event.name, values, place, transaction)
