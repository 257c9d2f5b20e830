"""Consents and their ends."""

from stoa_audit.replay.following import require
from stoa_audit.world import Consent, Happening, Tombstone, World


def granted(world: World, event: Happening) -> None:
    id_ = event.values["id"]
    require(id_ not in world.consents, f"consent 0x{id_.hex()} was granted before")
    require(id_ not in world.tombstones, f"consent 0x{id_.hex()} was revoked before it arrived")
    made = Consent(id_, event.values, event.place.block, event.place.timestamp)
    world.consents[id_] = made
    world.consents_of.setdefault(made.use_case, []).append(made)


def revoked(world: World, event: Happening) -> None:
    values = event.values
    id_ = values["id"]
    found = world.consents.get(id_)
    if found is None:
        require(id_ not in world.tombstones, f"consent 0x{id_.hex()} was revoked twice")
        world.tombstones[id_] = Tombstone(values["useCase"], event.place.block, values["how"])
        return
    require(found.revoked_in is None, f"consent 0x{id_.hex()} was revoked twice")
    require(found.use_case == values["useCase"], f"consent 0x{id_.hex()} was revoked for another use case")
    found.revoked_in = event.place.block
    found.revoked_at = event.place.timestamp
    found.how = values["how"]


def refused(world: World, event: Happening) -> None:
    place = event.place
    world.refused.append((place.block, place.index, event.values["id"], event.values["why"]))


def paused(world: World, event: Happening) -> None:
    world.grants_paused = event.values["paused"]
