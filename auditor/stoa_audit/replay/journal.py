"""Anchors of the access log."""

from stoa_audit.replay.following import require
from stoa_audit.world import Anchor, Happening, World


def anchored(world: World, event: Happening) -> None:
    size, root = event.values["size"], event.values["root"]
    require(not world.anchors or size > world.anchors[-1].size, f"the anchor of {size} entries does not grow")
    place = event.place
    world.anchors.append(Anchor(size, root, place.block, place.timestamp, place.index))
