"""The first block: what a chain is, before anything happened on it.

A genesis file may leave out the sequencer and the time; both are filled in at first start and written to
`genesis.json` in the chain's folder, which then says exactly which chain the folder holds.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from eth.abc import BlockHeaderAPI
from eth.constants import ZERO_HASH32
from eth.db.account import AccountDB
from eth.db.backends.base import BaseAtomicDB
from eth_typing import Address
from eth_utils.address import is_hex_address, to_canonical_address

from ledger.devnet.errors import GenesisFileError
from ledger.devnet.evm import DevnetVM
from ledger.keys import checksum

CHAIN_ID = 1337042
GAS_PER_BLOCK = 30_000_000

# Wallets keep chain ids in a JavaScript number and the v of a legacy signature in 2 * id + 36.
MAX_CHAIN_ID = 2**52
MIN_GAS_PER_BLOCK = 100_000
MAX_GAS_PER_BLOCK = 2**40


@dataclass(frozen=True)
class Genesis:
    """A chain's identity: two chains with equal genesis start with the same block."""

    chain_id: int
    gas_per_block: int
    sequencer: bytes
    timestamp: int
    balances: Mapping[bytes, int]

    @property
    def gas_limit(self) -> int:
        """Gas limit in every header: twice what a block is filled to.

        EIP-1559 raises the base fee after a block that used more than half its limit. Since ours never do, a base
        fee of zero stays zero by the stock rule, and every independent client agrees with it.
        """
        return 2 * self.gas_per_block

    def header(self, db: BaseAtomicDB) -> BlockHeaderAPI:
        """The header of block 0; the state it commits to is written to `db`."""
        state = AccountDB(db)
        for address, balance in self.balances.items():
            state.set_balance(Address(address), balance)
        state.persist()
        return DevnetVM.create_genesis_header(
            difficulty=0,
            timestamp=self.timestamp,
            gas_limit=self.gas_limit,
            base_fee_per_gas=0,
            coinbase=self.sequencer,
            extra_data=self.sequencer,
            parent_beacon_block_root=ZERO_HASH32,
            mix_hash=ZERO_HASH32,
            state_root=state.state_root,
        )


@dataclass(frozen=True)
class GenesisFile:
    """What a genesis file says: a genesis, perhaps without the sequencer and the time."""

    chain_id: int = CHAIN_ID
    gas_per_block: int = GAS_PER_BLOCK
    sequencer: bytes | None = None
    timestamp: int | None = None
    balances: Mapping[bytes, int] = field(default_factory=dict[bytes, int])

    def completed(self, *, sequencer: bytes, timestamp: int) -> Genesis:
        """The genesis this becomes with that sequencer, at that time if the file names none.

        Raises:
            GenesisFileError: the file names another sequencer.
        """
        if self.sequencer not in (None, sequencer):
            raise GenesisFileError(
                f"It names the sequencer {checksum_of(self.sequencer)}, but the key in the chain's folder is "
                f"{checksum_of(sequencer)}. Put the right key there, or leave the name out."
            )
        return Genesis(
            chain_id=self.chain_id,
            gas_per_block=self.gas_per_block,
            sequencer=sequencer,
            timestamp=timestamp if self.timestamp is None else self.timestamp,
            balances=self.balances,
        )


def read(path: Path) -> GenesisFile:
    """The genesis in the file at `path`.

    Raises:
        GenesisFileError: there is none, or it says something that cannot be.
    """
    try:
        return parse(path.read_bytes())
    except OSError as error:
        raise GenesisFileError(f"The genesis file {path} cannot be read: {error.strerror}.") from error
    except GenesisFileError as error:
        raise GenesisFileError(f"{path}: {error}") from error


def parse(text: bytes) -> GenesisFile:
    try:
        fields = json.loads(text)
    except ValueError as error:
        raise GenesisFileError("It is not JSON.") from error
    if not isinstance(fields, dict):
        raise GenesisFileError("It is not a JSON object.")
    return _from_fields(cast("dict[str, Any]", fields))


def to_json(genesis: Genesis) -> bytes:
    fields = {
        "chainId": genesis.chain_id,
        "gasPerBlock": genesis.gas_per_block,
        "sequencer": checksum_of(genesis.sequencer),
        "timestamp": genesis.timestamp,
        "balances": {checksum_of(address): str(wei) for address, wei in genesis.balances.items()},
    }
    return json.dumps(fields, indent=2).encode() + b"\n"


def checksum_of(address: bytes) -> str:
    return checksum("0x" + address.hex())


def _from_fields(fields: dict[str, Any]) -> GenesisFile:
    unknown = set(fields) - {"chainId", "gasPerBlock", "sequencer", "timestamp", "balances"}
    if unknown:
        raise GenesisFileError(f"It has a field that means nothing here: {', '.join(sorted(unknown))}.")
    balances = fields.get("balances", {})
    if not isinstance(balances, dict):
        raise GenesisFileError("balances must be an object of address: wei.")
    return GenesisFile(
        chain_id=_integer(fields, "chainId", CHAIN_ID, 1, MAX_CHAIN_ID),
        gas_per_block=_integer(fields, "gasPerBlock", GAS_PER_BLOCK, MIN_GAS_PER_BLOCK, MAX_GAS_PER_BLOCK),
        sequencer=_address(fields["sequencer"]) if "sequencer" in fields else None,
        timestamp=_integer(fields, "timestamp", 0, 0, 2**40) if "timestamp" in fields else None,
        balances={_address(name): _wei(value) for name, value in cast("dict[str, Any]", balances).items()},
    )


def _integer(fields: dict[str, Any], name: str, default: int, least: int, most: int) -> int:
    value = fields.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise GenesisFileError(f"{name} must be a whole number from {least} to {most}.")
    return value


def _address(value: object) -> bytes:
    if not isinstance(value, str) or not is_hex_address(value):
        raise GenesisFileError(f"{value!r} is not an address.")
    return to_canonical_address(value)


def _wei(value: object) -> int:
    if not isinstance(value, str) or not value.isascii() or not value.isdigit() or int(value[:80]) >= 2**128:
        raise GenesisFileError(f"A balance is a decimal string of wei below 2**128, not {value!r}.")
    return int(value)
