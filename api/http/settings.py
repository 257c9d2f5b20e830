"""What an operator chooses about the API."""

from dataclasses import dataclass, field
from datetime import UTC, tzinfo

from api.http.limits import Pace

LARGEST_BODY = 1_000_000
"""Bytes. A desk's import of 500 consents is a third of it."""

ANYBODY = Pace(per_second=20, burst=200)
PARTICIPANT = Pace(per_second=50, burst=500)
SECRETS = Pace(per_second=0.2, burst=20)


@dataclass(frozen=True)
class Limits:
    """How often one caller may ask: a burst at once, and so many a second after it."""

    anybody: Pace = ANYBODY
    participant: Pace = PARTICIPANT
    secrets: Pace = SECRETS
    """Attempts with a letter's or a paper's code: slow enough that guessing is hopeless."""


@dataclass(frozen=True)
class HttpSettings:
    public: str = "http://127.0.0.1:8000"
    """Where people reach this server: the domain and the URI that a sign-in is for."""
    node: str = "http://127.0.0.1:8545"
    finality: int = 0
    """Blocks after which the engine never takes a block back."""
    play_bank: bool = False
    """Whether anybody may pay in play money. Ignored unless the city's profile is devnet."""
    admitted_classes: tuple[int, ...] = ()
    """The published admission policy: who is admitted as it joins. The workers act on it."""
    ombudsman_token: str | None = None
    """What the ombudsman's office shows to end consents on a mandate."""
    spread_seconds: int = 600
    """Over how long the ends of one person's consents are spread on the ledger."""
    zone: tzinfo = UTC
    """The city's time zone, in which pages tell moments."""
    limits: Limits = field(default_factory=Limits)

    @property
    def is_encrypted(self) -> bool:
        return self.public.startswith("https://")
