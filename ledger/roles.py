"""Who may do what for the city: the roles of `CityAccess`, what each may call, and how long each must wait.

AccessManager guards people's powers only: contracts know each other by immutable address, and the keys of machines
(registrar, settlers, attestors) are trusted one by one by an administrator. A delay means that an act is
first scheduled, seen by everybody and cancellable by a guardian, and executed only after it has passed.
"""

from dataclasses import dataclass
from enum import IntEnum


class Role(IntEnum):
    ADMIN = 0
    """Hands out roles, trusts the keys of machines: registrar, settlers, attestors."""
    OPERATOR = 1
    TREASURER = 2
    GUARDIAN = 3
    """Stops things, never starts them; cancels what others scheduled."""
    OMBUDSMAN = 4
    CARRIER = 5
    """Carries payments of stock x402 clients, whose signature does not bind the terms."""


POWERS: dict[Role, dict[str, tuple[str, ...]]] = {
    Role.ADMIN: {
        "Consents": ("setRegistrar", "unpause"),
        "Journal": ("setAttestor", "setSettler"),
        "Settlement": ("unpause",),
    },
    Role.OPERATOR: {
        "Participants": ("admit", "unfreeze"),
        "Datasets": ("declareNotPersonal", "eraseLeaf"),
        "UseCases": ("decide", "publishRule", "retireRule", "publishNotice", "retireNotice", "close"),
        "Licences": ("terminate",),
        "Settlement": ("setTariff",),
    },
    Role.TREASURER: {"CityCredit": ("mint", "redeem"), "Settlement": ("reconcile",)},
    Role.GUARDIAN: {
        "Participants": ("freeze",),
        "Consents": ("pause", "dismissRegistrar"),
        "Settlement": ("pause",),
    },
    Role.OMBUDSMAN: {"Consents": ("revokeByMandate",)},
    Role.CARRIER: {"Settlement": ("buyLicenceFor", "openOrderFor")},
}


@dataclass(frozen=True, slots=True)
class Profile:
    """The delays of a network, in seconds, and the bounds its contracts are made with."""

    name: str
    setback: int
    """How long an old, longer delay goes on after it was shortened."""
    execution_delay: dict[Role, int]
    grant_delay: int
    target_admin_delay: int
    journal_bound: int
    shortest_order: int
    longest_order: int


DAY = 86_400

DEVNET = Profile(
    name="devnet",
    setback=5,
    execution_delay={Role.ADMIN: 2},
    grant_delay=1,
    target_admin_delay=2,
    journal_bound=DAY,
    shortest_order=5,
    longest_order=7 * DAY,
)

PRODUCTION = Profile(
    name="production",
    setback=5 * DAY,
    execution_delay={Role.ADMIN: 5 * DAY, Role.OPERATOR: 3600, Role.TREASURER: 3600},
    grant_delay=5 * DAY,
    target_admin_delay=5 * DAY,
    journal_bound=4 * 3600,
    shortest_order=60,
    longest_order=7 * DAY,
)

PROFILES = {profile.name: profile for profile in (DEVNET, PRODUCTION)}
