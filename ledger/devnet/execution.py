"""Executing without a block: what a call would return, and how much gas a transaction needs."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

from eth.abc import BlockHeaderAPI, ComputationAPI, SignedTransactionAPI
from eth.consensus.context import ConsensusContext
from eth.exceptions import (
    FullStack,
    InsufficientFunds,
    InsufficientStack,
    InvalidInstruction,
    InvalidJumpDestination,
    OutOfGas,
    Revert,
    StackDepthLimit,
    VMError,
    WriteProtection,
)
from eth.vm.chain_context import ChainContext
from eth.vm.forks.prague.transactions import PragueTransactionBuilder
from eth.vm.spoof import SpoofTransaction
from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_typing import Address
from eth_utils.exceptions import ValidationError

from ledger.devnet.building import Ancestry
from ledger.devnet.evm import DevnetVM, header_after
from ledger.devnet.genesis import Genesis
from ledger.devnet.nodes import NodeBuffer, NodeCache
from ledger.devnet.store import Store
from ledger.devnet.transactions import least_gas

NAMES: dict[type[VMError], str] = {
    OutOfGas: "out of gas",
    InvalidInstruction: "invalid opcode",
    InvalidJumpDestination: "invalid jump destination",
    InsufficientStack: "stack underflow",
    FullStack: "stack overflow",
    StackDepthLimit: "max call depth exceeded",
    WriteProtection: "write protection",
    InsufficientFunds: "insufficient funds for transfer",
}

ERROR_SELECTOR = bytes.fromhex("08c379a0")
PANIC_SELECTOR = bytes.fromhex("4e487b71")


class CallRefusedError(Exception):
    """The call cannot be made at all, as a transaction with its fields could not."""


class CallFailedError(Exception):
    """The call was made and failed."""


class CallRevertedError(CallFailedError):
    """A contract refused; `output` says why in its own words."""

    def __init__(self, output: bytes) -> None:
        reason = reason_of(output)
        super().__init__(f"execution reverted: {reason}" if reason else "execution reverted")
        self.output = output


@dataclass(frozen=True)
class Call:
    """A transaction that nobody signed. There are no fees here, so it has none."""

    sender: bytes
    to: bytes
    """Empty: the code to create is in `payload`."""
    value: int
    payload: bytes
    gas: int | None = None
    access_list: tuple[tuple[bytes, tuple[int, ...]], ...] = ()


@dataclass(frozen=True)
class Outcome:
    computation: ComputationAPI
    least_gas: int
    """What the transaction had to have: all that it spent before refunds, and what makes it valid."""

    @property
    def failed(self) -> bool:
        return self.computation.is_error

    def raise_if_failed(self) -> None:
        if not self.failed:
            return
        error = self.computation.error
        if isinstance(error, Revert):
            raise CallRevertedError(self.computation.output)
        raise CallFailedError(name_of(error))


class Executor:
    """Executes on the state after a block. Nothing it does is kept."""

    def __init__(self, store: Store, nodes: NodeCache, genesis: Genesis) -> None:
        self._store = store
        self._nodes = nodes
        self._genesis = genesis

    def next_header(self, parent: BlockHeaderAPI, now: int) -> BlockHeaderAPI:
        """The header that a block made at `now` on `parent` starts from."""
        return header_after(parent, timestamp=max(parent.timestamp, now), coinbase=self._genesis.sequencer)

    def call(self, call: Call, context: BlockHeaderAPI) -> bytes:
        """What `call` returns in the block `context`, after all that is in it.

        Raises:
            CallRefusedError: it cannot be made.
            CallFailedError: it fails, by a revert or otherwise.
        """
        outcome = self.run(call, context)
        outcome.raise_if_failed()
        return outcome.computation.output

    def estimate_gas(self, call: Call, context: BlockHeaderAPI) -> int:
        """The least gas with which `call` succeeds.

        Raises:
            CallRefusedError: it cannot be made.
            CallFailedError: it fails with all the gas that it may have, too.
        """
        most = self._gas(call)
        outcome = self.run(call, context)
        if outcome.failed and not isinstance(outcome.computation.error, Revert):
            raise CallFailedError(
                f"gas required exceeds allowance ({most}): {name_of(outcome.computation.error)}"
            )
        outcome.raise_if_failed()
        return _least_that_succeeds(
            lambda gas: not self.run(replace(call, gas=gas), context).failed, outcome.least_gas, most
        )

    def run(self, call: Call, context: BlockHeaderAPI) -> Outcome:
        """Execute `call` and say how it went.

        Raises:
            CallRefusedError: it cannot be made.
        """
        buffer = NodeBuffer(self._nodes)
        vm = DevnetVM(
            context,
            Ancestry(buffer, self._store),
            ChainContext(self._genesis.chain_id),
            ConsensusContext(buffer),
        )
        transaction = self._transaction(call, vm)
        try:
            computation = vm.state.apply_transaction(transaction)
        except ValidationError as error:
            raise CallRefusedError(str(error)) from error
        spent = transaction.gas - computation.get_gas_remaining()
        return Outcome(computation, max(spent, least_gas(transaction)))

    def _transaction(self, call: Call, vm: DevnetVM) -> SignedTransactionAPI:
        unsigned = PragueTransactionBuilder.new_unsigned_access_list_transaction(
            chain_id=self._genesis.chain_id,
            nonce=vm.state.get_nonce(Address(call.sender)),
            gas_price=0,
            gas=self._gas(call),
            to=Address(call.to),
            value=call.value,
            data=call.payload,
            access_list=[(Address(account), keys) for account, keys in call.access_list],
        )
        needed = least_gas(unsigned)
        if unsigned.gas < needed:
            raise CallRefusedError(f"intrinsic gas too low: have {unsigned.gas}, want {needed}")
        return cast("SignedTransactionAPI", SpoofTransaction(unsigned, from_=call.sender))

    def _gas(self, call: Call) -> int:
        most = self._genesis.gas_per_block
        return most if call.gas is None else min(call.gas, most)


def _least_that_succeeds(succeeds: Callable[[int], bool], spent: int, most: int) -> int:
    """The least gas in [`spent`, `most`] with which it succeeds, given that it does with `most` and spends `spent`.

    Usually that is what it spends. It is more where a part of the gas is held back from an inner call (EIP-150), or
    has to be there without being spent (a stipend, a check).
    """
    if succeeds(spent):
        # A contract that looks at its gas may do with less; then it is for its caller to find that out.
        return spent
    too_little, enough = spent, most
    while enough - too_little > 1:
        middle = (too_little + enough) // 2
        if succeeds(middle):
            enough = middle
        else:
            too_little = middle
    return enough


def name_of(error: VMError) -> str:
    return next((name for kind, name in NAMES.items() if isinstance(error, kind)), type(error).__name__)


def reason_of(output: bytes) -> str | None:
    """The sentence in a revert with a reason, or the code of a panic."""
    try:
        if output[:4] == ERROR_SELECTOR:
            return decode(["string"], output[4:])[0]
        if output[:4] == PANIC_SELECTOR:
            return f"panic 0x{decode(['uint256'], output[4:])[0]:02x}"
    except DecodingError:
        return None
    return None
