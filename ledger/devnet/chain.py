"""A chain in this process: open it on a folder or in memory, send, read, ask by JSON-RPC."""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from eth.abc import BlockHeaderAPI

from ledger.devnet.door import Door, FileDoor, OpenDoor
from ledger.devnet.errors import StorageError, WrongGenesisError
from ledger.devnet.folder import ChainFolder, wall_clock
from ledger.devnet.genesis import Genesis, GenesisFile
from ledger.devnet.limits import Settings
from ledger.devnet.nodes import NodeBuffer, NodeCache
from ledger.devnet.recording import stored_header
from ledger.devnet.records import Commit
from ledger.devnet.rpc.dispatch import Dispatcher
from ledger.devnet.rpc.node import Node
from ledger.devnet.sequencer import Sequencer, Snapshot
from ledger.devnet.store import Store
from ledger.keys import LocalSigner, Signer, require_native_backend

# A chain in memory is for tests: it has the blocks that were asked for and no others.
QUIET = Settings(idle_block_after=None)


class Devnet:
    """A running chain. Close it, or use it as a context."""

    def __init__(
        self,
        store: Store,
        genesis: Genesis,
        signer: Signer,
        *,
        door: Door,
        settings: Settings,
        clock: Callable[[], int],
        release: Callable[[], None] = lambda: None,
    ) -> None:
        require_native_backend()
        self.genesis = genesis
        self.door = door
        self._store = store
        self._release = release
        nodes = NodeCache(store)
        self.genesis_hash = _require_genesis(store, nodes, genesis)
        self.sequencer = Sequencer(store, nodes, genesis, signer, door=door, settings=settings, clock=clock)
        node = Node(store, nodes, genesis, self.sequencer, settings.limits, clock)
        self._dispatcher = Dispatcher(node)
        self.sequencer.start()

    @classmethod
    def in_memory(
        cls,
        *,
        genesis: GenesisFile | None = None,
        signer: LocalSigner | None = None,
        door: Door | None = None,
        settings: Settings = QUIET,
        clock: Callable[[], int] = wall_clock,
    ) -> "Devnet":
        """A chain that is gone with the process. Anybody may send to it unless a `door` says otherwise."""
        signer = signer or LocalSigner.fresh()
        sequencer = bytes.fromhex(signer.address[2:])
        complete = (genesis or GenesisFile()).completed(sequencer=sequencer, timestamp=clock())
        return cls(Store(None), complete, signer, door=door or OpenDoor(), settings=settings, clock=clock)

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        genesis: GenesisFile | None = None,
        door: Door | None = None,
        first_door: bytes | None = None,
        settings: Settings | None = None,
        clock: Callable[[], int] = wall_clock,
    ) -> "Devnet":
        """The chain kept in `folder`; made there at first start, from `genesis`.

        Without a `door`, the file `door.json` in the folder says who may send; a new chain's is `first_door`.

        Raises:
            DevnetError: the folder is in use, holds another chain, or cannot be written.
            KeyFileError: the sequencer's key cannot be opened, or signing would be slow.
        """
        kept = ChainFolder(folder)
        try:
            if first_door is not None:
                kept.put_first_door(first_door)
            signer = kept.signer()
            complete = kept.genesis(genesis, bytes.fromhex(signer.address[2:]), clock)
            return cls(
                Store(kept.database),
                complete,
                signer,
                door=door or FileDoor(kept.door),
                settings=settings or Settings(),
                clock=clock,
                release=kept.release,
            )
        except OSError as error:
            kept.release()
            raise StorageError(f"{error.filename or folder} cannot be written: {error.strerror}.") from error
        except BaseException:
            kept.release()
            raise

    @property
    def head(self) -> BlockHeaderAPI:
        """The newest block that is on disk."""
        return self.sequencer.head

    def send_raw(self, raw: bytes) -> bytes:
        """Send a signed transaction and wait until it is on disk. Returns its hash.

        Raises:
            TransactionRefusedError: it was not taken.
            StoppedError: the engine has stopped.
        """
        return self.sequencer.intake.submit_all([raw])[0].result()

    def mine(self) -> None:
        """Seal a block now, empty if nothing waits. For tests."""
        self.sequencer.seal_block()

    def snapshot(self) -> Snapshot:
        """Where the chain is now. For tests, while nobody sends."""
        return self.sequencer.snapshot()

    def revert(self, snapshot: Snapshot) -> None:
        """Forget what came after `snapshot`, which may be used again. For tests, while nobody sends."""
        self.sequencer.revert(snapshot)

    def rpc(self, payload: object) -> object:
        """Answer a JSON-RPC request or batch, as parsed JSON; None when it asks for no answer."""
        return self._dispatcher.answer(payload)

    def rpc_bytes(self, body: bytes) -> bytes:
        """Answer a JSON-RPC request or batch as it came over the wire; empty when it asks for no answer."""
        return self._dispatcher.answer_bytes(body)

    def close(self) -> None:
        """Finish what was taken, then let the folder go."""
        self.sequencer.stop()
        self._store.close()
        self._release()

    def __enter__(self) -> "Devnet":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _require_genesis(store: Store, nodes: NodeCache, genesis: Genesis) -> bytes:
    """The hash of block 0, written now if the database is new.

    Raises:
        WrongGenesisError: the database starts with another block.
    """
    buffer = NodeBuffer(nodes)
    wanted = stored_header(genesis.header(buffer))
    first = store.block(0)
    if first is None:
        store.commit(Commit(block=wanted, nodes=buffer.written))
    elif first.hash != wanted.hash:
        raise WrongGenesisError(
            f"The chain in the database starts with block 0x{first.hash.hex()}, but its genesis file makes "
            f"0x{wanted.hash.hex()}. Put the right genesis file back, or choose another --folder."
        )
    return wanted.hash
