"""What an auditor verified before: the next bundle must continue it, so that nobody can show two histories."""

from pathlib import Path

from stoa_audit.digests import canonical, hexed
from stoa_audit.errors import InvalidError, UnreadableError
from stoa_audit.fields import Fields
from stoa_audit.merkle import GrowingLog
from stoa_audit.report import Check
from stoa_audit.world import World

VERSION = "checkpoint/1"
FIELDS = ("city", "entries", "head", "journal", "last", "stoa")


class Checkpoint:
    """A checkpoint file. It need not be there yet: the first bundle begins it."""

    def __init__(self, path: Path) -> None:
        """Raises UnreadableError when there is a file that is none."""
        self._path = path
        self._new: bytes | None = None
        self._old: Fields | None = None
        if not path.exists():
            return
        try:
            self._old = Fields.parsed(path.read_bytes(), str(path)).only(FIELDS)
            if self._old.text("stoa") != VERSION:
                raise InvalidError(f"this is not a checkpoint of version {VERSION}", str(path))
            self._values = (
                self._old.digest("city"),
                self._old.whole("last"),
                self._old.digest("head"),
                self._old.whole("entries"),
                self._old.digest("journal"),
            )
        except (InvalidError, OSError) as error:
            raise UnreadableError(
                f"{error}. Name another file, or move this one away to begin anew."
            ) from error

    @property
    def entries(self) -> int | None:
        """How many entries of the log were verified before."""
        return None if self._old is None else self._values[3]

    def check(self, world: World, log: GrowingLog, known: bytes | None, check: Check) -> None:
        """`known` is the tree head of the log handed over at the size that was verified before."""
        check.covered = (
            "nothing was verified before" if self._old is None else f"since block {self._values[1]}"
        )
        check.ran = True
        if self._old is not None:
            city, last, head, entries, journal = self._values
            place = f"checkpoint at block {last}"
            check.expect(city == world.city.digest, place, "is of another city")
            check.expect(
                last < len(world.hashes) and world.hashes[last] == head,
                place,
                f"block {last} was {hexed(head)} and is not any more: the ledger was rewritten or cut",
            )
            check.expect(
                known == journal,
                place,
                f"the first {entries} entries of the log were others: it was rewritten or cut",
            )
        document = {
            "city": hexed(world.city.digest),
            "entries": log.size,
            "head": hexed(world.hashes[-1]),
            "journal": hexed(log.root),
            "last": len(world.hashes) - 1,
            "stoa": VERSION,
        }
        self._new = canonical(document, "checkpoint")

    def write(self) -> None:
        """Keep what was verified now. The old file stays whole until the new one is."""
        if self._new is None:
            return
        fresh = self._path.with_name(self._path.name + ".new")
        try:
            fresh.write_bytes(self._new)
            fresh.replace(self._path)
        except OSError as error:
            raise UnreadableError(
                f"The checkpoint cannot be written to {self._path}: {error.strerror}."
            ) from error
