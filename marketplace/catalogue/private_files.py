"""Somewhere to put plain rows for a moment: memory where the system offers it, a private file otherwise.

This module imports nothing of ours: the locked worker process uses it.
"""

import fcntl
import os
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO


@dataclass(frozen=True)
class PrivateFile:
    """An open file, and the path by which this process, and nobody else, can open it again."""

    stream: BinaryIO
    path: str

    def freeze(self) -> bool:
        """Refuse every later change, also by this process. False where the system cannot."""
        self.stream.flush()
        if sys.platform != "linux":
            return False
        seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
        fcntl.fcntl(self.stream.fileno(), fcntl.F_ADD_SEALS, seals)
        return True


@contextmanager
def private_file() -> Generator[PrivateFile]:
    """A file that never reaches a disk on Linux; elsewhere one of mode 0600 that is gone afterwards."""
    if sys.platform == "linux":
        descriptor = os.memfd_create("rows", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        with os.fdopen(descriptor, "w+b") as stream:
            yield PrivateFile(stream, f"/proc/self/fd/{descriptor}")
        return
    with tempfile.NamedTemporaryFile(prefix="stoa-") as stream:
        yield PrivateFile(stream.file, stream.name)  # pyright: ignore[reportArgumentType]
