"""What was checked, over which range, how often, and the first thing that is wrong."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any

from stoa_audit.city import City
from stoa_audit.errors import InvalidError, MissingError, NodeError


class Status(StrEnum):
    HOLDS = "holds"
    WRONG = "wrong"
    NOT_CHECKED = "not checked"


class Exit(IntEnum):
    """What the process says to whoever started it."""

    HOLDS = 0
    WRONG = 1
    UNREADABLE = 2
    INCOMPLETE = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, by name."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


@dataclass
class Check:
    """One question, with a stable id. What it has not looked at is never taken for good."""

    id: str
    title: str
    unit: str
    covered: str = ""
    count: int = 0
    finding: Finding | None = None
    wrong: int = 0
    gap: str = ""
    gaps: int = 0
    notes: list[str] = field(default_factory=list[str])
    ran: bool = False

    def passed(self, count: int = 1) -> None:
        self.ran = True
        self.count += count

    def failed(self, place: str, reason: str) -> None:
        self.ran = True
        self.wrong += 1
        if self.finding is None:
            self.finding = Finding(place, reason)

    def expect(self, holds: bool, place: str, reason: str) -> bool:
        """Count what holds, name what does not."""
        if holds:
            self.passed()
        else:
            self.failed(place, reason)
        return holds

    def missed(self, why: str) -> None:
        """Something could not be looked at."""
        self.gaps += 1
        self.gap = self.gap or why

    @property
    def status(self) -> Status:
        if self.finding is not None:
            return Status.WRONG
        return Status.NOT_CHECKED if self.gaps or not self.ran else Status.HOLDS

    @contextmanager
    def guarded(self) -> Generator[None]:
        """Whatever is malformed inside is this check's finding; what is missing, or a silent node, is a gap."""
        try:
            yield
        except InvalidError as error:
            self.failed(error.place, f"INVALID: {error.reason}")
        except (NodeError, MissingError) as error:
            self.missed(str(error))

    @property
    def document(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "title": self.title,
            "status": self.status.value,
            "covered": self.covered,
            "count": self.count,
            "unit": self.unit,
            "finding": None
            if self.finding is None
            else {"place": self.finding.place, "reason": self.finding.reason, "more": self.wrong - 1},
            "notChecked": None if not self.gap else {"reason": self.gap, "count": self.gaps},
            "notes": self.notes,
        }


@dataclass
class Report:
    """All checks of one audit in the order they are shown."""

    level: str
    checks: dict[str, Check] = field(default_factory=dict[str, Check])
    acts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    not_audited: list[str] = field(default_factory=list[str])
    city: City | None = None
    last: int = -1
    """The newest block that was believed."""

    def add(self, id_: str, title: str, unit: str) -> Check:
        check = Check(id_, title, unit)
        self.checks[id_] = check
        return check

    def __getitem__(self, id_: str) -> Check:
        return self.checks[id_]

    @property
    def findings(self) -> list[Check]:
        return [check for check in self.checks.values() if check.status is Status.WRONG]

    @property
    def gaps(self) -> list[Check]:
        return [check for check in self.checks.values() if check.status is Status.NOT_CHECKED]

    @property
    def exit(self) -> Exit:
        if self.findings:
            return Exit.WRONG
        return Exit.INCOMPLETE if self.gaps else Exit.HOLDS
