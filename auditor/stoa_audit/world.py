"""The state of a city as its events make it. The reducers in `replay` write it; the checks read it."""

from dataclasses import dataclass, field
from enum import IntEnum

from stoa_audit.abi_words import Values
from stoa_audit.city import City
from stoa_audit.digests import ZERO
from stoa_audit.transactions import Transaction


class Status(IntEnum):
    """Of a participant."""

    JOINED = 1
    ACTIVE = 2
    FROZEN = 3


class Decided(IntEnum):
    """State of a use case."""

    APPLIED = 1
    DENIED = 2
    ALLOWED = 3
    CLOSED = 4


class OrderState(IntEnum):
    ESCROWED = 1
    SETTLED = 2
    REFUNDED = 3


class How(IntEnum):
    """In which way a consent ended."""

    SIGNER = 0
    SIGNATURE = 1
    CODE = 2
    MANDATE = 3


GROUND_NOT_PERSONAL = 0
GROUND_CONSENT = 1
NOTICE_OBJECTION = 2


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event happened. `index` counts the logs of its block."""

    block: int
    timestamp: int
    transaction: int
    index: int

    def __str__(self) -> str:
        return f"block {self.block}, transaction {self.transaction}"


@dataclass(frozen=True, slots=True)
class Happening:
    """An event of one of the city's contracts, and the transaction that caused it."""

    contract: str
    name: str
    values: Values
    place: Place
    by: Transaction


@dataclass(slots=True)
class Participant:
    number: int
    account: str
    class_: int
    name: bytes
    joined_in: int
    status: int = Status.JOINED


@dataclass(slots=True)
class Version:
    root: bytes
    leaves: int
    rows: int
    content: bytes
    published_in: int
    published_at: int
    erased: dict[int, tuple[bytes, int]] = field(default_factory=dict[int, tuple[bytes, int]])
    """Position -> (leaf, block)."""


@dataclass(slots=True)
class Dataset:
    number: int
    steward: int
    topic: int
    subject: bool
    sensitive: bool
    metadata: bytes
    registered_in: int
    personal: bool = True
    proposal: tuple[str, bytes] | None = None
    versions: dict[int, Version] = field(default_factory=dict[int, Version])


@dataclass(slots=True)
class Notice:
    language: bytes
    kind: int
    scope: int
    published_in: int
    retired_in: int | None = None


@dataclass(slots=True)
class UseCase:
    number: int
    application: Values
    personal: bool
    sensitive: bool
    consent_scope: int
    required_scope: int
    objection_scope: int
    minimum_cohort: int
    longest_days: int
    applied_in: int
    state: int = Decided.APPLIED
    recipient: bytes = ZERO
    decision: Values | None = None
    rule: int = 0
    decided_by: str = ""
    seconded_by: str = ""
    decided_in: int | None = None
    closed_in: int | None = None
    proposal: tuple[str, bytes] | None = None
    notices: dict[bytes, Notice] = field(default_factory=dict[bytes, Notice])

    @property
    def applicant(self) -> int:
        return self.application["applicant"]

    @property
    def datasets(self) -> list[int]:
        return [source["dataset"] for source in self.application["sources"]]


@dataclass(slots=True)
class Rule:
    terms: Values
    retired_in: int | None = None


@dataclass(slots=True)
class Consent:
    id: bytes
    grant: Values
    granted_in: int
    granted_at: int
    revoked_in: int | None = None
    revoked_at: int | None = None
    how: int | None = None

    @property
    def use_case(self) -> int:
        return self.grant["useCase"]

    def is_in_force(self, block: int, timestamp: int) -> bool:
        """Whether it counts at a block: granted in it or before, not revoked in it or before, still valid."""
        return (
            self.granted_in <= block
            and (self.revoked_in is None or block < self.revoked_in)
            and timestamp < self.grant["validUntil"]
        )


@dataclass(slots=True)
class Tombstone:
    """A consent that was revoked before it arrived."""

    use_case: int
    revoked_in: int
    how: int


@dataclass(slots=True)
class Licence:
    number: int
    use_case: int
    licensee: str
    starts_at: int
    ends_at: int
    quota: int
    discount: int
    terms: bytes
    issued_in: int
    used: int = 0
    terminated_in: int | None = None
    tariff: int | None = None
    price: int | None = None
    quote: bytes | None = None


@dataclass(slots=True)
class Tariff:
    number: int
    terms: Values
    set_in: int
    earned: int = 0
    divided: int = 0
    accrued: dict[int, int] = field(default_factory=dict[int, int])
    released: dict[int, int] = field(default_factory=dict[int, int])

    def divide(self) -> None:
        """Divide what was earned since the last time: a withdrawal does this first, and nothing twice."""
        fresh = self.earned - self.divided
        for party in self.parties:
            self.accrued[party] = self.accrued.get(party, 0) + self.part(party, fresh)
        self.divided = self.earned

    def share(self, party: int) -> int:
        """What a party has earned so far."""
        return self.accrued.get(party, 0) + self.part(party, self.earned - self.divided)

    def part(self, party: int, whole: int) -> int:
        """What of `whole` is due to a party: rounded down for payees, what is left for the city (party 0)."""
        parts = [whole * payee["basisPoints"] // 10_000 for payee in self.terms["payees"]]
        return whole - sum(parts) if party == 0 else parts[party - 1]

    @property
    def parties(self) -> range:
        return range(len(self.terms["payees"]) + 1)


@dataclass(slots=True)
class Order:
    id: bytes
    terms: Values
    """The OrderOpened event."""
    opened_in: int
    opened_at: int
    state: int = OrderState.ESCROWED
    charge: int | None = None
    outcome: Values | None = None
    reason: bytes | None = None
    ended_in: int | None = None
    ended_at: int | None = None
    ended_index: int = 0


@dataclass(slots=True)
class Anchor:
    size: int
    root: bytes
    anchored_in: int
    anchored_at: int
    index: int


@dataclass(slots=True)
class Movement:
    """Money between the city and the world, or out of a pot."""

    block: int
    position: int
    kind: str
    account: str
    amount: int
    reference: str


@dataclass(slots=True)
class TrustedKey:
    trusted: bool
    changed_in: int
    spans: list[tuple[int, int | None]] = field(default_factory=list[tuple[int, int | None]])
    """(trusted from block, until block or None)."""

    def was_trusted(self, first: int, last: int) -> bool:
        """Whether at some block from `first` to `last`."""
        return any(start <= last and (end is None or first < end) for start, end in self.spans)


@dataclass(slots=True)
class World:
    city: City
    times: list[int] = field(default_factory=list[int])
    """The time of every block, by number."""
    hashes: list[bytes] = field(default_factory=list[bytes])
    participants: dict[int, Participant] = field(default_factory=dict[int, Participant])
    numbers: dict[str, int] = field(default_factory=dict[str, int])
    """Account -> number of the participant."""
    roles: dict[tuple[int, str], tuple[int, int]] = field(
        default_factory=dict[tuple[int, str], tuple[int, int]]
    )
    """(role, account) -> (execution delay, member since)."""
    functions: dict[tuple[str, bytes], int] = field(default_factory=dict[tuple[str, bytes], int])
    """(contract, selector) -> role that may call it."""
    keys: dict[tuple[str, str], TrustedKey] = field(default_factory=dict[tuple[str, str], TrustedKey])
    """(kind, key) -> how the city trusts it; kind is registrar, settler or attestor."""
    registrar: str = ""
    datasets: dict[int, Dataset] = field(default_factory=dict[int, Dataset])
    deliveries: dict[int, int] = field(default_factory=dict[int, int])
    """Steward -> time of the last delivery."""
    use_cases: dict[int, UseCase] = field(default_factory=dict[int, UseCase])
    rules: dict[int, Rule] = field(default_factory=dict[int, Rule])
    consents: dict[bytes, Consent] = field(default_factory=dict[bytes, Consent])
    consents_of: dict[int, list[Consent]] = field(default_factory=dict[int, list[Consent]])
    tombstones: dict[bytes, Tombstone] = field(default_factory=dict[bytes, Tombstone])
    refused: list[tuple[int, int, bytes, int]] = field(default_factory=list[tuple[int, int, bytes, int]])
    """(block, position, consent, why) of members that were left out of a batch."""
    grants_paused: bool = False
    licences: dict[int, Licence] = field(default_factory=dict[int, Licence])
    tariffs: dict[int, Tariff] = field(default_factory=dict[int, Tariff])
    current: dict[tuple[int, int], int] = field(default_factory=dict[tuple[int, int], int])
    """(use case, class) -> tariff in force."""
    orders: dict[bytes, Order] = field(default_factory=dict[bytes, Order])
    sales_paused: bool = False
    balances: dict[str, int] = field(default_factory=dict[str, int])
    credits: dict[str, int] = field(default_factory=dict[str, int])
    """What Settlement holds for an account, to be withdrawn."""
    minted: int = 0
    redeemed: int = 0
    statement_lines: set[bytes] = field(default_factory=set[bytes])
    movements: list[Movement] = field(default_factory=list[Movement])
    anchors: list[Anchor] = field(default_factory=list[Anchor])
    reasons: list[tuple[bytes, str]] = field(default_factory=list[tuple[bytes, str]])
    """(digest, what for) of every reason the city gave."""

    def tariff_for(self, use_case: int, class_: int) -> int:
        """The tariff in force for a use case and a class, 0 if there is none."""
        return self.current.get((use_case, class_)) or self.current.get((0, class_), 0)

    def applicant_of(self, use_case: UseCase) -> Participant:
        return self.participants[use_case.applicant]

    def cohort(self, use_case: int, block: int) -> list[bytes]:
        """The ids of all consents to a use case that are in force at a block, ascending."""
        return sorted(one.id for one in self.in_force(use_case, block))

    def in_force(self, use_case: int, block: int) -> list[Consent]:
        """Consents and objections to a use case that are in force at a block."""
        time = self.times[block]
        return [one for one in self.consents_of.get(use_case, []) if one.is_in_force(block, time)]

    @property
    def escrowed(self) -> int:
        return sum(order.terms["cap"] for order in self.orders.values() if order.state == OrderState.ESCROWED)

    @property
    def unreleased(self) -> int:
        """Earned and not yet withdrawn by the parties of the tariffs."""
        return sum(tariff.earned - sum(tariff.released.values()) for tariff in self.tariffs.values())
