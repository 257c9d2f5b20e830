"""The access log: nothing altered, dropped or reordered since it was anchored, and a record of every run in time."""

from dataclasses import dataclass

from stoa_audit.bundle import Bundle
from stoa_audit.checks.cohorts import settled_orders
from stoa_audit.digests import canonical, hexed
from stoa_audit.errors import InvalidError
from stoa_audit.fields import Fields
from stoa_audit.merkle import GrowingLog
from stoa_audit.report import Report
from stoa_audit.world import Order, World

ENTRIES = "journal/entries.jsonl"
FIELDS = ("at", "block", "datasets", "did", "number", "order", "outcome", "purpose", "useCase", "who")
RUN, STARTED, SEALED = "run", "started", "sealed"


@dataclass(frozen=True, slots=True)
class Entry:
    number: int
    did: str
    outcome: str
    order: bytes | None
    use_case: int | None
    purpose: bytes | None
    block: int | None

    @classmethod
    def parsed(cls, fields: Fields, line: bytes) -> "Entry":
        """Raises InvalidError for an entry that is not well-formed."""
        fields.only(FIELDS)
        if canonical(fields.document, fields.place) != line:
            raise InvalidError("the entry is not canonical JSON", fields.place)
        if not all(isinstance(dataset, str) for dataset in fields.list("datasets")):
            raise InvalidError("a dataset is named by a text", fields.place)
        for name in ("at", "who"):
            fields.text(name)
        return cls(
            number=fields.whole("number"),
            did=fields.text("did"),
            outcome=fields.text("outcome"),
            order=fields.digest_or_none("order"),
            use_case=fields.whole_or_none("useCase"),
            purpose=fields.digest_or_none("purpose"),
            block=fields.whole_or_none("block"),
        )


class Journal:
    """Reads the log once: its roots at every anchor, and the records of every run."""

    def __init__(self, bundle: Bundle, world: World, report: Report) -> None:
        self._bundle = bundle
        self._world = world
        self._roots = report["journal.roots"]
        self._entries = report["journal.entries"]
        self._runs = report["journal.runs"]
        self.log = GrowingLog()
        self._of_run: dict[bytes, list[Entry]] = {}
        self._heads: dict[int, bytes] = {}
        """Tree heads at the sizes that somebody asks about."""

    def check(self, checkpoint_size: int | None = None) -> bytes | None:
        """Check the whole log. The tree head at `checkpoint_size`, None if the log is shorter."""
        wanted = {anchor.size for anchor in self._world.anchors} | {checkpoint_size}
        if checkpoint_size == 0:
            self._heads[0] = self.log.root
        with self._entries.guarded():
            for line_number, line in self._bundle.lines(ENTRIES):
                self._read(line, f"{ENTRIES}, line {line_number}")
                if self.log.size in wanted:
                    self._heads[self.log.size] = self.log.root
        self._entries.ran = self._roots.ran = self._runs.ran = True
        self._check_anchors()
        self._check_runs()
        return None if checkpoint_size is None else self._heads.get(checkpoint_size)

    def _read(self, line: bytes, place: str) -> None:
        number = self.log.size
        self.log.append(line)
        try:
            entry = Entry.parsed(Fields.parsed(line, place), line)
        except InvalidError as error:
            self._entries.failed(error.place, f"INVALID: {error.reason}")
            return
        fault = self._fault(entry, number)
        self._entries.expect(fault is None, place, fault or "")
        if entry.order is not None and entry.did == RUN:
            self._of_run.setdefault(entry.order, []).append(entry)

    def _fault(self, entry: Entry, number: int) -> str | None:
        if entry.number != number:
            return f"is entry {entry.number} at position {number}"
        if entry.use_case is None:
            return None
        use_case = self._world.use_cases.get(entry.use_case)
        if use_case is None:
            return f"names use case {entry.use_case}, which is not on the ledger"
        other = entry.purpose is not None and entry.purpose != use_case.application["purpose"]
        return f"names another purpose than use case {use_case.number} has" if other else None

    def _check_anchors(self) -> None:
        for anchor in self._world.anchors:
            place = f"block {anchor.anchored_in}, anchor of {anchor.size} entries"
            head = self._heads.get(anchor.size)
            if head is None:
                self._roots.failed(place, f"the log has only {self.log.size} entries")
                continue
            self._roots.expect(
                head == anchor.root, place, f"the first {anchor.size} entries have another root"
            )
        last = self._world.anchors[-1].size if self._world.anchors else 0
        self._roots.covered = f"{self.log.size} entries, {len(self._world.anchors)} anchors"
        if self.log.size > last:
            self._roots.notes.append(f"{self.log.size - last} entries are newer than the last anchor")

    def _check_runs(self) -> None:
        for order in settled_orders(self._world):
            fault = self._run_fault(order)
            self._runs.expect(fault is None, f"order {hexed(order.id)}", fault or "")
        self._runs.covered = f"{self._runs.count + self._runs.wrong} settled orders"

    def _run_fault(self, order: Order) -> str | None:
        """Both records of the run that was settled stand in the log as it was anchored before the settlement."""
        assert order.outcome is not None
        use_case = self._world.licences[order.terms["licence"]].use_case
        recorded = {
            entry.outcome: entry.number
            for entry in self._of_run.get(order.id, [])
            if (entry.block, entry.use_case) == (order.outcome["consentBlock"], use_case)
        }
        anchored = max(
            (
                anchor.size
                for anchor in self._world.anchors
                if (anchor.anchored_in, anchor.index) < (order.ended_in, order.ended_index)
            ),
            default=0,
        )
        for outcome in (STARTED, SEALED):
            if outcome not in recorded:
                return f"has no record of its run ({outcome!r}) at its consent block"
            if recorded[outcome] >= anchored:
                return f"was settled before the record of its run ({outcome!r}) was anchored"
        return None
