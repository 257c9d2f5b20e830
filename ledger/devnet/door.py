"""Who may send transactions.

A permission file lists senders, who may send anything, and open calls, a contract and some of its functions, that
anybody may send at a limited rate. So a consent can be taken back by somebody whom nobody listed.
"""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from ledger.devnet.permissions import DoorFileError, Permissions, read_permissions
from ledger.devnet.rate import Limiter
from ledger.devnet.transactions import Signed, TransactionRefusedError

logger = logging.getLogger(__name__)


class Door(Protocol):
    def admit(self, transaction: Signed, next_nonce: int) -> None:
        """Lets `transaction` in; `next_nonce` is the one that its sender could have mined now.

        Raises:
            TransactionRefusedError: its sender may not send it, or not now.
        """
        ...

    def __str__(self) -> str:
        """Who may send, in a few words."""
        ...


class OpenDoor:
    """Anybody may send anything: for tests."""

    def admit(self, transaction: Signed, next_nonce: int) -> None:
        pass

    def __str__(self) -> str:
        return "open: anybody may send"


class FileDoor:
    """The door that a permission file describes. The file is read again when it changes.

    Without the file nobody may send. A file that cannot be read after a change leaves the door as it was: a slip of the
    pen must not keep anybody from taking a consent back.
    """

    def __init__(self, path: Path, monotonic: Callable[[], float] = time.monotonic) -> None:
        """
        Raises:
            DoorFileError: the file is there and cannot be used.
        """
        self._path = path
        self._monotonic = monotonic
        self._seen = _state_of(path)
        self._permissions = read_permissions(path)
        self._limiter = Limiter(monotonic)

    def admit(self, transaction: Signed, next_nonce: int) -> None:
        permissions = self._current()
        if permissions.lists(transaction.sender):
            return
        if not permissions.opens(transaction):
            raise TransactionRefusedError(
                "door_closed",
                f"sender 0x{transaction.sender.hex()} is not listed at this chain's door, and this call is not open "
                f"to everybody: ask the operator to list it in {self._path.name}",
            )
        if transaction.parsed.gas > permissions.open_call_gas:
            raise TransactionRefusedError(
                "door_closed", f"an open call may have at most {permissions.open_call_gas} gas: ask for less"
            )
        if transaction.nonce != next_nonce:
            # Strangers must not fill the room where transactions wait.
            raise TransactionRefusedError(
                "nonce_too_high", f"an open call must have the next nonce, {next_nonce}"
            )
        self._limiter.take(
            transaction.sender, per_sender=permissions.per_sender, together=permissions.together
        )

    def _current(self) -> Permissions:
        state = _state_of(self._path)
        if state != self._seen:
            self._seen = state
            try:
                self._permissions = read_permissions(self._path)
            except DoorFileError as error:
                logger.warning("%s The door stays as it was.", error)
            else:
                logger.info("The door has changed: %s.", self)
        return self._permissions

    def __str__(self) -> str:
        permissions = self._permissions
        if permissions.anybody:
            return f"open: anybody may send ({self._path})"
        functions = sum(map(len, permissions.open_calls.values()))
        if not permissions.senders and not functions:
            return f"shut: nobody may send until {self._path} lists a sender"
        return f"{len(permissions.senders)} listed senders, {functions} functions open to everybody ({self._path})"


def _state_of(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
