"""The workers follow the ledger through whatever a node says, and stop when it is another ledger."""

import threading
from collections.abc import Iterator

import pytest

from api import workers
from api.workers import keep_doing
from ledger.node import LedgerError, NodeRefusedError, NodeUnreachableError, WrongLedgerError
from ledger.outbox.reconciling import NonceConflictError
from ledger.reader import ForkError, UnreadableLogError
from ledger.watching import Watch
from marketplace.projector import ProjectionStoppedError


class Steps:
    """Fails in the ways it is given, then is told to stop."""

    def __init__(self, *errors: LedgerError) -> None:
        self.stopping = threading.Event()
        self.done = 0
        self._errors: Iterator[LedgerError] = iter(errors)

    def __call__(self) -> bool:
        error = next(self._errors, None)
        if error is None:
            self.stopping.set()
            return False
        self.done += 1
        raise error


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "LOST_PAUSE", 0.0)


def test_a_node_that_refuses_for_a_moment_is_asked_again() -> None:
    steps = Steps(NodeUnreachableError("It restarts."), NodeRefusedError("It does not know block 7."))
    assert keep_doing(steps, steps.stopping, Watch([]))
    assert steps.done == 2


@pytest.mark.parametrize(
    "kind",
    [ForkError, ProjectionStoppedError, UnreadableLogError, WrongLedgerError, NonceConflictError],
)
def test_another_ledger_ends_it_at_once(kind: type[LedgerError]) -> None:
    steps = Steps(kind("This is not what was followed."), NodeUnreachableError("never asked again"))
    assert not keep_doing(steps, steps.stopping, Watch([]))
    assert steps.done == 1
