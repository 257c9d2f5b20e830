"""How fast the devnet is, on this machine: `python benchmarks/devnet.py`.

Each figure comes from a durable chain in a fresh folder. The contract writes one storage slot and one event of 128
bytes per entry, as a consent does. Signing is done beforehand; everything else counts: reading the transaction, its
signature, execution, the state root, the seal, the commit to disk and the receipt.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_hash.auto import keccak

from ledger.devnet.chain import Devnet
from ledger.devnet.door import OpenDoor
from ledger.devnet.limits import Settings
from ledger.keys import checksum

STATES = (0, 10_000, 50_000)
ENTRIES_PER_FILLING = 1_000
BATCH = 100

# For each 32-byte word of the input: store it under itself, and log it as the topic of 128 bytes.
RUNTIME = bytes.fromhex("5f5b803611600957005b803580805560805fa1602001600156")
DEPLOYMENT = bytes.fromhex(f"60{len(RUNTIME):02x}8060095f395ff3") + RUNTIME


@dataclass(frozen=True)
class Pace:
    transactions: int
    seconds: float
    blocks: int

    @property
    def per_second(self) -> float:
        return self.transactions / self.seconds

    @property
    def per_block(self) -> float:
        """Milliseconds."""
        return 1000 * self.seconds / self.blocks


class Sender:
    """Sends entries to the contract through the chain's own JSON-RPC, in this process."""

    def __init__(self, devnet: Devnet) -> None:
        self._devnet = devnet
        self._account: LocalAccount = Account.create()
        self._nonce = 0
        self._entries = 0
        digest = self._ask("eth_sendRawTransaction", self._sign(None, DEPLOYMENT, 1_000_000))
        receipt = cast("dict[str, str]", self._ask("eth_getTransactionReceipt", digest))
        self._contract = checksum(receipt["contractAddress"])

    def fill_to(self, entries: int) -> None:
        """Have this many entries stored, those of earlier measurements among them."""
        while self._entries < entries:
            count = min(ENTRIES_PER_FILLING, entries - self._entries)
            self._ask("eth_sendRawTransaction", self._entry(count, 30_000_000))

    def singly(self, count: int) -> Pace:
        """One transaction, its receipt, the next one."""
        signed = [self._entry() for _ in range(count)]
        first_block, started = self._devnet.head.block_number, time.perf_counter()
        for each in signed:
            self._require_success(
                self._ask("eth_getTransactionReceipt", self._ask("eth_sendRawTransaction", each))
            )
        return Pace(count, time.perf_counter() - started, self._devnet.head.block_number - first_block)

    def batched(self, batches: int) -> Pace:
        """JSON-RPC batches of raw transactions."""
        signed = [[self._entry() for _ in range(BATCH)] for _ in range(batches)]
        first_block, started = self._devnet.head.block_number, time.perf_counter()
        answers = [self._ask_all(batch) for batch in signed]
        pace = Pace(
            batches * BATCH, time.perf_counter() - started, self._devnet.head.block_number - first_block
        )
        for digest in (answer["result"] for batch in answers for answer in batch):
            self._require_success(self._ask("eth_getTransactionReceipt", digest))
        return pace

    def _entry(self, count: int = 1, gas: int = 100_000) -> str:
        words = b"".join(
            keccak(number.to_bytes(32, "big")) for number in range(self._entries, self._entries + count)
        )
        self._entries += count
        return self._sign(self._contract, words, gas)

    def _sign(self, to: str | None, payload: bytes, gas: int) -> str:
        fields: dict[str, Any] = {
            "chainId": self._devnet.genesis.chain_id,
            "nonce": self._nonce,
            "gas": gas,
            "maxFeePerGas": 0,
            "maxPriorityFeePerGas": 0,
            "value": 0,
            "data": payload,
        }
        self._nonce += 1
        if to is not None:
            fields["to"] = to
        return "0x" + self._account.sign_transaction(cast("Any", fields)).raw_transaction.hex()

    def _ask(self, method: str, parameter: object) -> object:
        answer = self._devnet.rpc({"jsonrpc": "2.0", "id": 1, "method": method, "params": [parameter]})
        return cast("dict[str, object]", answer)["result"]

    def _ask_all(self, signed: Sequence[str]) -> list[dict[str, object]]:
        batch = [
            {"jsonrpc": "2.0", "id": number, "method": "eth_sendRawTransaction", "params": [each]}
            for number, each in enumerate(signed)
        ]
        return cast("list[dict[str, object]]", self._devnet.rpc(batch))

    @staticmethod
    def _require_success(receipt: object) -> None:
        assert cast("dict[str, str]", receipt)["status"] == "0x1"


def main() -> None:
    options = _options()
    print(
        f"{'stored slots':>12} {'one by one':>14} {'per 1-tx block':>16} {f'batches of {BATCH}':>16} "
        f"{'per batch block':>17} {'memory':>8} {'disk':>8}"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Devnet.open(folder, door=OpenDoor(), settings=Settings(idle_block_after=None)) as devnet:
            sender = Sender(devnet)
            for slots in options.slots:
                sender.fill_to(slots)
                singly, batched = sender.singly(options.count), sender.batched(max(1, options.count // BATCH))
                print(
                    f"{slots:>12,} {singly.per_second:>9.0f} tx/s {singly.per_block:>13.2f} ms "
                    f"{batched.per_second:>11.0f} tx/s {batched.per_block:>14.1f} ms "
                    f"{_memory_mb():>5.0f} MB {_disk_mb(folder):>5.0f} MB",
                    flush=True,
                )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--count", type=int, default=400, help="transactions per figure (default: %(default)s)"
    )
    parser.add_argument(
        "--slots",
        type=int,
        nargs="*",
        default=STATES,
        help="sizes of the state to measure at (default: %(default)s)",
    )
    return parser.parse_args()


def _memory_mb() -> float:
    """Resident memory of this process now, in MB."""
    status = Path("/proc/self/status").read_text()
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return int(kilobytes) / 1024


def _disk_mb(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.glob("chain.sqlite*")) / 1e6


if __name__ == "__main__":
    main()
