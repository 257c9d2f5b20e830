"""What was acknowledged is there after a crash, and the chain goes on from there."""

import http.client
import json
import random
import sqlite3
import threading
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ledger.devnet.chain import Devnet
from ledger.devnet.door import OpenDoor
from ledger.devnet.errors import FolderInUseError, GenesisFileError, StorageError, WrongGenesisError
from ledger.devnet.genesis import GenesisFile
from ledger.devnet.limits import Settings
from ledger.devnet.replay import ReplayError, replay
from ledger.keys import KeyFileError
from tests.devnet.contracts import REGISTER, keep, keep_twice
from tests.devnet.people import Person, RpcFailure, ask
from tests.devnet.running import Running, running, start

SOMEBODY = "0x" + "11" * 20
QUIET = Settings(idle_block_after=None)
ROUNDS = 3


class Witness:
    """Sends without a pause and writes down what it was told."""

    def __init__(self, chain: Running, register: str) -> None:
        self._chain = chain.another()
        self._person = Person(self._chain.rpc)
        self._register = register
        self.acknowledged: list[str] = []
        self.receipts: dict[str, dict[str, Any]] = {}
        self.blocks: dict[str, str] = {}
        self._thread = threading.Thread(target=self._send_until_it_is_gone)
        self._thread.start()

    def _send_until_it_is_gone(self) -> None:
        try:
            # It waits for nonce 0 of a person who never sends it.
            self.acknowledged.append(self._person.send_raw(Person(self._chain.rpc).sign(SOMEBODY, nonce=1)))
            for key in range(1, 100_000):
                self._send(key)
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            pass

    def _send(self, key: int) -> None:
        digest = self._person.send_raw(self._person.sign(self._register, keep_twice(key, 1)))
        self.acknowledged.append(digest)
        if key % 3 == 0:
            receipt = ask(self._chain.rpc, "eth_getTransactionReceipt", digest)
            self.receipts[digest] = receipt
            self.blocks[receipt["blockNumber"]] = receipt["blockHash"]

    def join(self) -> None:
        self._thread.join()


def test_kill_9_at_any_moment_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    witnesses: list[Witness] = []
    chain = start(tmp_path / "chain")
    register = Person(chain.rpc).deploy(REGISTER)
    for _ in range(ROUNDS):
        witnesses += [Witness(chain, register) for _ in range(3)]
        time.sleep(dice.uniform(0.2, 1.0))
        chain.kill()
        for witness in witnesses:
            witness.join()
        chain = start(tmp_path / "chain")
        for witness in witnesses:
            assert_kept(chain, witness)

    assert sum(len(witness.acknowledged) for witness in witnesses) > 5 * ROUNDS
    chain.stop()
    replayed = replay(tmp_path / "chain")
    assert replayed.transactions >= sum(len(witness.acknowledged) - 1 for witness in witnesses)


def assert_kept(chain: Running, witness: Witness) -> None:
    found = ask_each(chain, "eth_getTransactionByHash", witness.acknowledged)
    assert None not in found, f"{witness.acknowledged[found.index(None)]} is lost"
    assert ask_each(chain, "eth_getTransactionReceipt", witness.receipts) == list(witness.receipts.values())
    assert ask_each(chain, "eth_getBlockReceipts", witness.blocks) == ask_each(
        chain, "eth_getBlockReceipts", witness.blocks.values()
    )


def ask_each(chain: Running, method: str, parameters: Iterable[str]) -> list[Any]:
    batch = [{"jsonrpc": "2.0", "id": each, "method": method, "params": [each]} for each in parameters]
    return [answer["result"] for answer in chain.rpc(batch)] if batch else []


def test_a_chain_that_is_opened_again_is_the_same(tmp_path: Path) -> None:
    with Devnet.open(tmp_path, door=OpenDoor(), settings=QUIET) as devnet:
        anna = Person(devnet.rpc)
        register = anna.deploy(REGISTER)
        receipt = anna.send(register, keep(5, 7))
        head = devnet.head.hash

    with Devnet.open(tmp_path, door=OpenDoor(), settings=QUIET) as devnet:
        assert devnet.head.hash == head
        assert ask(devnet.rpc, "eth_getTransactionReceipt", receipt["transactionHash"]) == receipt
        assert int(ask(devnet.rpc, "eth_getStorageAt", register, "0x5", "latest"), 16) == 7
        assert ask(devnet.rpc, "eth_getLogs", {"fromBlock": "0x0"}) == receipt["logs"]
        devnet.send_raw(anna.sign(register, keep(5, 8)))
        assert devnet.head.parent_hash == head


def test_a_held_transaction_is_mined_after_a_restart(tmp_path: Path) -> None:
    with Devnet.open(tmp_path, door=OpenDoor(), settings=QUIET) as devnet:
        anna = Person(devnet.rpc)
        held = devnet.send_raw(anna.sign(SOMEBODY, nonce=1))

    with Devnet.open(tmp_path, door=OpenDoor(), settings=QUIET) as devnet:
        devnet.send_raw(anna.sign(SOMEBODY, nonce=0))

        assert ask(devnet.rpc, "eth_getTransactionReceipt", "0x" + held.hex())["status"] == "0x1"


def test_with_a_block_period_transactions_are_acknowledged_before_their_block(tmp_path: Path) -> None:
    settings = Settings(block_period=3_600, idle_block_after=None)
    with Devnet.open(tmp_path, door=OpenDoor(), settings=settings) as devnet:
        anna = Person(devnet.rpc)
        digests = [devnet.send_raw(anna.sign(SOMEBODY)) for _ in range(3)]
        assert devnet.head.block_number == 0
        assert ask(devnet.rpc, "eth_getTransactionCount", anna.address, "pending") == "0x3"

    with Devnet.open(tmp_path, door=OpenDoor(), settings=settings) as devnet:
        devnet.mine()
        assert ask(devnet.rpc, "eth_getTransactionReceipt", "0x" + digests[2].hex())["blockNumber"] == "0x1"


def test_an_idle_chain_seals_empty_blocks_and_a_busy_one_keeps_its_period() -> None:
    with Devnet.in_memory(settings=Settings(idle_block_after=0.05)) as devnet:
        wait_for_block(devnet, 3)
        assert ask(devnet.rpc, "eth_getBlockTransactionCountByNumber", "0x2") == "0x0"

    with Devnet.in_memory(settings=Settings(block_period=0.2, idle_block_after=None)) as devnet:
        anna = Person(devnet.rpc)
        for _ in range(5):
            devnet.send_raw(anna.sign(SOMEBODY))
        wait_for_block(devnet, 1)
        assert int(ask(devnet.rpc, "eth_getBlockTransactionCountByNumber", "0x1"), 16) >= 2


def wait_for_block(devnet: Devnet, number: int) -> None:
    deadline = time.monotonic() + 10
    while devnet.head.block_number < number:
        assert time.monotonic() < deadline, f"block {number} never came"
        time.sleep(0.01)


def test_a_second_instance_is_refused(tmp_path: Path) -> None:
    with Devnet.open(tmp_path), pytest.raises(FolderInUseError, match="Stop it first"):
        Devnet.open(tmp_path)

    Devnet.open(tmp_path).close()


def test_another_genesis_is_refused_and_the_same_one_is_not(tmp_path: Path) -> None:
    rich = {bytes.fromhex("11" * 20): 10**18}
    Devnet.open(tmp_path, genesis=GenesisFile(chain_id=7, balances=rich)).close()

    with Devnet.open(tmp_path, genesis=GenesisFile(chain_id=7, balances=rich)) as devnet:
        assert ask(devnet.rpc, "eth_getBalance", SOMEBODY) == hex(10**18)
    for other in (
        GenesisFile(chain_id=8, balances=rich),
        GenesisFile(chain_id=7),
        GenesisFile(chain_id=7, balances=rich, timestamp=1),
        GenesisFile(chain_id=7, balances=rich, sequencer=b"\1" * 20),
    ):
        with pytest.raises(WrongGenesisError, match="another genesis"):
            Devnet.open(tmp_path, genesis=other)


def test_a_database_that_does_not_start_with_its_genesis_is_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        Devnet.open(tmp_path / name, genesis=GenesisFile(timestamp=5)).close()
    (tmp_path / "a" / "chain.sqlite").write_bytes((tmp_path / "b" / "chain.sqlite").read_bytes())

    with pytest.raises(WrongGenesisError, match="starts with block"):
        Devnet.open(tmp_path / "a")


def test_another_key_or_a_missing_genesis_is_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        Devnet.open(tmp_path / name).close()
    for path in (tmp_path / "b" / "keys").iterdir():
        (tmp_path / "a" / "keys" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "b" / "genesis.json").unlink()

    with pytest.raises(GenesisFileError, match="names the sequencer"):
        Devnet.open(tmp_path / "a")
    with pytest.raises(WrongGenesisError, match="Put it back"):
        Devnet.open(tmp_path / "b")


def test_a_lost_key_is_not_silently_replaced(tmp_path: Path) -> None:
    Devnet.open(tmp_path).close()
    (tmp_path / "keys" / "sequencer.json").unlink()

    with pytest.raises(KeyFileError):
        Devnet.open(tmp_path)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    Devnet.open(tmp_path).close()
    (tmp_path / "chain.sqlite").write_bytes(b"junk" * 5_000)

    with pytest.raises(StorageError, match=r"chain\.sqlite"):
        Devnet.open(tmp_path)


def test_a_full_disk_stops_the_chain_loudly_and_loses_nothing(tmp_path: Path) -> None:
    chain = start(tmp_path / "chain")
    anna = Person(chain.rpc)
    acknowledged = [anna.send_raw(anna.sign(SOMEBODY)) for _ in range(5)]
    chain.let_files_grow_to((tmp_path / "chain" / "chain.sqlite-wal").stat().st_size + 100_000)

    failure = send_until_refused(anna, acknowledged)

    code, errors = chain.child.wait(timeout=20), chain.child.communicate()[1]
    assert failure.code == "stopped"
    assert code == 1
    assert "The chain has stopped" in errors
    assert errors.count("\n") == 1
    with running(tmp_path / "chain") as chain:
        assert None not in ask_each(chain, "eth_getTransactionReceipt", acknowledged)
        assert Person(chain.rpc).send(SOMEBODY)["status"] == "0x1"


def send_until_refused(anna: Person, acknowledged: list[str]) -> RpcFailure:
    for _ in range(1_000):
        try:
            acknowledged.append(anna.send_raw(anna.sign(SOMEBODY, b"\1" * 2_000)))
        except RpcFailure as failure:
            return failure
    raise AssertionError("The disk never was full.")


def test_stock_rules_make_the_same_chain_again(tmp_path: Path) -> None:
    with Devnet.open(tmp_path, door=OpenDoor(), settings=QUIET) as devnet:
        anna, lab = Person(devnet.rpc), Person(devnet.rpc)
        register = lab.deploy(REGISTER)
        raws = [anna.sign(register, keep(key, key)) for key in range(8)] + [
            lab.sign(register, keep(9, 1), gasPrice=0)
        ]
        for answer in devnet.sequencer.intake.submit_all(raws):
            answer.result()
        devnet.mine()
        devnet.mine()
        head = devnet.head.hash

        replayed = replay(tmp_path)

    assert (replayed.blocks, replayed.transactions, replayed.head_hash) == (4, 10, head)


@pytest.mark.parametrize(
    ("table", "column", "named"),
    [
        ("blocks WHERE number = 2", "header", "Block 2 is not sealed"),
        ("blocks WHERE number = 2", "hash", "Block 2 is not sealed"),
        ("blocks WHERE number = 0", "hash", "Block 0 is not"),
        ("transactions WHERE block = 2", "raw", "Block 2 is not what its transactions make"),
        ("transactions WHERE block = 2", "receipt", "receipts kept for block 2"),
    ],
)
def test_a_chain_with_a_changed_byte_does_not_replay(
    tmp_path: Path, table: str, column: str, named: str
) -> None:
    with Devnet.open(tmp_path, door=OpenDoor(), settings=QUIET) as devnet:
        anna = Person(devnet.rpc)
        anna.send(anna.deploy(REGISTER), keep(5, 7))
        devnet.mine()
    with closing(sqlite3.connect(tmp_path / "chain.sqlite", isolation_level=None)) as database:
        (content,) = database.execute(f"SELECT {column} FROM {table}").fetchone()
        changed = content[:-1] + bytes([content[-1] ^ 1])
        name, condition = table.split(" WHERE ")
        database.execute(f"UPDATE {name} SET {column} = ? WHERE {condition}", (changed,))

    with pytest.raises(ReplayError, match=named):
        replay(tmp_path)


def test_a_chain_with_a_missing_block_does_not_replay(tmp_path: Path) -> None:
    with Devnet.open(tmp_path, door=OpenDoor(), settings=QUIET) as devnet:
        for _ in range(3):
            devnet.mine()
    with closing(sqlite3.connect(tmp_path / "chain.sqlite", isolation_level=None)) as database:
        database.execute("DELETE FROM blocks WHERE number = 2")

    with pytest.raises(ReplayError, match="Block 2 is missing"):
        replay(tmp_path)
