"""Whom the city has forgotten: a list outside the vault, so that no delivery and no restored backup brings them back.

It holds nobody's key. A person is on it as a digest under a secret of the list's own, with the index that her rows
had, which means nothing once the vault has forgotten her. Keep its newest copy apart from the backups of the vault:
a backup that is older than an erasure knows the person, and this list does not forget.
"""

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

from ledger.durable import sync_folder
from ledger.keys import write_private
from ledger.storage import private_folder

SECRET_BYTES = 32
NO_INDEX = "-"
WHOLE = re.compile(r"[0-9a-f]{64} (?:-|\d+)\n")
"""A line that no crash cut off."""

Person = tuple[str, str]
"""What a column of the city's data calls somebody: (kind, key)."""


class Forgotten:
    """The list in one folder. Each call reads the file again: other processes write it, too."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, person: Person, index: int | None) -> None:
        """Put somebody on the list, durably. `index`: of her rows, None when she has none. Twice is once."""
        line = f"{digest(self._secret(), person)} {NO_INDEX if index is None else index}\n"
        if line in self._lines():
            return
        if self._file.exists() and not self._file.read_bytes().endswith(b"\n"):
            line = "\n" + line  # a crash cut the last one off
        with open(self._file, "a", encoding="ascii", opener=_private) as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(self._folder)

    def reader(self) -> "Reader":
        """The list as it is now."""
        indexes: dict[str, set[str]] = {}
        for line in self._lines():
            name, index = line.split()
            indexes.setdefault(name, set()).add(index)
        return Reader(self._secret() if indexes else b"", indexes)

    def _lines(self) -> Iterator[str]:
        if not self._file.exists():
            return
        with self._file.open(encoding="ascii") as file:
            yield from (line for line in file if WHOLE.fullmatch(line))

    def _secret(self) -> bytes:
        path = private_folder(self._folder) / "secret"
        if not path.exists():
            write_private(path, secrets.token_bytes(SECRET_BYTES))
        return path.read_bytes()

    @property
    def _file(self) -> Path:
        return self._folder / "people"


class Reader:
    """One state of the list, to ask for many people."""

    def __init__(self, secret: bytes, indexes: dict[str, set[str]]) -> None:
        self._secret = secret
        self._indexes = indexes

    def holds(self, person: Person, index: int | None) -> bool:
        """Whether her rows under `index` are forgotten; None: whether she may not be taken in by a delivery.

        Who was forgotten and comes back by her own wish gets another index: that one is not forgotten.
        """
        if not self._indexes:
            return False
        found = self._indexes.get(digest(self._secret, person))
        return found is not None and (index is None or str(index) in found)


def digest(secret: bytes, person: Person) -> str:
    """What stands for somebody on the list."""
    return hmac.new(secret, "\0".join(person).encode(), hashlib.sha256).hexdigest()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
