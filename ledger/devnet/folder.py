"""The folder of a chain: its lock, its genesis, its key and its database."""

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

from ledger.devnet import genesis as genesis_file
from ledger.devnet.errors import DevnetError, FolderInUseError, GenesisFileError, WrongGenesisError
from ledger.devnet.genesis import Genesis, GenesisFile
from ledger.keys import KeyStore, LocalSigner, write_private

SEQUENCER = "sequencer"


class ChainFolder:
    """One chain's folder, held by this process alone."""

    def __init__(self, path: Path) -> None:
        """
        Raises:
            FolderInUseError: another process holds it.
            DevnetError: it cannot be made.
        """
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DevnetError(
                f"The folder {path} cannot be used: {error.strerror}. Choose another --folder."
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise FolderInUseError(
                f"Another devnet already keeps the chain in {path}. Stop it first, or choose another --folder."
            ) from error

    @property
    def database(self) -> Path:
        return self.path / "chain.sqlite"

    @property
    def door(self) -> Path:
        return self.path / "door.json"

    def signer(self) -> LocalSigner:
        """The sequencer's key, made at first start."""
        keys = KeyStore(self.path / "keys")
        return keys.existing(SEQUENCER) if self._genesis_path.exists() else keys.signer(SEQUENCER)

    def put_first_door(self, content: bytes) -> None:
        """Put a permission file here if the chain is new and has none."""
        if not self._genesis_path.exists() and not self.door.exists():
            write_private(self.door, content)

    def genesis(self, wanted: GenesisFile | None, sequencer: bytes, clock: Callable[[], int]) -> Genesis:
        """The genesis of the chain in this folder; at first start the one that is `wanted`.

        Raises:
            WrongGenesisError: the chain here is not the one that is wanted.
            GenesisFileError: the genesis here does not belong to the key here.
        """
        if self._genesis_path.exists():
            genesis = genesis_file.read(self._genesis_path).completed(sequencer=sequencer, timestamp=0)
            self._require(wanted, genesis)
        else:
            self._require_no_database()
            genesis = (wanted or GenesisFile()).completed(sequencer=sequencer, timestamp=clock())
            write_private(self._genesis_path, genesis_file.to_json(genesis))
        return genesis

    def _require(self, wanted: GenesisFile | None, genesis: Genesis) -> None:
        try:
            same = wanted is None or genesis == wanted.completed(
                sequencer=genesis.sequencer, timestamp=genesis.timestamp
            )
        except GenesisFileError:
            same = False
        if not same:
            raise WrongGenesisError(
                f"The folder {self.path} holds a chain with another genesis (see {self._genesis_path}). "
                "Start with that genesis file, or choose another --folder for the new chain."
            )

    def _require_no_database(self) -> None:
        if self.database.exists():
            raise WrongGenesisError(
                f"{self._genesis_path} is missing, so nobody can tell which chain {self.database} is. Put it back."
            )

    @property
    def _genesis_path(self) -> Path:
        return self.path / "genesis.json"

    def release(self) -> None:
        os.close(self._lock)


def wall_clock() -> int:
    """Seconds since 1970."""
    return int(time.time())
