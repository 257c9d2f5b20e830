"""The second operator. Some acts take two persons, so her key is hers: no process of the city holds it.

What she puts is in the outbox like everything else, and is signed, kept and sent by the command that she gives.
"""

from api.home import Home
from ledger.city import Contracts
from ledger.keys import KeyFileError, KeyStore
from ledger.node import Node
from ledger.outbox.sender import Sender
from marketplace.house import House

ROLE = "deputy"


def deputy_sender(home: Home, house: House, node: Node, keys: KeyStore | None = None) -> Sender:
    """Sends what the deputy put, with her key from `keys` or the folder that the city was founded with.

    Raises:
        KeyFileError: her key is not there, or cannot be opened.
    """
    store = keys or home.deputy_keys
    if not (store.folder / f"{ROLE}.json").exists():
        raise KeyFileError(
            f"There is no key of the deputy in {store.folder}. --keys names the folder that has it."
        )
    return Sender(
        house.database,
        node,
        {ROLE: store.existing(ROLE)},
        access=Contracts(house.city, node).access,
        finality=home.settings.finality,
    )
