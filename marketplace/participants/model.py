from dataclasses import dataclass

from ledger.enums import Class, Status


@dataclass(frozen=True, slots=True)
class Participant:
    """An enrolled organisation. Its name is published by the organisation; the ledger holds its digest."""

    number: int
    account: str
    class_: Class
    status: Status
    name: str | None
    joined_in: int

    @property
    def is_active(self) -> bool:
        return self.status is Status.ACTIVE
