"""The rules of execution: Prague as py-evm ships it, except that blocks may share a second."""

from eth.abc import BlockHeaderAPI
from eth.constants import ZERO_HASH32
from eth.vm.forks.prague import PragueVM

# Consecutive blocks may carry the same second; the stock rule asks for a later one.
_SECONDS_THAT_STOCK_RULES_WANT = 1


class DevnetVM(PragueVM):
    """Stock Prague, but a block may have the time of its parent.

    Group commit seals many blocks a second, and a clock that ran ahead of the wall to keep them apart would make
    deadlines come early.
    """

    @classmethod
    def validate_header(cls, header: BlockHeaderAPI, parent_header: BlockHeaderAPI) -> None:
        if header.timestamp == parent_header.timestamp:
            earlier = parent_header.copy(timestamp=parent_header.timestamp - _SECONDS_THAT_STOCK_RULES_WANT)
            super().validate_header(header, earlier)
        else:
            super().validate_header(header, parent_header)


def header_after(parent: BlockHeaderAPI, *, timestamp: int, coinbase: bytes) -> BlockHeaderAPI:
    """The header that the block after `parent` starts from, without transactions and without a seal."""
    return DevnetVM.create_header_from_parent(  # pyright: ignore[reportAbstractUsage]
        parent,
        timestamp=timestamp,
        coinbase=coinbase,
        gas_limit=parent.gas_limit,
        mix_hash=ZERO_HASH32,
        extra_data=b"",
        parent_beacon_block_root=ZERO_HASH32,
    )
