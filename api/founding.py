"""Opening a city: keys, contracts, the door, and the first record in the access log."""

import json
import secrets
from collections.abc import Callable

from api.home import OFFICERS, Home
from ledger.city import City
from ledger.deploy import Officers, deploy, function_selector
from ledger.keys import Ed25519Attestor, LocalSigner, write_private
from ledger.node import Node
from ledger.roles import PROFILES
from marketplace.catalogue import artefacts
from marketplace.house import House
from marketplace.provenance import access_log

OPEN_CALLS = {
    "Consents": ("revoke", "revokeBySignature", "revokeByCode", "revokeBatch"),
    "Settlement": ("refund", "withdraw", "withdrawShare"),
}
"""What anybody may send to the ledger, listed or not: taking a consent back and taking one's own money."""

Progress = Callable[[str], None]


def found(
    home: Home, node: Node, *, name: str, profile: str = "devnet", progress: Progress = lambda step: None
) -> City:
    """Deploy a city on `node` and keep everything it needs in `home`.

    Raises:
        DeploymentError, NodeUnreachableError
    """
    deployer = LocalSigner.fresh()
    keys = {role: home.keys.signer(role) for role in OFFICERS}
    deputy = home.deputy_keys.signer("deputy")
    registrar = home.registrar_keys.signer("registrar")
    listed = [
        deployer.address,
        *(keys[role].address for role in OFFICERS if role != "attestor"),
        deputy.address,
    ]
    write_door(home, listed, None)
    city = deploy(
        node,
        deployer,
        name=name,
        officers=officers(keys, deputy),
        registrar=registrar.address,
        attestor=Ed25519Attestor(keys["attestor"].secret).public_key,
        profile=PROFILES[profile],
        progress=progress,
    )
    write_door(home, listed[1:], city)
    if not home.registrar_token.exists():
        write_private(home.registrar_token, secrets.token_hex(32).encode())
    city.write(home.city_file)
    begin(home.house(), city)
    return city


def officers(keys: dict[str, LocalSigner], deputy: LocalSigner) -> Officers:
    return Officers(
        city=keys["city"].address,
        admin=keys["admin"].address,
        operators=(keys["operator"].address, deputy.address),
        treasurer=keys["treasurer"].address,
        guardian=keys["guardian"].address,
        settler=keys["settler"].address,
        ombudsman=keys["ombudsman"].address,
        carriers=(keys["relay"].address,),
    )


def begin(house: House, city: City) -> None:
    """The access log starts with the opening, so that there is something to anchor from the first block on."""
    with house.database.writing() as session:
        artefacts.keep_text(session, "name", city.name)
        access_log.record(session, who="role:operator", did="open-city", outcome="opened")
        access_log.anchor(session, house)
    house.close()


def write_door(home: Home, senders: list[str], city: City | None) -> None:
    """The devnet's permission file: who may send anything, and what everybody may send."""
    open_calls = [
        {
            "contract": city.addresses[contract],
            "selectors": ["0x" + function_selector(contract, function).hex() for function in functions],
        }
        for contract, functions in OPEN_CALLS.items()
        if city is not None
    ]
    home.devnet.mkdir(parents=True, exist_ok=True, mode=0o700)
    content = json.dumps({"senders": senders, "open_calls": open_calls}, indent=2)
    write_private(home.devnet / "door.json", content.encode())
