"""Organisations, roles, and the keys of machines."""

from stoa_audit.digests import NOBODY
from stoa_audit.replay.following import present, require
from stoa_audit.world import Happening, Participant, Status, TrustedKey, World


def joined(world: World, event: Happening) -> None:
    values = event.values
    number, account = values["id"], values["account"]
    require(number == len(world.participants) + 1, f"participant {number} is not the next one")
    require(account not in world.numbers, f"the account of participant {number} has joined before")
    world.participants[number] = Participant(
        number, account, values["class"], values["name"], event.place.block
    )
    world.numbers[account] = number


def admitted(world: World, event: Happening) -> None:
    number = event.values["id"]
    found = present(world.participants.get(number), f"participant {number} never joined")
    taken = any(one.name == found.name and one.status != Status.JOINED for one in world.participants.values())
    require(not taken, f"the name of participant {found.number} is taken")
    _move(world, event, Status.JOINED, Status.ACTIVE)


def frozen(world: World, event: Happening) -> None:
    _move(world, event, Status.ACTIVE, Status.FROZEN)
    world.reasons.append((event.values["reason"], f"freezing participant {event.values['id']}"))


def unfrozen(world: World, event: Happening) -> None:
    _move(world, event, Status.FROZEN, Status.ACTIVE)
    world.reasons.append((event.values["reason"], f"unfreezing participant {event.values['id']}"))


def _move(world: World, event: Happening, before: Status, after: Status) -> None:
    number = event.values["id"]
    found = present(world.participants.get(number), f"participant {number} never joined")
    require(found.status == before, f"participant {number} was not {before.name.lower()}")
    found.status = after


def role_granted(world: World, event: Happening) -> None:
    values = event.values
    world.roles[values["roleId"], values["account"]] = (values["delay"], values["since"])


def role_revoked(world: World, event: Happening) -> None:
    values = event.values
    require((values["roleId"], values["account"]) in world.roles, "a role was taken from nobody")
    del world.roles[values["roleId"], values["account"]]


def authority_updated(world: World, event: Happening) -> None:
    """Whoever is the authority of a contract decides who may do what: it is CityAccess, for ever."""
    other = event.values["authority"] != world.city.addresses["CityAccess"]
    require(not other, f"{event.contract} obeys {event.values['authority']} instead of CityAccess")


def function_role_set(world: World, event: Happening) -> None:
    values = event.values
    contract = world.city.contract_at(values["target"]) or values["target"]
    world.functions[contract, values["selector"]] = values["roleId"]


def registrar_set(world: World, event: Happening) -> None:
    for (kind, _), key in world.keys.items():
        if kind == "registrar" and key.trusted:
            _distrust(key, event.place.block)
    world.registrar = event.values["registrar"]
    if world.registrar != NOBODY:
        _trust(world, "registrar", world.registrar, event.place.block, trusted=True)


def settler_set(world: World, event: Happening) -> None:
    _trust(world, "settler", event.values["settler"], event.place.block, trusted=event.values["trusted"])


def attestor_set(world: World, event: Happening) -> None:
    key = "0x" + event.values["key"].hex()
    _trust(world, "attestor", key, event.place.block, trusted=event.values["trusted"])


def _trust(world: World, kind: str, key: str, block: int, *, trusted: bool) -> None:
    found = world.keys.setdefault((kind, key), TrustedKey(trusted=False, changed_in=block))
    found.changed_in = block
    if trusted and not found.trusted:
        found.spans.append((block, None))
        found.trusted = True
    elif not trusted and found.trusted:
        _distrust(found, block)


def _distrust(key: TrustedKey, block: int) -> None:
    key.spans[-1] = (key.spans[-1][0], block)
    key.trusted = False
