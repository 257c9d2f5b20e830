"""How a process of the city ends when it cannot run or go on: with one sentence and exit code 1.

A sentence reads `code: what is wrong, and what to do next`. Codes are stable.
"""

import errno
import os
import sys
from collections.abc import Callable

from api.http.storage import is_away
from ledger.devnet.errors import DevnetError
from ledger.keys import KeyFileError
from ledger.node import LedgerError
from marketplace.errors import StoaError, UnavailableError

DISK_FULL = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT})
NAMED = (StoaError, LedgerError, KeyFileError, DevnetError)


class FileUnusableError(UnavailableError):
    """A file cannot be read or written."""

    code = "file_unusable"


class DiskFullError(UnavailableError):
    """A file could not be written to its end."""

    code = "disk_full"


class StorageFailedError(UnavailableError):
    """The database is away, full or damaged."""

    code = "storage_unavailable"


def in_one_sentence(run: Callable[[], int]) -> int:
    """Run a process of the city under a mask that keeps its files to their owner. Returns the exit code."""
    os.umask(0o077)
    try:
        return run()
    except Exception as error:
        code_and_sentence = named(error)
        if code_and_sentence is None:
            raise
        print(": ".join(code_and_sentence), file=sys.stderr)
        return 1


def named(error: BaseException) -> tuple[str, str] | None:
    """(code, sentence) of a refusal that somebody can act on; None for a mistake of ours, which has to surface."""
    if isinstance(error, NAMED):
        return error.code, str(error)
    if is_away(error):
        return of_storage(error)
    if isinstance(error, OSError):
        return of_file(error)
    return None


def of_storage(error: BaseException) -> tuple[str, str]:
    # The error's own text has the statement's values in it; its driver's sentence has not.
    said = str(getattr(error, "orig", None) or type(error).__name__).splitlines()[0].rstrip(".")
    sentence = (
        f"The database cannot be used ({said}). Nothing was changed. Make room on the disk, wait for whoever holds "
        "it, or restore it from a backup; then run the same command again."
    )
    return StorageFailedError.code, sentence


def of_file(error: OSError) -> tuple[str, str] | None:
    """An OSError about a named file, or about a full disk; any other one is a mistake of ours."""
    where = "A file" if error.filename is None else str(error.filename)
    if error.errno in DISK_FULL:
        return (
            DiskFullError.code,
            f"{where} could not be written: the disk is full. Make room and run the same command again.",
        )
    if error.filename is None or error.strerror is None:
        return None
    return (
        FileUnusableError.code,
        f"{where} cannot be used: {error.strerror}. Put it back, or name another, and try again.",
    )
