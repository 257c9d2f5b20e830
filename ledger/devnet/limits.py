"""How much of anything one caller may ask for, and how the chain keeps time."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    transaction_bytes: int = 131_072
    """A signed transaction; 24 KB of contract code with its constructor's arguments fits four times."""

    waiting_transactions: int = 4_096
    waiting_per_sender: int = 256
    nonces_ahead: int = 1_024
    """How far beyond the next nonce a transaction may be held."""

    body_bytes: int = 8 * 1024 * 1024
    batch_length: int = 1_000
    batch_results: int = 100_000
    """Logs, receipts and the like in all answers to one batch."""
    log_blocks: int = 50_000
    log_results: int = 20_000
    filters: int = 1_000
    filter_seconds: int = 300
    """A filter that nobody asks for this long is forgotten."""
    proof_keys: int = 1_024


@dataclass(frozen=True)
class Settings:
    block_period: float = 0.0
    """Seconds between blocks while transactions wait; 0 seals a block as soon as one is there."""

    idle_block_after: float | None = 15.0
    """Seconds after which an empty block is sealed, so that time on the chain goes on; None: never."""

    limits: Limits = Limits()
