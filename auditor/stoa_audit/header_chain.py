"""The header chain: every block named by its successor and sealed by the sequencer."""

from collections.abc import Iterator

from stoa_audit.bundle import Bundle
from stoa_audit.digests import hexed
from stoa_audit.errors import InvalidError
from stoa_audit.headers import Header
from stoa_audit.report import Report

HEADERS = "chain/headers.jsonl"
NO_SEQUENCER = "the genesis block names no sequencer: this auditor knows no proof of another engine's blocks"


class BrokenChainError(Exception):
    """From some block on nothing can be believed."""

    def __init__(self, block: int) -> None:
        super().__init__(f"the blocks cannot be believed from block {block} on")
        self.block = block


class HeaderChain:
    """Reads a bundle's headers one by one. Each is believed only after it was looked at together with the next."""

    def __init__(self, bundle: Bundle, report: Report) -> None:
        self._bundle = bundle
        self._links = report["chain.headers"]
        self._seals = report["chain.seals"]
        self._sequencer: str | None = None
        self.last: Header | None = None

    def headers(self) -> Iterator[Header]:
        """Every header, oldest first. Raises BrokenChainError at the first that cannot be believed."""
        found = self._parsed()
        header = self._next(found)
        while isinstance(header, Header):
            child = self._next(found)
            self._believe(header, child)
            self.last = header
            yield header
            header = child
        number = 0 if self.last is None else self.last.number + 1
        if isinstance(header, InvalidError):
            self._links.failed(header.place, f"INVALID: {header.reason}")
            raise BrokenChainError(number)
        if self.last is None:
            self._links.failed(HEADERS, "holds no block")
            raise BrokenChainError(0)
        self._require_end(self.last)

    def _parsed(self) -> Iterator[Header]:
        for number, fields in enumerate(self._bundle.objects(HEADERS)):
            fields.only(("header", "number"))
            place = f"block {number}"
            if fields.whole("number") != number:
                raise InvalidError("a line is missing, doubled or out of order", place)
            yield Header.parsed(fields.bytes_("header"), place)

    @staticmethod
    def _next(found: Iterator[Header]) -> Header | InvalidError | None:
        try:
            return next(found, None)
        except InvalidError as error:
            return error

    def _believe(self, header: Header, child: Header | InvalidError | None) -> None:
        fault = self._genesis_fault(header) if self.last is None else self._link_fault(self.last, header)
        if fault is None and isinstance(child, Header) and child.parent != header.hash:
            fault = f"is not the block that block {header.number + 1} names as its parent"
        place = f"block {0 if self.last is None else self.last.number + 1}"
        linked = self._links.expect(fault is None, place, fault or "")
        if not (self._is_sealed(header, place) and linked):
            raise BrokenChainError(0 if self.last is None else self.last.number + 1)

    def _genesis_fault(self, header: Header) -> str | None:
        self._sequencer = header.named_sequencer
        wrong = header.number != 0 or header.hash != self._bundle.city.genesis
        return "is not the genesis block that the city file names" if wrong else None

    @staticmethod
    def _link_fault(previous: Header, header: Header) -> str | None:
        if header.number != previous.number + 1:
            return f"has the number {header.number} in its header"
        if header.parent != previous.hash:
            return f"names another parent than block {previous.number}"
        if header.timestamp < previous.timestamp:
            return f"is older than block {previous.number}"
        return None

    def _is_sealed(self, header: Header, place: str) -> bool:
        if self._sequencer is None:
            self._seals.missed(NO_SEQUENCER)
            return True
        if self.last is None:
            self._seals.passed()
            return True
        sealer = header.sealer
        return self._seals.expect(
            sealer is not None and sealer == self._sequencer,
            place,
            f"is sealed by {sealer or 'nobody'}, the sequencer is {self._sequencer}",
        )

    def _require_end(self, last: Header) -> None:
        manifest = self._bundle.manifest
        if (last.number, last.hash) != (manifest.last, manifest.head):
            self._links.failed(
                f"block {last.number}",
                f"is the last one, but the manifest ends with block {manifest.last} ({hexed(manifest.head)})",
            )
