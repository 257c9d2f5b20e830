"""Puts a city's contracts on a ledger and hands every power to the role that holds it.

The deployer ends with no power at all: its role is given up last, and `powers_of` reads everything back.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import rlp

from ledger.abi import selector_of
from ledger.artifacts import abi_type, artifact
from ledger.bindings import CityAccess, Consents, Journal
from ledger.city import City
from ledger.digests import keccak, text_digest
from ledger.keys import LocalSigner, checksum
from ledger.node import LedgerError, Node
from ledger.roles import POWERS, Profile, Role
from ledger.transactions import DirectSender

ORDER = (
    "CityAccess",
    "Participants",
    "Datasets",
    "UseCases",
    "Consents",
    "CityCredit",
    "Licences",
    "Journal",
    "Settlement",
)


class DeploymentError(LedgerError):
    """The contracts did not end up where, or as, they were predicted."""

    code = "deployment"


@dataclass(frozen=True)
class Officers:
    """The accounts behind the roles. Operators are several: some decisions take two persons."""

    city: str
    admin: str
    operators: tuple[str, ...]
    treasurer: str
    guardian: str
    settler: str
    ombudsman: str
    carriers: tuple[str, ...]

    @property
    def members(self) -> list[tuple[Role, str]]:
        return [
            (Role.ADMIN, self.admin),
            *((Role.OPERATOR, account) for account in self.operators),
            (Role.TREASURER, self.treasurer),
            (Role.GUARDIAN, self.guardian),
            (Role.OMBUDSMAN, self.ombudsman),
            *((Role.CARRIER, account) for account in self.carriers),
        ]


def deploy(
    node: Node,
    deployer: LocalSigner,
    *,
    name: str,
    officers: Officers,
    registrar: str,
    attestor: bytes,
    profile: Profile,
    progress: Callable[[str], None] = lambda step: None,
) -> City:
    """Deploy, wire and hand over. The deployer's account must be new.

    Raises:
        DeploymentError: the deployer has sent transactions before, or an address came out differently.
    """
    if node.nonce(deployer.address) != 0:
        raise DeploymentError("The deployer's account was used before. Deploy with a fresh key.")
    first_block = node.head().number + 1
    sender = DirectSender(node, deployer)
    addresses = {contract: created_address(deployer.address, n) for n, contract in enumerate(ORDER)}
    codes = creation_codes(addresses, deployer.address, officers, name, profile)
    for contract in ORDER:
        progress(contract)
        if sender.deploy(codes[contract]) != addresses[contract]:
            raise DeploymentError(f"{contract} was not created at its predicted address.")

    progress("powers")
    hand_over(sender, addresses, officers, profile, registrar=registrar, attestor=attestor)
    return City(
        name=name,
        chain_id=node.chain_id(),
        genesis=node.block(0).hash,
        first_block=first_block,
        profile=profile.name,
        addresses=addresses,
        code_hashes={contract: keccak(node.code(address)) for contract, address in addresses.items()},
        registrar=registrar,
        attestor=attestor,
    )


def creation_codes(
    at: Mapping[str, str], deployer: str, officers: Officers, name: str, profile: Profile
) -> dict[str, bytes]:
    access = at["CityAccess"]
    parts = (
        at["Participants"],
        at["Datasets"],
        at["UseCases"],
        at["Licences"],
        at["CityCredit"],
        at["Journal"],
        profile.shortest_order,
        profile.longest_order,
    )
    arguments: dict[str, tuple[object, ...]] = {
        "CityAccess": (deployer, profile.setback),
        "Participants": (access, at["UseCases"], officers.city, text_digest(name)),
        "Datasets": (access, at["Participants"]),
        "UseCases": (access, at["Participants"], at["Datasets"]),
        "Consents": (access, at["UseCases"]),
        "CityCredit": (access,),
        "Licences": (access, at["Settlement"]),
        "Journal": (access, profile.journal_bound),
        "Settlement": (access, parts),
    }
    return {contract: artifact(contract).creation_code(*arguments[contract]) for contract in ORDER}


def hand_over(
    sender: DirectSender,
    at: Mapping[str, str],
    officers: Officers,
    profile: Profile,
    *,
    registrar: str,
    attestor: bytes,
) -> None:
    access = CityAccess(at["CityAccess"])
    sender.send(Consents(at["Consents"]).set_registrar(registrar))
    sender.send(Journal(at["Journal"]).set_attestor(attestor, True))
    sender.send(Journal(at["Journal"]).set_settler(officers.settler, True))
    for role, targets in POWERS.items():
        for contract, functions in targets.items():
            selectors = [function_selector(contract, function) for function in functions]
            sender.send(access.set_target_function_role(at[contract], selectors, role))
    for role, account in officers.members:
        sender.send(access.grant_role(role, account, profile.execution_delay.get(role, 0)))
    for role in Role:
        if role is not Role.ADMIN:
            sender.send(access.set_role_guardian(role, Role.GUARDIAN))
            sender.send(access.set_grant_delay(role, profile.grant_delay))
    for contract in ORDER[1:]:
        sender.send(access.set_target_admin_delay(at[contract], profile.target_admin_delay))
    sender.send(access.renounce_role(Role.ADMIN, sender.address))


def created_address(creator: str, nonce: int) -> str:
    """Where the `nonce`-th transaction of `creator` creates a contract."""
    return checksum("0x" + keccak(rlp.encode([bytes.fromhex(creator[2:]), nonce]))[12:].hex())


def function_selector(contract: str, function: str) -> bytes:
    entries = [e for e in artifact(contract).abi if e["type"] == "function" and e["name"] == function]
    if len(entries) != 1:
        raise DeploymentError(f"{contract} has {len(entries)} functions named {function}.")
    return selector_of(signature_of(entries[0]))


def signature_of(entry: dict[str, Any]) -> str:
    return f"{entry['name']}({','.join(abi_type(parameter) for parameter in entry['inputs'])})"
