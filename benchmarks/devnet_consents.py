"""What the devnet's blocks and answers cost as consents grow: `python -m benchmarks.devnet_consents`.

A whole city with the real contracts; real consents, each under a key of its own and countersigned by the registrar,
granted in batches of 100. At each number of them: seconds per sealed block (empty, one grant, one revocation, a batch,
an order opened and settled), what a node's answers take, and for the devnet its start, disk and memory. The same on
eth-tester (py-evm in memory, nothing kept) and on anvil (native, nothing kept), each in a process of its own.

Signing is done beforehand. The devnet writes every block to a disk before it answers; it and eth-tester are asked in
their own process, anvil over HTTP. The shortest of the rounds counts, since other work only ever makes it longer; in
brackets processor time, which is longer than the clock where two threads work, and shorter where a disk is waited for.
"""

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ledger.abi import Call
from ledger.devnet.chain import Devnet
from ledger.devnet.door import OpenDoor
from ledger.devnet.limits import Settings
from ledger.devnet.provider import InProcessProvider
from ledger.digests import hexed, keccak
from ledger.node import Node
from ledger.payments import order_id
from ledger.relay import grant_gas
from ledger.transactions import sign_transaction
from tests import other_engines
from tests.town import Clock, Given, Town, Trade

BATCH = 100
SIZES = (0, 10_000, 50_000)
ENGINES = ("devnet", "eth-tester", "anvil")
BLOCKS = {
    "empty": "an empty block",
    "grant": "a block with one grant",
    "revoke": "a block with one revocation",
    "batch": f"a block with {BATCH} grants",
    "order": "an order opened and settled, two blocks",
}
ANSWERS = {
    "logs": f"eth_getLogs of a block with {BATCH} grants, by its hash",
    "call": "eth_call: is this consent in force",
    "proof": "eth_getProof of a consent's slot",
}
QUIET = Settings(idle_block_after=None)

Say = Callable[[str], None]


@dataclass
class Stage:
    """What was measured where so many consents existed. Seconds, megabytes; None: the engine cannot."""

    consents: int
    filled: float | None = None
    """Seconds per batch on the way here, signing left out."""
    shortest: dict[str, float | None] = field(default_factory=dict[str, "float | None"])
    median: dict[str, float | None] = field(default_factory=dict[str, "float | None"])
    processor: dict[str, float | None] = field(default_factory=dict[str, "float | None"])
    """Processor time of this process; the shortest. It says more than the clock where others use the machine."""
    start: float | None = None
    disk: float | None = None
    memory: float = 0.0
    """Resident, of the process with the chain and whoever asks it; anvil's own process."""
    peak: float = 0.0


@dataclass
class Engine:
    """A chain to be measured. `restart` closes it and opens it again, where it keeps anything."""

    name: str
    node: Node
    devnet: Devnet | None = None
    folder: Path | None = None
    process: int | None = None

    def mine(self) -> None:
        if self.devnet is None:
            self.node.request("evm_mine")
        else:
            self.devnet.mine()

    def memory(self) -> tuple[float, float]:
        """Resident now, and at most, in MB."""
        lines = Path(f"/proc/{self.process or os.getpid()}/status").read_text().splitlines()
        kilobytes = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith("Vm")}
        return int(kilobytes["VmRSS"]) / 1024, int(kilobytes["VmHWM"]) / 1024

    def disk(self) -> float | None:
        if self.folder is None:
            return None
        return sum(file.stat().st_size for file in self.folder.glob("chain.sqlite*")) / 1e6

    def restart(self) -> float | None:
        """Seconds from opening the folder to the first answer."""
        if self.devnet is None or self.folder is None:
            return None
        self.devnet.close()
        started = time.perf_counter()
        self.devnet = Devnet.open(self.folder, door=OpenDoor(), settings=QUIET, clock=Clock())
        self.node = Node(InProcessProvider(self.devnet))
        self.node.head()
        return time.perf_counter() - started


@contextmanager
def engine_named(name: str, folder: Path) -> Generator[Engine]:
    match name:
        case "devnet":
            devnet = Devnet.open(folder, door=OpenDoor(), settings=QUIET, clock=Clock())
            engine = Engine(name, Node(InProcessProvider(devnet)), devnet, folder)
            yield engine
            if engine.devnet is not None:
                engine.devnet.close()
        case "eth-tester":
            with other_engines.eth_tester() as node:
                yield Engine(name, node)
        case _:
            with other_engines.anvil() as node:
                children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
                yield Engine(name, node, process=int(children[-1]))


class Measurement:
    """One city on one engine, growing."""

    def __init__(self, engine: Engine, rounds: int, say: Say) -> None:
        self._engine = engine
        self._rounds = rounds
        self._say = say
        clock = Clock()
        clock.now = engine.node.head().timestamp
        self._town = Town.on(engine.node, engine.devnet or Devnet.in_memory(), clock)
        self._trade: Trade = self._town.trade()
        self._chain = self._town.city.chain_id
        self._consents = 0
        self._newest: Given | None = None
        self._newest_batch = b""

    def stage(self, consents: int) -> Stage:
        """Grow to so many consents and measure there."""
        stage = Stage(consents, filled=self._fill_to(consents))
        for name, once in self._blocks().items():
            self._take(stage, name, once)
        for name, once in self._answers().items():
            self._take(stage, name, once)
        stage.disk = self._engine.disk()
        stage.start = self._engine.restart()
        self._town.node = self._engine.node
        stage.memory, stage.peak = self._engine.memory()
        return stage

    def _fill_to(self, consents: int) -> float | None:
        spent: list[float] = []
        begun = time.monotonic()
        while self._consents + BATCH <= consents:
            send = self._batch()
            started = time.perf_counter()
            send()
            spent.append(time.perf_counter() - started)
            self._say(
                f"{self._engine.name}: {self._consents:,} of {consents:,} consents, "
                f"{time.monotonic() - begun:,.0f} s"
            )
        return statistics.median(spent) if spent else None

    def _take(self, stage: Stage, name: str, prepared: Callable[[], Callable[[], None]]) -> None:
        """Each round is prepared outside of the clock."""
        spent: list[float] = []
        worked: list[float] = []
        try:
            for _ in range(self._rounds):
                once = prepared()
                started, working = time.perf_counter(), time.process_time()
                once()
                spent.append(time.perf_counter() - started)
                worked.append(time.process_time() - working)
        except Exception:  # whatever another engine says when it cannot answer a question
            if self._engine.devnet is not None or name in BLOCKS:
                raise
            spent.clear()
        self._say(f"{self._engine.name}: {stage.consents:,} consents, {name}")
        stage.shortest[name] = min(spent) if spent else None
        stage.median[name] = statistics.median(spent) if spent else None
        stage.processor[name] = min(worked) if spent and self._engine.process is None else None

    # Blocks

    def _blocks(self) -> dict[str, Callable[[], Callable[[], None]]]:
        return {
            "empty": lambda: self._engine.mine,
            "grant": self._grant,
            "revoke": self._revoke,
            "batch": self._batch,
            "order": self._order,
        }

    def _grant(self) -> Callable[[], None]:
        given = self._consent()
        return self._sent(
            "relay", self._town.contracts.consents.grant_by_signature(given.terms, given.grant), 200_000
        )

    def _revoke(self) -> Callable[[], None]:
        given = self._consent()
        consents = self._town.contracts.consents
        self._sent("relay", consents.grant_by_signature(given.terms, given.grant), 200_000)()
        self._consents -= 1
        return self._sent(
            "mallory", consents.revoke_by_code(given.terms, given.own, given.code.value), 200_000
        )

    def _batch(self) -> Callable[[], None]:
        given = [self._consent() for _ in range(BATCH)]
        call = self._town.contracts.consents.grant_batch(given[0].terms, [one.grant for one in given])
        send = self._sent("relay", call, grant_gas(BATCH))

        def keep() -> None:
            send()
            self._newest_batch = self._town.node.head().hash

        return keep

    def _consent(self) -> Given:
        self._town.clock.now = self._town.node.head().timestamp
        self._consents += 1
        self._newest = self._town.consent(self._town.terms(self._trade.use_case))
        return self._newest

    def _order(self) -> Callable[[], None]:
        town = self._town
        town.clock.now = town.node.head().timestamp
        quote = town.order_quote(self._trade.licence, self._trade.tariff)
        opened = self._sent("relay", town.order_call(quote), 400_000)
        # The consents are read at the block that opens the order, as nothing else is sent meanwhile.
        outcome = town.outcome(consent_block=town.node.head().number + 1)
        settle = town.contracts.settlement.settle(order_id(quote), outcome)
        settled = self._sent("settler", settle, 400_000)

        def both() -> None:
            opened()
            settled()

        return both

    def _sent(self, who: str, call: Call, gas: int) -> Callable[[], None]:
        """Signed now; sent, and its receipt seen, when it is called."""
        node, signer = self._town.node, self._town.keys[who]
        signed = sign_transaction(
            signer,
            chain_id=self._chain,
            nonce=node.nonce(signer.address),
            to=call.to,
            data=call.data,
            gas=gas,
        )

        def send() -> None:
            node.send_raw(signed.raw)
            receipt = node.receipt(signed.hash)
            while receipt is None:
                receipt = node.receipt(signed.hash)
            if not receipt.succeeded:
                raise RuntimeError(f"{self._engine.name} took a transaction of {who} and it failed.")

        return send

    # Answers

    def _answers(self) -> dict[str, Callable[[], Callable[[], None]]]:
        town, given = self._town, self._newest
        assert given is not None
        contract = town.city.addresses["Consents"]
        slot = self._slot_of(contract, given.consent.id)
        batch = hexed(self._newest_batch)
        return {
            "logs": lambda: lambda: self._ask("eth_getLogs", {"blockHash": batch}),
            "call": lambda: lambda: self._call(given.consent.id),
            "proof": lambda: lambda: self._ask("eth_getProof", contract, [slot], "latest"),
        }

    def _ask(self, method: str, *parameters: object) -> None:
        if not self._town.node.request(method, *parameters):
            raise NotImplementedError(method)

    def _call(self, id_: bytes) -> None:
        self._town.contracts.consents.is_in_force(id_)

    def _slot_of(self, contract: str, id_: bytes) -> str:
        """Where the consent is stored: the place of the mapping is found by looking."""
        for place in range(64):
            slot = hexed(keccak(id_ + place.to_bytes(32, "big")))
            found = self._town.node.request("eth_getStorageAt", contract, slot, "latest")
            if int(found, 16):
                return slot
        return hexed(keccak(id_))


def measured(name: str, sizes: tuple[int, ...], rounds: int, quiet: bool) -> list[dict[str, Any]]:
    """All stages of one engine, in this process."""
    with (
        tempfile.TemporaryDirectory(prefix="stoa-benchmark-") as folder,
        engine_named(name, Path(folder) / "chain") as engine,
    ):
        measurement = Measurement(engine, rounds, silent if quiet else said)
        return [asdict(measurement.stage(size)) for size in sizes]


def said(line: str) -> None:
    end = "" if sys.stderr.isatty() else "\n"
    print(f"\r\x1b[K{line}" if sys.stderr.isatty() else line, end=end, file=sys.stderr, flush=True)


def silent(line: str) -> None:
    """No progress."""


def main() -> int:
    options = _options()
    sizes = tuple(sorted({int(size) for size in options.consents.split(",")}))
    found: dict[str, list[dict[str, Any]]] = {}
    for name in options.engines.split(","):
        if name == "anvil" and not other_engines.ANVIL.exists():
            print("anvil is not here: `npm ci` in contracts/toolchain brings it.", file=sys.stderr)
            continue
        reached = (
            sizes if name == "devnet" else tuple(size for size in sizes if size <= options.compare_up_to)
        )
        # Each in a fresh process, so that no engine's memory is another's.
        context = multiprocessing.get_context("spawn")
        with context.Pool(1) as pool:
            found[name] = pool.apply(measured, (name, reached, options.rounds, options.quiet))
        if options.json is not None:
            options.json.write_text(json.dumps({"machine": machine(), "engines": found}, indent=2) + "\n")
    print("\n".join(tables(found)))
    return 0


def machine() -> str:
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


def tables(found: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Markdown: ratios first, then the figures they are made of."""
    shown = [machine(), ""]
    ours = {stage["consents"]: stage for stage in found.get("devnet", [])}
    others = [name for name in found if name != "devnet"]
    if ours and others:
        shown += ["| The devnet takes ... times as long as | " + " | ".join(_columns(others, found)) + " |"]
        shown += ["| --- |" + " --: |" * len(_columns(others, found))]
        for name, title in {**BLOCKS, **ANSWERS}.items():
            cells = [
                _ratios(ours[stage["consents"]], stage, name)
                for other in others
                for stage in found[other]
                if stage["consents"] in ours
            ]
            shown.append(f"| {title} | " + " | ".join(cells) + " |")
        shown.append("")
    for name, stages in found.items():
        shown += [*_figures(name, stages), ""]
    return shown


def _columns(others: list[str], found: dict[str, list[dict[str, Any]]]) -> list[str]:
    return [f"{other}, {stage['consents']:,}" for other in others for stage in found[other]]


def _figures(name: str, stages: list[dict[str, Any]]) -> list[str]:
    sizes = " | ".join(f"{one['consents']:,} consents" for one in stages)
    shown = [f"| {name} | {sizes} | growth | of processor time |"]
    shown.append("| --- |" + " --: |" * (len(stages) + 2))
    for key, title in {**BLOCKS, **ANSWERS}.items():
        taken = [one["shortest"].get(key) for one in stages]
        worked = [one["processor"].get(key) for one in stages]
        cells = " | ".join(_milliseconds(*both) for both in zip(taken, worked, strict=True))
        growth = f"{_ratio(taken[-1], taken[0])} | {_ratio(worked[-1], worked[0])}"
        shown.append(f"| {title} | {cells} | {growth} |")
    for key, title, unit in (
        ("start", "start, from opening the folder to the first answer", "ms"),
        ("disk", "on disk", "MB"),
        ("memory", "memory", "MB"),
        ("peak", "memory at most", "MB"),
    ):
        taken = [one[key] for one in stages]
        factor = 1000 if unit == "ms" else 1
        cells = " | ".join("nothing kept" if one is None else f"{factor * one:,.0f} {unit}" for one in taken)
        shown.append(f"| {title} | {cells} | {_ratio(taken[-1], taken[0])} | |")
    return shown


def _ratios(one: dict[str, Any], other: dict[str, Any], name: str) -> str:
    """By the clock, and in brackets by processor time where both are known."""
    clock = _ratio(one["shortest"].get(name), other["shortest"].get(name))
    worked = _ratio(one["processor"].get(name), other["processor"].get(name))
    return f"{clock} ({worked})" if worked else clock or "it cannot"


def _milliseconds(taken: float | None, worked: float | None) -> str:
    """By the clock, and of it the processor's time where that is known."""
    if taken is None:
        return "cannot"
    return f"{1000 * taken:,.1f} ms" + ("" if worked is None else f" ({1000 * worked:,.1f})")


def _ratio(one: float | None, other: float | None) -> str:
    return "" if one is None or not other else f"{one / other:.2f} x"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.devnet_consents",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--consents", default=",".join(map(str, SIZES)), help="how many exist (default: %(default)s)"
    )
    parser.add_argument("--engines", default=",".join(ENGINES), help="default: %(default)s")
    parser.add_argument(
        "--compare-up-to", type=int, default=10_000, help="the others grow no further (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=10, help="per figure (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured here as well")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
