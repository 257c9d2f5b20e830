"""How a process of the city ends when it cannot run: with one sentence and exit code 1."""

import os
import sys
from collections.abc import Callable

from ledger.keys import KeyFileError
from ledger.node import LedgerError
from marketplace.errors import StoaError


def in_one_sentence(run: Callable[[], int]) -> int:
    os.umask(0o077)  # whatever a process of the city writes is its owner's alone
    try:
        return run()
    except (StoaError, LedgerError, KeyFileError) as error:
        print(f"{error.code}: {error}", file=sys.stderr)
        return 1
